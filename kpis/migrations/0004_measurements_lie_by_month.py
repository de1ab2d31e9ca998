from django.db import migrations, models

COLUMNS = """
  at timestamptz not null, value double precision not null, weight double precision not null,
  batch_id bigint not null, series_id integer not null, event_id varchar(200) not null,{replaced}
  constraint measurement_value_is_finite check (value between -1.7976931348623157e308 and 1.7976931348623157e308),
  constraint measurement_weight_is_finite_and_not_negative check (weight between 0 and 1.7976931348623157e308),
  constraint kpis_measurement_pkey primary key (series_id, at, event_id)
"""
ASIDE = """
alter table kpis_measurement rename to kpis_measurement_before;
alter table kpis_measurement_before rename constraint kpis_measurement_pkey to kpis_measurement_before_pkey;
"""
OVER = """
insert into kpis_measurement (at, value, weight, batch_id, series_id, event_id)
select at, value, weight, batch_id, series_id, event_id from kpis_measurement_before;
drop table kpis_measurement_before;
"""
# As kpis/measurements/partitions.py goes on: a table for each month from 2015 on, and one for all that is older.
BY_MONTH = f"""
{ASIDE}
create table kpis_measurement ({COLUMNS.format(replaced=" replaced boolean not null default false,")}) partition by range (at);
create table kpis_measurement_before_2015 (like kpis_measurement including all);
alter table kpis_measurement attach partition kpis_measurement_before_2015
  for values from (minvalue) to ('2015-01-01 00:00+00');
do $$
declare
  month timestamp;
  part text;
begin
  for month in
    select distinct m from (
      select generate_series(date_trunc('month', now() at time zone 'UTC') - interval '24 months',
                             date_trunc('month', now() at time zone 'UTC') + interval '12 months', '1 month')
      union all
      select distinct date_trunc('month', at at time zone 'UTC') from kpis_measurement_before
    ) wanted (m) where m >= timestamp '2015-01-01' order by m
  loop
    part := 'kpis_measurement_' || to_char(month, 'YYYY_MM');
    execute format('create table %I (like kpis_measurement including all)', part);
    execute format('alter table kpis_measurement attach partition %I for values from (%L) to (%L)',
                   part, to_char(month, 'YYYY-MM-DD 00:00+00'), to_char(month + interval '1 month', 'YYYY-MM-DD 00:00+00'));
  end loop;
end $$;
{OVER}
"""
IN_ONE = f"""
{ASIDE}
create table kpis_measurement ({COLUMNS.format(replaced="")});
{OVER}
"""


class Migration(migrations.Migration):
    dependencies = [("kpis", "0003_identical_batches_are_known_again")]

    operations = [
        migrations.RunSQL(
            BY_MONTH,
            IN_ONE,
            # An upsert into a table of parts cannot say by xmax which rows it found, so the row says it.
            state_operations=[
                migrations.AddField("measurement", "replaced", models.BooleanField(db_default=False, default=False)),
            ],
        )
    ]

from django.db import migrations

# Until now all that was claimed counted. An adjustment holds what its interval was worth from then on: the sum of its
# rows up to it. Frozen rows are completed here, not changed.
CLAIMS = """
alter table kpis_ledgerentry disable trigger booked_entry_is_frozen;
update kpis_ledgerentry e set claimed = worth.amount, counted = worth.amount
  from (select id, sum(amount) over (partition by driver_id, interval_start, interval_end, status = 'open'
                                     order by id) as amount
          from kpis_ledgerentry) as worth
 where worth.id = e.id;
alter table kpis_ledgerentry enable trigger booked_entry_is_frozen;
"""
NO_CLAIMS = """
alter table kpis_ledgerentry disable trigger booked_entry_is_frozen;
update kpis_ledgerentry set claimed = null, counted = null;
alter table kpis_ledgerentry enable trigger booked_entry_is_frozen;
"""

POOLS = """
insert into kpis_pool (is_sample, slug, name, unit, currency, rule)
select distinct on (i.is_sample, lower(regexp_replace(btrim(d.pool_name), '\\s+', ' ', 'g')))
       i.is_sample, regexp_replace(btrim(d.pool_name), '\\s+', ' ', 'g'),
       regexp_replace(btrim(d.pool_name), '\\s+', ' ', 'g'),
       case when k.unit = any(array['ns', 'us', 'ms', 's', 'min', 'h', 'd', 'wk', 'mo', 'a']) then 'hours'
            else 'money' end,
       case when k.unit = any(array['ns', 'us', 'ms', 's', 'min', 'h', 'd', 'wk', 'mo', 'a']) then ''
            else i.currency end,
       'best_evidence'
  from kpis_valuedriver d join kpis_initiative i on i.id = d.initiative_id join kpis_kpi k on k.id = d.kpi_id
 where btrim(d.pool_name) <> ''
 order by i.is_sample, lower(regexp_replace(btrim(d.pool_name), '\\s+', ' ', 'g')), d.id;
update kpis_valuedriver d set pool_id = p.id
  from kpis_initiative i, kpis_pool p
 where i.id = d.initiative_id and p.is_sample = i.is_sample
   and lower(p.slug) = lower(regexp_replace(btrim(d.pool_name), '\\s+', ' ', 'g'));
update kpis_kpistate s set version = s.version + 1
 where exists (select from kpis_valuedriver d where d.kpi_id = s.kpi_id and d.pool_id is not null);
"""
NO_POOLS = """
update kpis_valuedriver d set pool_name = p.slug from kpis_pool p where p.id = d.pool_id;
update kpis_valuedriver set pool_id = null;
delete from kpis_pool;
"""


class Migration(migrations.Migration):
    dependencies = [("kpis", "0021_pools_are_claimed")]

    operations = [migrations.RunSQL(CLAIMS, NO_CLAIMS), migrations.RunSQL(POOLS, NO_POOLS)]

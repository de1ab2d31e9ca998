import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


FOLLOW = """
create or replace function series_takes_its_rows_along() returns trigger language plpgsql as $$
begin
  delete from kpis_measurement m using gone where m.series_id = gone.id;
  delete from kpis_arrival a using gone where a.series_id = gone.id;
  delete from kpis_seriesrewrite r using gone where r.series_id = gone.id;
  return null;
end $$;
"""
AS_BEFORE = """
create or replace function series_takes_its_rows_along() returns trigger language plpgsql as $$
begin
  delete from kpis_measurement m using gone where m.series_id = gone.id;
  delete from kpis_arrival a using gone where a.series_id = gone.id;
  return null;
end $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kpis', '0002_what_must_not_change_is_guarded'),
    ]

    operations = [
        migrations.CreateModel(
            name='BatchDigest',
            fields=[
                ('digest', models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True)),
                ('received', models.PositiveIntegerField()),
                ('points', models.PositiveIntegerField()),
                ('series_ids', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('kpi_keys', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=161), size=None)),
                ('stamp', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='SeriesRewrite',
            fields=[
                ('series', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='kpis.series')),
                ('stamp', models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(FOLLOW, AS_BEFORE),
    ]

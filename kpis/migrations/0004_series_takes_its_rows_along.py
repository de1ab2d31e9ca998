import django.db.models.deletion
from django.db import migrations, models

# A foreign key would be checked for each of a million rows. The writer locks the series instead (FOR KEY SHARE), and
# a series that is deleted takes its rows along here, also those that were written while the deletion waited. Django
# does not delete them before: with rows and series locked in the other order, deletion and writer would deadlock.
FOLLOW = """
create function series_takes_its_rows_along() returns trigger language plpgsql as $$
begin
  delete from kpis_measurement m using gone where m.series_id = gone.id;
  delete from kpis_arrival a using gone where a.series_id = gone.id;
  return null;
end $$;
create trigger series_takes_its_rows_along after delete on kpis_series referencing old table as gone
  for each statement execute function series_takes_its_rows_along();
"""
STAY = "drop trigger series_takes_its_rows_along on kpis_series; drop function series_takes_its_rows_along();"


def series_without_constraint():
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="kpis.series",
    )


class Migration(migrations.Migration):
    dependencies = [("kpis", "0003_a_persons_sight_may_be_limited")]

    operations = [
        migrations.AlterField("arrival", "series", series_without_constraint()),
        migrations.AlterField("measurement", "series", series_without_constraint()),
        migrations.RunSQL(FOLLOW, STAY),
    ]

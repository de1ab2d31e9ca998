from django.db import migrations

FREEZE_BASELINE = """
create function baseline_is_frozen() returns trigger language plpgsql as $$
begin
  -- A person may leave: their row goes, the baseline stays as it was approved.
  if old.approved_at is not null and
     to_jsonb(old) - 'author_id' - 'approved_by_id' is distinct from to_jsonb(new) - 'author_id' - 'approved_by_id' then
    raise exception 'An approved baseline never changes; write a new version.' using errcode = 'check_violation',
      constraint = 'baseline_is_frozen';
  end if;
  return new;
end $$;
create trigger baseline_is_frozen before update on kpis_baseline for each row execute function baseline_is_frozen();
"""
THAW_BASELINE = "drop trigger baseline_is_frozen on kpis_baseline; drop function baseline_is_frozen();"

APPEND_ONLY_AUDIT = """
create function audit_takes_inserts_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit trail takes inserts only.' using errcode = 'check_violation',
    constraint = 'audit_takes_inserts_only';
end $$;
create trigger audit_takes_inserts_only before update or delete on kpis_auditevent
  for each statement execute function audit_takes_inserts_only();
"""
LOOSE_AUDIT = "drop trigger audit_takes_inserts_only on kpis_auditevent; drop function audit_takes_inserts_only();"


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


class Migration(migrations.Migration):
    dependencies = [("kpis", "0001_the_first_tables")]

    operations = [
        migrations.RunSQL(FREEZE_BASELINE, THAW_BASELINE),
        migrations.RunSQL(APPEND_ONLY_AUDIT, LOOSE_AUDIT),
        migrations.RunSQL(FOLLOW, STAY),
    ]

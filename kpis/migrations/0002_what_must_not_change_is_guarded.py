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


class Migration(migrations.Migration):
    dependencies = [("kpis", "0001_the_first_tables")]

    operations = [
        migrations.RunSQL(FREEZE_BASELINE, THAW_BASELINE),
        migrations.RunSQL(APPEND_ONLY_AUDIT, LOOSE_AUDIT),
    ]

from django.db import migrations

# The portal's verbs refuse all of this in words before; these hold for every other way to the tables too. Removal is
# looked at when the transaction ends: with its initiative a case may go, and nothing else may take a part of it.
FREEZE = """
create function business_case_is_frozen() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    -- A person may leave: their row goes, the case stays as it was approved.
    if old.approved_at is null or
       to_jsonb(old) - 'author_id' - 'approved_by_id' is not distinct from
       to_jsonb(new) - 'author_id' - 'approved_by_id' then
      return new;
    end if;
  elsif old.approved_at is null or not exists (select from kpis_initiative where id = old.initiative_id) then
    return old;
  end if;
  raise exception 'An approved business case never changes; write a new version.' using errcode = 'check_violation',
    constraint = 'business_case_is_frozen';
end $$;
create trigger business_case_is_frozen before update on kpis_businesscase
  for each row execute function business_case_is_frozen();
create constraint trigger business_case_stays after delete on kpis_businesscase deferrable initially deferred
  for each row execute function business_case_is_frozen();

create function planned_row_is_frozen() returns trigger language plpgsql as $$
declare
  frozen boolean;
begin
  select approved_at is not null into frozen from kpis_businesscase
   where id = case when tg_op = 'DELETE' then old.business_case_id else new.business_case_id end;
  -- The driver that was to bring it may go: what was planned stays.
  if not coalesce(frozen, false)
     or tg_op = 'UPDATE' and to_jsonb(old) - 'driver_id' = to_jsonb(new) - 'driver_id'
        and to_jsonb(new) ->> 'driver_id' is null then
    return case when tg_op = 'DELETE' then old else new end;
  end if;
  raise exception 'An approved business case never changes; write a new version.' using errcode = 'check_violation',
    constraint = 'business_case_is_frozen';
end $$;
create trigger planned_row_is_frozen before insert or update on kpis_plannedbenefit
  for each row execute function planned_row_is_frozen();
create trigger planned_row_is_frozen before insert or update on kpis_plannedcost
  for each row execute function planned_row_is_frozen();
create constraint trigger planned_row_stays after delete on kpis_plannedbenefit deferrable initially deferred
  for each row execute function planned_row_is_frozen();
create constraint trigger planned_row_stays after delete on kpis_plannedcost deferrable initially deferred
  for each row execute function planned_row_is_frozen();
"""
THAW = """
drop trigger planned_row_stays on kpis_plannedcost;
drop trigger planned_row_stays on kpis_plannedbenefit;
drop trigger planned_row_is_frozen on kpis_plannedcost;
drop trigger planned_row_is_frozen on kpis_plannedbenefit;
drop function planned_row_is_frozen();
drop trigger business_case_stays on kpis_businesscase;
drop trigger business_case_is_frozen on kpis_businesscase;
drop function business_case_is_frozen();
"""
TABLES = ("businesscase", "plannedbenefit", "plannedcost")
STAMP = "".join(
    f"create trigger stamp_change after insert or delete or update on kpis_{table} "
    "for each statement execute function kpis_stamp_change();\n"
    for table in TABLES
)
NO_STAMP = "".join(f"drop trigger stamp_change on kpis_{table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("kpis", "0025_business_cases")]

    operations = [
        migrations.RunSQL(FREEZE, THAW),
        migrations.RunSQL(STAMP, NO_STAMP),
    ]

from django.db import migrations

# The portal's verbs refuse all of this in words before; these hold for every other way to the tables too. The sample
# company's rows may go, when it is removed.

FREEZE_ENTRIES = """
create function booked_entry_is_frozen() returns trigger language plpgsql as $$
declare
  closed_until timestamptz;
begin
  if tg_op <> 'INSERT' and old.status <> 'open' then
    if tg_op = 'DELETE' and exists (select from kpis_initiative where id = old.initiative_id and is_sample) then
      return old;
    end if;
    raise exception 'A closed entry and an adjustment stay as they are.' using errcode = 'check_violation',
      constraint = 'booked_entry_is_frozen';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  select max(p.ends_at) into closed_until
    from kpis_period p join kpis_initiative i on i.is_sample = p.is_sample where i.id = new.initiative_id;
  if new.status = 'open' and new.interval_end <= closed_until then
    raise exception 'A closed period takes adjustments only.' using errcode = 'check_violation',
      constraint = 'closed_period_takes_adjustments_only';
  end if;
  if new.status = 'closed' and (tg_op = 'INSERT' or closed_until is null or new.interval_end > closed_until
                                or to_jsonb(old) - 'status' is distinct from to_jsonb(new) - 'status') then
    raise exception 'An entry is closed as it stands, with its period.' using errcode = 'check_violation',
      constraint = 'entry_is_closed_with_its_period';
  end if;
  if new.status = 'adjustment' and (tg_op = 'UPDATE' or closed_until is null or new.interval_end > closed_until
                                    or new.computed_at < closed_until) then
    raise exception 'An adjustment is booked in an open period for a closed one.' using errcode = 'check_violation',
      constraint = 'adjustment_is_of_a_closed_period';
  end if;
  return new;
end $$;
create trigger booked_entry_is_frozen before insert or update or delete on kpis_ledgerentry
  for each row execute function booked_entry_is_frozen();
"""
THAW_ENTRIES = "drop trigger booked_entry_is_frozen on kpis_ledgerentry; drop function booked_entry_is_frozen();"

FREEZE_PERIODS = """
create function closed_period_is_frozen() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.is_sample and not exists (select from kpis_initiative where is_sample) then
      return old;
    end if;
  elsif tg_op = 'UPDATE' then
    -- A person may leave: the period stays as it was closed.
    if to_jsonb(old) - 'closed_by_id' = to_jsonb(new) - 'closed_by_id' and new.closed_by_id is null then
      return new;
    end if;
  elsif not exists (select from kpis_period where is_sample = new.is_sample) or exists (
      select from kpis_period where is_sample = new.is_sample and ends_at = new.starts_at and last = new.first - 1) then
    return new;
  else
    raise exception 'Periods are closed one after the other.' using errcode = 'check_violation',
      constraint = 'periods_follow_each_other';
  end if;
  raise exception 'A closed period stays closed.' using errcode = 'check_violation',
    constraint = 'closed_period_is_frozen';
end $$;
create trigger closed_period_is_frozen before insert or update or delete on kpis_period
  for each row execute function closed_period_is_frozen();
"""
THAW_PERIODS = "drop trigger closed_period_is_frozen on kpis_period; drop function closed_period_is_frozen();"

# What a cost comes to in closed periods: its payments up to the last closed day. It may end later, or go on.
FREEZE_COSTS = """
create function cost_of_closed_period_is_frozen() returns trigger language plpgsql as $$
declare
  closed_on date;
  sample boolean;
  was boolean := false;
  becomes boolean := false;
begin
  select i.is_sample, (select max(p.last) from kpis_period p where p.is_sample = i.is_sample) into sample, closed_on
    from kpis_initiative i where i.id = case when tg_op = 'DELETE' then old.initiative_id else new.initiative_id end;
  if tg_op <> 'INSERT' then
    was := coalesce(old.kind = 'actual' and old."on" <= closed_on, false);
  end if;
  if tg_op = 'DELETE' then
    if sample or not was then
      return old;
    end if;
  else
    becomes := coalesce(new.kind = 'actual' and new."on" <= closed_on, false);
    if not was and not becomes then
      return new;
    end if;
    if was and becomes
       and to_jsonb(old) - 'until' - 'settlement' = to_jsonb(new) - 'until' - 'settlement'
       and (old.until is not distinct from new.until
            or coalesce(old.until, 'infinity') >= closed_on and coalesce(new.until, 'infinity') >= closed_on) then
      return new;
    end if;
  end if;
  raise exception 'Costs of a closed period stay as they are; book the difference in the open one.'
    using errcode = 'check_violation', constraint = 'cost_of_closed_period_is_frozen';
end $$;
create trigger cost_of_closed_period_is_frozen before insert or update or delete on kpis_costentry
  for each row execute function cost_of_closed_period_is_frozen();
"""
THAW_COSTS = (
    "drop trigger cost_of_closed_period_is_frozen on kpis_costentry; drop function cost_of_closed_period_is_frozen();"
)

# Rows of the sample may go, so whether it is one stays once something of it is closed.
KEEP_BOOKS = """
create function initiative_keeps_its_books() returns trigger language plpgsql as $$
begin
  if old.is_sample <> new.is_sample
     and exists (select from kpis_ledgerentry where initiative_id = old.id and status <> 'open') then
    raise exception 'An initiative with closed entries stays in its books.' using errcode = 'check_violation',
      constraint = 'initiative_keeps_its_books';
  end if;
  return new;
end $$;
create trigger initiative_keeps_its_books before update of is_sample on kpis_initiative
  for each row execute function initiative_keeps_its_books();
"""
MIX_BOOKS = "drop trigger initiative_keeps_its_books on kpis_initiative; drop function initiative_keeps_its_books();"

STAMP = """
create trigger stamp_change after insert or delete or update on kpis_period
  for each statement execute function kpis_stamp_change();
"""
NO_STAMP = "drop trigger stamp_change on kpis_period;"


class Migration(migrations.Migration):
    dependencies = [("kpis", "0012_periods_are_closed")]

    operations = [
        migrations.RunSQL(FREEZE_ENTRIES, THAW_ENTRIES),
        migrations.RunSQL(FREEZE_PERIODS, THAW_PERIODS),
        migrations.RunSQL(FREEZE_COSTS, THAW_COSTS),
        migrations.RunSQL(KEEP_BOOKS, MIX_BOOKS),
        migrations.RunSQL(STAMP, NO_STAMP),
    ]

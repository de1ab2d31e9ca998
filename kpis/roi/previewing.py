"""What a change of an assumption would do, before it is made: by the same engine on the rows at hand.

Nothing is stored. Entries and adjustments come from `posting`, figures from `statement`, so that what is announced is
what happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from kpis.access import rights
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import assuming, posting
from kpis.ledger.assuming import Plan, Wanted
from kpis.ledger.columns import columns_from
from kpis.ledger.models import Assumption, LedgerEntry, ValueDriver
from kpis.ledger.posting import Due
from kpis.ledger.versions import ROLES
from kpis.roi.flows import Flows, booked_of, flows_from
from kpis.roi.portfolio import portfolio_of
from kpis.roi.statement import Statement, statement_of

A_MOMENT = timedelta(microseconds=1)
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class MonthMoved:
    """By how much the intervals that ended in a local month would differ, in the initiative's currency.

    Of a closed month the entries stay: `amount` would be booked as that many adjustments, as of now.
    """

    first: date
    is_closed: bool
    intervals: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """One initiative before and after, and the months in which it would differ, oldest first."""

    initiative: Initiative
    before: Statement
    after: Statement
    months: tuple[MonthMoved, ...]

    @property
    def net(self) -> Decimal:
        return self.after.net - self.before.net


@dataclass(frozen=True, slots=True)
class Preview:
    """`before`, `after`: the portfolio that the asker sees, in the reporting currency. `stamp`: to be given back."""

    assumption: Assumption
    plan: Plan
    stamp: str
    moved: tuple[Moved, ...]
    before: Statement
    after: Statement

    def _of(self, *, is_closed: bool) -> list[MonthMoved]:
        return [month for moved in self.moved for month in moved.months if month.is_closed == is_closed]

    @property
    def open_intervals(self) -> int:
        return sum(month.intervals for month in self._of(is_closed=False))

    @property
    def adjustments(self) -> int:
        return sum(month.intervals for month in self._of(is_closed=True))


def preview(assumption: Assumption, wanted: Wanted, *, by: rights.Actor, at: datetime) -> Preview:
    """Refuses (ChangeRefused) what `assuming.plan_of` refuses."""
    stamp, plan = assuming.stamp_of(assumption, wanted), assuming.plan_of(assumption, wanted, by=by, at=at)  # type: ignore[arg-type]
    initiatives = list(initiatives_seen_by(by))
    booked = booked_of(initiatives, as_of=at)
    before = flows_from(initiatives, booked, as_of=at)
    planned = assuming.as_planned(assumption, plan)
    entries, months = dict(booked.entries), {}
    drivers = [_with(driver, planned) for driver in booked.drivers]
    for driver, due in posting.due_of(_posted(drivers, planned), now=at):
        months[driver.pk] = _months(driver, due)
        if rows := _rows(driver, due):
            entries[driver.pk] = columns_from(rows)
        else:
            entries.pop(driver.pk, None)
    after = flows_from(initiatives, replace(booked, drivers=drivers, entries=entries), as_of=at)
    return Preview(
        assumption=assumption,
        plan=plan,
        stamp=stamp,
        moved=tuple(_moved(drivers, months, before, after, at)),
        before=portfolio_of(before, as_of=at).totals,
        after=portfolio_of(after, as_of=at).totals,
    )


def _with(driver: ValueDriver, planned: Assumption) -> ValueDriver:
    """The driver as it would be priced; itself, where it does not rest on the assumption."""
    roles = [role for role in ROLES if getattr(driver, f"{role}_id") == planned.pk]
    if not roles:
        return driver
    copy = ValueDriver.objects.select_related(
        "initiative", "kpi__initiative", "volume_kpi", "unit_value", "realisation", "attribution", "pool"
    ).get(pk=driver.pk)
    for role in roles:
        setattr(copy, role, planned)
    return copy


def _posted(drivers: Iterable[ValueDriver], planned: Assumption) -> list[ValueDriver]:
    return [driver for driver in drivers if any(getattr(driver, role) is planned for role in ROLES)]


def _rows(driver: ValueDriver, due: Due) -> list[LedgerEntry]:
    """All rows that the driver would have, in order of their intervals, adjustments after what they correct."""
    booked = driver.entries.exclude(status=LedgerEntry.Status.OPEN).order_by("interval_start", "pk")
    return sorted([*booked, *due.adjustments, *due.open], key=lambda row: row.interval_start)


def _months(driver: ValueDriver, due: Due) -> dict[tuple[date, bool], list[Decimal]]:
    """By month and whether it is closed, the difference of each interval that would differ."""
    calendar = organisation.calendar()
    found: dict[tuple[date, bool], list[Decimal]] = {}
    standing = {row.interval_start: row for row in driver.entries.filter(status=LedgerEntry.Status.OPEN)}
    wanted = {row.interval_start: row for row in due.open}
    differences: list[tuple[LedgerEntry, bool, Decimal]] = [(row, True, row.amount) for row in due.adjustments]
    for start in sorted(standing.keys() | wanted.keys()):
        amounts = [pair[start].amount if start in pair else NOTHING for pair in (wanted, standing)]
        differences.append((wanted.get(start) or standing[start], False, amounts[0] - amounts[1]))
    for row, is_closed, difference in differences:
        if difference:
            first = calendar.local_date(row.interval_end - A_MOMENT).replace(day=1)
            found.setdefault((first, is_closed), []).append(difference)
    return found


def _moved(
    drivers: Sequence[ValueDriver],
    months: dict[int, dict[tuple[date, bool], list[Decimal]]],
    before: Sequence[Flows],
    after: Sequence[Flows],
    at: datetime,
) -> Iterable[Moved]:
    concerned = {driver.initiative_id for driver in drivers if driver.pk in months}
    for was, becomes in zip(before, after, strict=True):
        if was.initiative.pk not in concerned:
            continue
        found: dict[tuple[date, bool], list[Decimal]] = {}
        for driver in drivers:
            if driver.initiative_id == was.initiative.pk:
                for month, differences in months.get(driver.pk, {}).items():
                    found.setdefault(month, []).extend(differences)
        told = [MonthMoved(*month, len(found[month]), sum(found[month], NOTHING)) for month in sorted(found)]
        yield Moved(was.initiative, _statement(was, at), _statement(becomes, at), tuple(told))


def _statement(flows: Flows, at: datetime) -> Statement:
    return statement_of(
        [flows], initiative=flows.initiative, currency=flows.currency, as_of=at, calendar=organisation.calendar()
    )

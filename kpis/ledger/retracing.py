"""What is learned about a closed interval of a follow-up KPI: the difference to all that was traced in it, dated now.

As `adjusting` for entries: the rows of an interval add up to what the data say, to the cent, at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.ledger import periods
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver

Cause = Trace.Cause
Span = tuple[datetime, datetime]
Place = tuple[int, Span]  # driver id, interval
NOTHING = Decimal("0.00")
PRICED_BY = ("unit_factor", "unit_value")
COPIED = (
    "initiative_id", "driver_id", "kpi_id", "baseline_id", "basis", "intervals_before", "interval_start",
    "interval_end", "direction", "counterfactual", "actual", "taken", *PRICED_BY, "booked", "currency", "measurements",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traced:
    """All rows of one interval of a driver in a closed period: the first, the newest, and their sum."""

    first: Trace
    newest: Trace
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TraceBooks:
    """Where the books of one follow-up KPI stand.

    until : what ended by then is closed; None: nothing is. kept : intervals that began before stay as booked, because
    the follow-up was measured otherwise then. begins : by driver id when its version began that has a date.
    """

    follow_up: Kpi
    drivers: tuple[ValueDriver, ...]
    until: datetime | None
    kept: datetime | None
    booked: Mapping[Place, Traced]
    begins: Mapping[int, datetime]

    def is_closed(self, end: datetime) -> bool:
        return self.until is not None and end <= self.until

    def is_kept(self, start: datetime) -> bool:
        return self.kept is not None and start < self.kept

    def is_before_its_version(self, driver: ValueDriver, span: Span) -> bool:
        """A closed interval from before a driver's dated version keeps its follow-up KPI, or that it had none."""
        began = driver.pk in self.begins and self.is_closed(span[1]) and span[1] <= self.begins[driver.pk]
        return began and (not self.is_followed(driver) or (driver.pk, span) not in self.booked)

    def is_followed(self, driver: ValueDriver) -> bool:
        """Whether it is this driver's follow-up now; never its own KPI or one of another initiative."""
        is_own = driver.initiative_id == self.follow_up.initiative_id and driver.kpi_id != self.follow_up.pk
        return is_own and driver.captured_by_id == self.follow_up.pk

    def counts(self, driver: ValueDriver, span: Span) -> bool:
        """Whether the driver takes its part of what the follow-up shows in an interval."""
        if self.is_before_its_version(driver, span):
            return (driver.pk, span) in self.booked
        return self.is_followed(driver)


def books_of(follow_up: Kpi, drivers: Collection[ValueDriver]) -> TraceBooks:
    """As they stand in the database now. `drivers` in the order in which they take their part."""
    is_sample = follow_up.initiative.is_sample
    until = periods.closed_until(is_sample=is_sample)
    if until is None:
        return TraceBooks(follow_up, tuple(drivers), None, None, {}, {})
    rows = Trace.objects.filter(kpi=follow_up).exclude(status=LedgerEntry.Status.OPEN).order_by("pk")
    calendar = organisation.calendar()
    begins = {d.pk: calendar.local_midnight(d.valid_from) for d in drivers if d.valid_from is not None}
    kept = periods.measured_otherwise_until([follow_up.pk], is_sample=is_sample)
    return TraceBooks(follow_up, tuple(drivers), until, kept, traced_by_interval(rows), begins)


def traced_by_interval(rows: Iterable[Trace]) -> dict[Place, Traced]:
    """`rows` closed traces and adjustments of one follow-up KPI, oldest first."""
    found: dict[Place, Traced] = {}
    for row in rows:
        place = (row.driver_id, (row.interval_start, row.interval_end))
        before = found.get(place)
        found[place] = Traced(before.first, row, before.amount + row.amount) if before else Traced(row, row, row.amount)
    return found


def adjustments_of(wanted: Iterable[Trace], books: TraceBooks, *, now: datetime) -> list[Trace]:
    """The adjustments that are due, not stored. `wanted`: what the intervals show now, open ones too."""
    drivers = {driver.pk: driver for driver in books.drivers}
    due = {(r.driver_id, (r.interval_start, r.interval_end)): r for r in wanted if books.is_closed(r.interval_end)}
    found = []
    for place in sorted(books.booked.keys() | due.keys(), key=lambda each: (each[1], each[0])):
        driver, span = drivers[place[0]], place[1]
        if books.is_kept(span[0]) or books.is_before_its_version(driver, span):
            continue
        booked, row = books.booked.get(place), due.get(place)
        difference = (row.amount if row else NOTHING) - (booked.amount if booked else NOTHING)
        if difference:
            found.append(_adjustment(row, booked, difference, _causes(driver, row, booked, books), now=now))
    return found


def _adjustment(
    row: Trace | None, booked: Traced | None, amount: Decimal, causes: list[str], *, now: datetime
) -> Trace:
    """Facts and price come to all that was traced in the interval; the amount is what was missing."""
    truth = row or booked.newest  # type: ignore[union-attr]
    found = Trace(**{name: getattr(truth, name) for name in COPIED})
    if row is None:
        found.booked, found.measurements = NOTHING, 0
    found.amount, found.status, found.computed_at = amount, LedgerEntry.Status.ADJUSTMENT, now
    found.corrects, found.causes = booked.first if booked else None, causes
    return found


def _causes(driver: ValueDriver, row: Trace | None, booked: Traced | None, books: TraceBooks) -> list[str]:
    """Why an interval shows something else than what was traced in it; more than one thing may have changed."""
    if not books.is_followed(driver):
        return [str(Cause.DRIVER)]
    if booked is None or row is None:
        has_traced = any(driver_id == driver.pk for driver_id, _span in books.booked)
        return [str(Cause.LATE_DATA if booked is None and has_traced else _cause_without(booked))]
    was = booked.newest
    found = []
    if row.measurements > was.measurements:
        found.append(Cause.LATE_DATA)
    elif row.actual != was.actual:
        found.append(Cause.CORRECTED_DATA)
    if row.booked != was.booked:
        found.append(Cause.SAVING)
    if any(getattr(row, name) != getattr(was, name) for name in PRICED_BY):
        found.append(Cause.ASSUMPTION)
    if (row.baseline_id, row.counterfactual) != (was.baseline_id, was.counterfactual):
        found.append(Cause.BASELINE)
    if row.taken != was.taken:
        found.append(Cause.SHARED)
    return [str(cause) for cause in found] or [str(Cause.CORRECTED_DATA)]


def _cause_without(booked: Traced | None) -> Cause:
    """Nothing was ever traced for the driver before its follow-up came, or nothing is known of the interval now."""
    return Cause.DRIVER if booked is None else Cause.CORRECTED_DATA

"""What is learned about a closed period: the difference to all that is booked for an interval, as a dated adjustment.

    adjustment = what counts by the data now − Σ (closed entry and earlier adjustments of the interval)

It is booked at the moment at which the difference is found, which lies in an open period, and points at what it
corrects. So the sum of an interval's rows is at any time what the data say, to the cent, in whatever order points,
corrections, closing and changed assumptions came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from kpis.definitions import organisation
from kpis.evaluation.models import Effect
from kpis.ledger import periods
from kpis.ledger.models import LedgerEntry, ValueDriver

Cause = LedgerEntry.Cause
Span = tuple[datetime, datetime]
NOTHING = Decimal("0.00")
PRICED_BY = ("unit_factor", "unit_value", "realisation", "attribution")
COPIED = (
    "initiative_id", "driver_id", "kpi_id", "baseline_id", "interval_start", "interval_end", "counterfactual", "actual",
    "volume", *PRICED_BY, "claimed", "counted", "currency", "benefit_type", "is_freed_time", "method", "evidence_grade",
    "measurements",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booked:
    """All rows of one interval of a driver in a closed period: the first, the newest, and their sum."""

    first: LedgerEntry
    newest: LedgerEntry
    amount: Decimal

    @property
    def is_frozen(self) -> bool:
        """Whether there was an entry when the period was closed."""
        return self.first.status == LedgerEntry.Status.CLOSED

    @property
    def counted(self) -> LedgerEntry:
        """The newest row, unless it only says that the interval does not count any more."""
        return self.newest if self.newest.measurements else self.first


@dataclass(frozen=True, slots=True)
class Books:
    """Where one driver's books stand: what is closed, and what of it can still be corrected.

    kpi_id : which KPI the driver rests on now. until : what ended by then is closed; None: nothing is.
    kept : intervals that began before stay as booked.
    earlier : intervals booked before the driver's `valid_from`, with the row whose terms they keep: a version with a
    date counts from then on, never backwards into a closed period.
    """

    kpi_id: int
    until: datetime | None
    kept: datetime | None
    booked: Mapping[Span, Booked]
    earlier: Mapping[Span, LedgerEntry] = field(default_factory=dict)

    def is_closed(self, entry: LedgerEntry) -> bool:
        return self.until is not None and entry.interval_end <= self.until

    def is_kept(self, entry: LedgerEntry) -> bool:
        if self.kept is not None and entry.interval_start < self.kept:
            return True
        was = self.earlier.get((entry.interval_start, entry.interval_end))
        return was is not None and was.kpi_id != self.kpi_id


def books_of(driver: ValueDriver) -> Books:
    """As they stand in the database now."""
    until = periods.closed_until(is_sample=driver.initiative.is_sample)
    if until is None:
        return Books(driver.kpi_id, None, None, {})
    rows = driver.entries.exclude(status=LedgerEntry.Status.OPEN).order_by("interval_start", "pk")
    booked = booked_by_interval(rows)
    return Books(driver.kpi_id, until, periods.kept_until(driver), booked, _before_this_version(driver, booked))


def _before_this_version(driver: ValueDriver, booked: Mapping[Span, Booked]) -> dict[Span, LedgerEntry]:
    if driver.valid_from is None:
        return {}
    begins = organisation.calendar().local_midnight(driver.valid_from)
    return {span: each.counted for span, each in booked.items() if each.is_frozen and span[0] < begins}


def booked_by_interval(rows: Iterable[LedgerEntry]) -> dict[Span, Booked]:
    """`rows` closed entries and adjustments of one driver, oldest first."""
    found: dict[Span, Booked] = {}
    for row in rows:
        span = (row.interval_start, row.interval_end)
        before = found.get(span)
        found[span] = Booked(before.first, row, before.amount + row.amount) if before else Booked(row, row, row.amount)
    return found


def adjustments_of(
    driver: ValueDriver, effect: Effect | None, wanted: Iterable[LedgerEntry], books: Books, *, now: datetime
) -> list[LedgerEntry]:
    """The adjustments that are due, not stored. `wanted`: what the driver's intervals come to now, open ones too."""
    due = {(e.interval_start, e.interval_end): e for e in wanted if books.is_closed(e)}
    found = []
    for span in sorted(books.booked.keys() | due.keys()):
        booked, entry = books.booked.get(span), due.get(span)
        truth = entry or (booked.newest if booked else None)
        if truth is None or books.is_kept(truth):
            continue
        difference = (entry.amount if entry else NOTHING) - (booked.amount if booked else NOTHING)
        # A claim that moves while others hold its pool adds nothing, and is written down all the same.
        claim_moved = (entry.claimed if entry else NOTHING) != (booked.newest.claimed if booked else NOTHING)
        if difference or claim_moved:
            causes = _causes(driver, effect, entry, booked, books)
            found.append(_adjustment(truth, booked, difference, causes, is_gone=entry is None, now=now))
    return found


def _adjustment(
    truth: LedgerEntry,
    booked: Booked | None,
    amount: Decimal,
    causes: list[str],
    *,
    is_gone: bool,
    now: datetime,
) -> LedgerEntry:
    """A row whose facts and terms come to all that the interval is worth, and whose amount is what was missing."""
    row = LedgerEntry(**{name: getattr(truth, name) for name in COPIED})
    if is_gone:
        row.volume, row.measurements, row.claimed, row.counted = 0.0, 0, NOTHING, NOTHING
    row.amount, row.status, row.computed_at = amount, LedgerEntry.Status.ADJUSTMENT, now
    row.corrects, row.causes = booked.first if booked else None, causes
    return row


def _causes(
    driver: ValueDriver, effect: Effect | None, entry: LedgerEntry | None, booked: Booked | None, books: Books
) -> list[str]:
    """Why the interval comes to something else than what is booked; more than one thing may have changed."""
    if booked is None:
        return [_cause_of_a_new_one(entry, books)]
    if entry is None:
        return [_cause_of_one_that_is_gone(driver, effect, booked.newest)]
    if not booked.newest.measurements:
        return booked.newest.causes  # what took it away has given it back
    was = booked.newest
    has_measured_volume = driver.volume_kpi_id is not None
    found = []
    if entry.measurements > was.measurements:
        found.append(Cause.LATE_DATA)
    elif entry.actual != was.actual or (has_measured_volume and entry.volume != was.volume):
        found.append(Cause.CORRECTED_DATA)
    if any(getattr(entry, name) != getattr(was, name) for name in PRICED_BY):
        found.append(Cause.ASSUMPTION)
    if entry.kpi_id != was.kpi_id or (not has_measured_volume and entry.volume != was.volume):
        found.append(Cause.DRIVER)
    if entry.baseline_id != was.baseline_id:
        found.append(Cause.BASELINE)
    elif entry.counterfactual != was.counterfactual:
        # With a control group the counterfactual follows its data, else it moves with the baseline's own only.
        found.append(Cause.CORRECTED_DATA if entry.baseline.control else Cause.BASELINE)
    if entry.claimed - entry.counted != was.claimed - was.counted:
        found.append(Cause.OVERLAP)
    return [str(cause) for cause in dict.fromkeys(found)] or [str(Cause.CORRECTED_DATA)]


def _cause_of_a_new_one(entry: LedgerEntry | None, books: Books) -> str:
    """An interval in which nothing was booked so far."""
    if not any(booked.is_frozen for booked in books.booked.values()):
        return str(Cause.DRIVER)  # the driver came, or could first be compared, after the period was closed
    newest = max((booked.first for booked in books.booked.values()), key=lambda row: row.interval_end)
    if entry is not None and entry.baseline_id != newest.baseline_id:
        return str(Cause.BASELINE)
    return str(Cause.LATE_DATA)


def _cause_of_one_that_is_gone(driver: ValueDriver, effect: Effect | None, was: LedgerEntry) -> str:
    calendar = organisation.calendar()
    day, live = calendar.local_date(was.interval_start), driver.initiative.go_live_on
    if driver.kpi_id != was.kpi_id or live is None or day < live or not driver.is_valid_on(day):
        return str(Cause.DRIVER)
    if effect is None or effect.baseline_id != was.baseline_id:
        return str(Cause.BASELINE)
    return str(Cause.CORRECTED_DATA)

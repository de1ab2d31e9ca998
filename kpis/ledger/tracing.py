"""Where freed time went: how much of what drivers saved their follow-up KPI shows, interval by interval of its own.

    captured = min(freed time of the interval, (±(without − actual) − what drivers before took) · price), at least 0

Computed from the entries as they are booked and from the follow-up's interval values. A part of the entries, never
added to them: it says of which amount the books know, and the rest stays freed time. Open traces follow; what is closed
stays, and a later difference is an adjustment (`retracing`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from kpis.calculations import tracing
from kpis.calculations.money import EXACT
from kpis.calculations.tracing import Claim
from kpis.calculations.units import UnitMismatch, UnknownUnit
from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect
from kpis.ledger import periods, retracing
from kpis.ledger.follow_up import Before, Followed, before_go_live, factor_into, followed_since, is_money
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver
from kpis.ledger.retracing import TraceBooks
from kpis.ledger.valuation import sign_of

COMPARED = (
    "interval_end", "baseline_id", "basis", "intervals_before", "direction", "counterfactual", "actual", "taken",
    "unit_factor", "unit_value", "booked", "amount", "currency", "provisional", "measurements",
)  # fmt: skip
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Saved:
    """A driver's freed time in one interval of its follow-up, at the price of the newest entry there."""

    driver: ValueDriver
    booked: Decimal
    unit_factor: Decimal  # of the follow-up's unit
    unit_value: Decimal
    provisional: bool

    @property
    def claim(self) -> Claim:
        return Claim(self.booked, EXACT.multiply(self.unit_factor, self.unit_value))


def post_traces(kpi_ids: Collection[int], *, now: datetime) -> frozenset[int]:
    """Bring the traces that move with one of these KPIs in line with entries and follow-up data.

    Answers the ids of the initiatives whose traces changed. Run twice it changes nothing the second time.
    """
    return frozenset(kpi.initiative_id for kpi in follow_ups_behind(kpi_ids) if _post_in_turn(kpi, now))


def post_traces_of(driver: ValueDriver, *, now: datetime) -> None:
    """The same for a driver whose entries have changed in the running transaction: both are there, or none."""
    for kpi in _follow_ups(Q(pk=driver.pk)):
        _post(kpi, now)


def follow_ups_behind(kpi_ids: Collection[int]) -> list[Kpi]:
    """The follow-up KPIs among these, and those of drivers that read one of these; former ones too."""
    reads = Q(kpi__in=kpi_ids) | Q(volume_kpi__in=kpi_ids)
    return _follow_ups(reads | Q(captured_by__in=kpi_ids) | Q(traces__kpi__in=kpi_ids))


def drivers_of(follow_up: Kpi) -> list[ValueDriver]:
    """Those whose saving it may show, and those that it has shown; in the order in which they take their part."""
    concerned = Q(captured_by=follow_up) | Q(pk__in=Trace.objects.filter(kpi=follow_up).values("driver_id"))
    return list(ValueDriver.objects.filter(concerned).select_related("initiative").order_by("pk"))


def traces_from(
    follow_up: Kpi,
    entries: Mapping[int, Sequence[LedgerEntry]],
    effect: Effect | None,
    books: TraceBooks,
    *,
    now: datetime,
) -> list[Trace]:
    """What its intervals show as of now, closed or not; no row of it is stored.

    entries : by driver id the rows in order of their intervals, adjustments after what they correct, with their KPI.
    effect : the follow-up's. Nothing where nothing is known of the follow-up from before go-live.
    """
    first = min((rows[0].interval_start for rows in entries.values() if rows), default=None)
    before = None if first is None else before_go_live(follow_up, effect, now=now)
    if before is None or first is None:
        return []
    intervals = followed_since(follow_up, before, effect, first, now=now)
    saved = _saved_in(intervals, entries, follow_up, books)
    return [row for place, each in enumerate(intervals) for row in _shown(each, saved[place], follow_up, before, now)]


def open_among(wanted: Iterable[Trace], books: TraceBooks) -> list[Trace]:
    return [row for row in wanted if not books.is_closed(row.interval_end) and not books.is_kept(row.interval_start)]


def _follow_ups(drivers: Q) -> list[Kpi]:
    found = ValueDriver.objects.filter(drivers).values_list("captured_by_id", "traces__kpi_id").distinct()
    ids = {pk for pair in found for pk in pair if pk is not None}
    return list(Kpi.objects.filter(pk__in=ids).select_related("initiative").order_by("pk")) if ids else []


def _post_in_turn(follow_up: Kpi, now: datetime) -> bool:
    with transaction.atomic():
        periods.hold_books()
        return _post(follow_up, now)


def _post(follow_up: Kpi, now: datetime) -> bool:
    """True where a trace came, went or changed."""
    drivers = drivers_of(follow_up)
    effect = Effect.objects.select_related("baseline", "kpi").filter(kpi=follow_up).first()
    books = retracing.books_of(follow_up, drivers)
    wanted = traces_from(follow_up, _entries_of(drivers), effect, books, now=now)
    adjustments = retracing.adjustments_of(wanted, books, now=now)
    Trace.objects.bulk_create(adjustments)
    return _replace_open(follow_up, open_among(wanted, books)) or bool(adjustments)


def _entries_of(drivers: Collection[ValueDriver]) -> dict[int, list[LedgerEntry]]:
    found: dict[int, list[LedgerEntry]] = {driver.pk: [] for driver in drivers}
    rows = LedgerEntry.objects.filter(driver__in=drivers).select_related("kpi").order_by("interval_start", "pk")
    for row in rows:
        found[row.driver_id].append(row)
    return found


def _saved_in(
    intervals: Sequence[Followed], entries: Mapping[int, Sequence[LedgerEntry]], follow_up: Kpi, books: TraceBooks
) -> dict[int, list[Saved]]:
    """By the place of the interval, in the order of the drivers; an entry belongs to the interval in which it ends."""
    ends = [each.end for each in intervals]
    found: dict[int, list[Saved]] = defaultdict(list)
    for driver in books.drivers:
        rows_of: dict[int, list[LedgerEntry]] = defaultdict(list)
        for entry in entries.get(driver.pk, ()):
            place = bisect_left(ends, entry.interval_end)
            if place < len(ends) and intervals[place].start < entry.interval_end and is_traceable(entry):
                rows_of[place].append(entry)
        for place, rows in rows_of.items():
            saved = _saved(driver, rows, follow_up)
            if saved is not None and books.counts(driver, (intervals[place].start, intervals[place].end)):
                found[place].append(saved)
    return found


def is_traceable(entry: LedgerEntry) -> bool:
    """Whether it was booked as freed time; what was booked as something else needs no trace."""
    return entry.is_freed_time and entry.benefit_type == ValueDriver.BenefitType.DIRECT


def _saved(driver: ValueDriver, rows: Sequence[LedgerEntry], follow_up: Kpi) -> Saved | None:
    """None where the follow-up cannot be priced in the units of these entries."""
    newest, booked = _newest_that_came_to_something(rows), sum((row.amount for row in rows), NOTHING)
    try:
        factor = factor_into(newest.kpi, newest.unit_factor, follow_up, currency=newest.currency)
    except (UnitMismatch, UnknownUnit):
        return None
    price = Decimal(1) if is_money(follow_up) else newest.unit_value
    return Saved(driver, booked, factor, price, any(row.provisional for row in rows))


def _newest_that_came_to_something(rows: Sequence[LedgerEntry]) -> LedgerEntry:
    """Whose terms are those of today: a closed interval of nothing is not booked anew when a price is corrected."""
    sums: dict[datetime, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.interval_start] += row.amount
    return next((row for row in reversed(rows) if sums[row.interval_start]), rows[-1])


def _shown(
    interval: Followed, saved: Sequence[Saved], follow_up: Kpi, before: Before, now: datetime
) -> Iterable[Trace]:
    sign = sign_of(follow_up.direction)
    improved = tracing.improvement(interval.counterfactual, interval.actual, sign=sign)
    for each, share in zip(saved, tracing.shared_out(improved, [s.claim for s in saved]), strict=True):
        yield Trace(
            initiative_id=follow_up.initiative_id,
            driver=each.driver,
            kpi=follow_up,
            baseline=before.baseline,
            basis=before.basis,
            intervals_before=before.intervals,
            interval_start=interval.start,
            interval_end=interval.end,
            direction=follow_up.direction,
            counterfactual=interval.counterfactual,
            actual=interval.actual,
            taken=share.taken,
            unit_factor=each.unit_factor,
            unit_value=each.unit_value,
            booked=each.booked,
            amount=share.captured,
            currency=each.driver.initiative.currency,
            provisional=interval.provisional or each.provisional,
            measurements=interval.measurements,
            computed_at=now,
        )


def _replace_open(follow_up: Kpi, wanted: Iterable[Trace]) -> bool:
    """Make the follow-up's open traces equal to `wanted`, touching only the rows that differ. True where one did."""
    rows = Trace.objects.select_for_update().filter(kpi=follow_up, status=LedgerEntry.Status.OPEN)
    standing = {(row.driver_id, row.interval_start): row for row in rows}
    new, changed = [], []
    for row in wanted:
        old = standing.pop((row.driver_id, row.interval_start), None)
        if old is None:
            new.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in COMPARED):
            row.pk = old.pk
            changed.append(row)
    gone = [row.pk for row in standing.values()]
    Trace.objects.filter(pk__in=gone).delete()
    Trace.objects.bulk_create(new)
    Trace.objects.bulk_update(changed, [*COMPARED, "computed_at"])
    return bool(new or changed or gone)

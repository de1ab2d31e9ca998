"""Ledger entries from effects: one for each value driver and interval since go-live that can be compared.

Entries of an open period follow the data; what is learned later about a closed one becomes an adjustment. Drivers that
share a pool are posted together: of the same hours the better evidence counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet

from kpis.baselines.models import Baseline
from kpis.baselines.window import counted_since
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.ledger import adjusting, periods, tracing, versions
from kpis.ledger.adjusting import Books
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.pools import counting
from kpis.ledger.pools.counting import Draft
from kpis.ledger.uncertainty import entry_ranges
from kpis.ledger.valuation import IntervalFacts, amount_of, booked_terms, terms_of
from kpis.rollups import series
from kpis.rollups.series import IntervalPoint

# What tells an entry from the one that stands there: when none of these differs, the row is left alone.
COMPARED = (
    "interval_end",
    "baseline_id",
    "counterfactual",
    "actual",
    "volume",
    "unit_factor",
    "unit_value",
    "realisation",
    "attribution",
    "claimed",
    "counted",
    "amount",
    "low",
    "high",
    "currency",
    "benefit_type",
    "is_freed_time",
    "method",
    "evidence_grade",
    "provisional",
    "measurements",
)


@dataclass(frozen=True, slots=True)
class Comparable:
    """One interval in which all that an amount needs is there."""

    point: IntervalPoint
    actual: float
    counterfactual: float
    volume: float
    provisional: bool


@dataclass(frozen=True, slots=True)
class Due:
    """Rows of one driver, not stored: all that are to stand open, and the adjustments that are missing."""

    open: list[LedgerEntry]
    adjustments: list[LedgerEntry]


def post_entries(kpi_ids: Collection[int], *, now: datetime) -> frozenset[int]:
    """Bring the ledger of every driver that reads one of these KPIs in line with the effects, and its traces.

    With it the drivers that share a pool: what counts of their claims may differ now. Answers the ids of the
    initiatives whose ledger changed. Run twice it changes nothing the second time.
    """
    changed: set[int] = set()
    reading = drivers_reading(kpi_ids)
    moved = {driver.pk for driver in reading}
    for together in by_pool(reading):
        with transaction.atomic():
            periods.hold_books()
            for driver, due in _due_together(together, moved, now):
                if _book(driver, due):
                    tracing.post_traces_of(driver, now=now)
                    changed.add(driver.initiative_id)
    return frozenset(changed) | tracing.post_traces(kpi_ids, now=now)


def due_of(drivers: Sequence[ValueDriver], *, now: datetime) -> list[tuple[ValueDriver, Due]]:
    """What posting these drivers, priced as they are given, would write as of now; of who shares their pools too."""
    given = {driver.pk: driver for driver in drivers}
    return [
        pair
        for together in by_pool(drivers)
        for pair in _due_together([given.get(driver.pk, driver) for driver in together], given, now)
    ]


def by_pool(drivers: Iterable[ValueDriver]) -> list[list[ValueDriver]]:
    """The drivers one by one; those that draw on a pool together with all others that do."""
    found = list(drivers)
    pools = {driver.pool_id for driver in found if driver.pool_id is not None}
    sharing: dict[int | None, list[ValueDriver]] = defaultdict(list)
    for driver in _with_prices(ValueDriver.objects.filter(pool__in=pools).order_by("pool_id", "pk")) if pools else ():
        sharing[driver.pool_id].append(driver)
    return [*([driver] for driver in found if driver.pool_id is None), *sharing.values()]


def _due_together(
    together: Sequence[ValueDriver], moved: Collection[int], now: datetime
) -> list[tuple[ValueDriver, Due]]:
    """`moved`: ids of the drivers whose entries follow from their effects anew; the others' claims stand as booked."""
    drafts = [_draft(driver, driver.pk in moved, now) for driver in together]
    if together[0].pool is not None:
        counting.count(drafts, together[0].pool)
    return [(draft.driver, _due(draft, now)) for draft in drafts]


def _draft(driver: ValueDriver, has_moved: bool, now: datetime) -> Draft:
    effect = Effect.objects.select_related("baseline").filter(kpi_id=driver.kpi_id).first()
    books = adjusting.books_of(driver)
    if has_moved:
        return Draft(driver, effect, books, list(entries_from(driver, effect, books, now=now)))
    return counting.draft_as_booked(driver, effect, books, now=now)


def _due(draft: Draft, now: datetime) -> Due:
    adjustments = adjusting.adjustments_of(draft.driver, draft.effect, draft.wanted, draft.books, now=now)
    return Due(open_among(draft.wanted, draft.books), adjustments)


def _book(driver: ValueDriver, due: Due) -> bool:
    """True where a row of the driver's ledger came, went or changed."""
    LedgerEntry.objects.bulk_create(due.adjustments)
    return _replace_open_entries(driver, due.open) or bool(due.adjustments)


def open_among(wanted: Iterable[LedgerEntry], books: Books) -> list[LedgerEntry]:
    """Those of the driver's entries that stand open; none that reaches back into what is kept as it was booked."""
    return [entry for entry in wanted if not books.is_closed(entry) and not books.is_kept(entry)]


def entries_from(driver: ValueDriver, effect: Effect | None, books: Books, *, now: datetime) -> Iterable[LedgerEntry]:
    """What the driver's intervals come to as of now by a given effect, closed or not; no row of it is stored.

    Nothing where the effect is not known yet.
    """
    if effect is None or effect.baseline is None or not effect.counterfactual:
        return
    found = list(_comparable_intervals(driver, effect, effect.baseline, books, now))
    spans = versions.spans_of(driver, organisation.calendar())
    facts = [IntervalFacts(c.counterfactual, c.actual, c.volume) for c in found]
    ranges = entry_ranges(driver, effect, spans, [c.point.start for c in found], facts)
    for comparable, fact, (low, high) in zip(found, facts, ranges, strict=True):
        before = books.earlier.get((comparable.point.start, comparable.point.end))
        span = versions.span_at(spans, comparable.point.start)
        terms = terms_of(driver, span) if before is None else booked_terms(driver, before)
        claimed = amount_of(fact, terms)
        yield LedgerEntry(
            initiative_id=driver.initiative_id,
            driver=driver,
            kpi_id=driver.kpi_id,
            baseline=effect.baseline,
            interval_start=comparable.point.start,
            interval_end=comparable.point.end,
            counterfactual=fact.counterfactual,
            actual=fact.actual,
            volume=fact.volume,
            unit_factor=terms.unit_factor,
            unit_value=terms.unit_value,
            realisation=terms.realisation,
            attribution=terms.attribution,
            claimed=claimed,
            counted=claimed,
            amount=claimed,
            low=low,
            high=high,
            currency=driver.initiative.currency,
            benefit_type=driver.benefit_type,
            is_freed_time=driver.is_freed_time,
            method=effect.method,
            evidence_grade=effect.evidence_grade,
            provisional=comparable.provisional,
            measurements=comparable.point.count,
            computed_at=now,
        )


def drivers_reading(kpi_ids: Collection[int]) -> list[ValueDriver]:
    """The drivers whose amounts move with one of these KPIs, with all that prices them."""
    return _with_prices(ValueDriver.objects.filter(Q(kpi_id__in=kpi_ids) | Q(volume_kpi_id__in=kpi_ids)))


def _with_prices(drivers: QuerySet[ValueDriver]) -> list[ValueDriver]:
    priced = ("initiative", "kpi__initiative", "volume_kpi", "unit_value", "realisation", "attribution", "pool")
    found = list(drivers.select_related(*priced))
    versions.attach(found)
    return found


def _fixed_volume(driver: ValueDriver) -> float | None:
    return None if driver.volume_per_interval is None else float(driver.volume_per_interval)


def _comparable_intervals(
    driver: ValueDriver, effect: Effect, baseline: Baseline, books: Books, now: datetime
) -> Iterable[Comparable]:
    """Intervals that began at or after go-live, are over, and have an actual, a counterfactual and a volume.

    An interval that still runs is never compared as if it were complete; one whose late data may still come counts,
    marked provisional.
    """
    calendar = organisation.calendar()
    start = counted_since(driver.kpi, baseline, calendar=calendar)
    if start is None:
        return
    points = [
        point
        for point in _read(driver.kpi, driver.kpi, start, now, baseline.treated)
        if point.end <= now
        and point.value is not None
        and (driver.is_valid_on(calendar.local_date(point.start)) or (point.start, point.end) in books.earlier)
    ]
    control = _by_start(_read(driver.kpi, driver.kpi, start, now, baseline.control)) if baseline.control else None
    volumes = _by_start(_read(driver.volume_kpi, driver.kpi, start, now, None)) if driver.volume_kpi else None
    without = effects.counterfactuals(effect, points, _aligned(control, points))
    for point, counterfactual in zip(points, without, strict=True):
        volume = volumes.get(point.start) if volumes is not None else None
        before = books.earlier.get((point.start, point.end))
        stated = before.volume if before is not None else _fixed_volume(driver)
        amount = stated if volumes is None else (volume.value if volume else None)
        # A missing volume or counterfactual is a gap: nothing is booked, and the page says so.
        if point.value is None or amount is None or not np.isfinite(counterfactual):
            continue
        provisional = point.provisional or (volume is not None and volume.provisional)
        yield Comparable(point, point.value, float(counterfactual), amount, provisional)


def _read(kpi: Kpi, rhythm: Kpi, start: datetime, now: datetime, where: dict[str, str] | None) -> list[IntervalPoint]:
    """Values of `kpi` in the measurement intervals of `rhythm`, those only that begin at or after `start`."""
    points = series.interval_values(kpi, rhythm.interval, start, now, where=where or None, now=now)
    return [point for point in points if point.start >= start]


def _by_start(points: Iterable[IntervalPoint]) -> dict[datetime, IntervalPoint]:
    return {point.start: point for point in points}


def _aligned(
    control: dict[datetime, IntervalPoint] | None, points: list[IntervalPoint]
) -> list[IntervalPoint | None] | None:
    return None if control is None else [control.get(point.start) for point in points]


def _replace_open_entries(driver: ValueDriver, wanted: list[LedgerEntry]) -> bool:
    """Make the driver's open entries equal to `wanted`, touching only the rows that differ. True where one did."""
    rows = driver.entries.select_for_update().filter(status=LedgerEntry.Status.OPEN)
    standing = {entry.interval_start: entry for entry in rows}
    new, changed = [], []
    for entry in wanted:
        old = standing.pop(entry.interval_start, None)
        if old is None:
            new.append(entry)
        elif any(getattr(old, name) != getattr(entry, name) for name in COMPARED):
            entry.pk = old.pk
            changed.append(entry)
    gone = [entry.pk for entry in standing.values()]
    LedgerEntry.objects.bulk_create(new)
    # One late point moves every range of its driver. `bulk_update` writes each value as a CASE: seconds for 200 rows.
    LedgerEntry.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["pk"], update_fields=[*COMPARED, "computed_at"]
    )
    LedgerEntry.objects.filter(pk__in=gone).delete()
    return bool(new or changed or gone)

"""Ledger entries from effects: one for each value driver and interval since go-live that can be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q

from kpis.baselines.models import Baseline
from kpis.baselines.window import counted_since
from kpis.calculations.intervals import Calendar
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.uncertainty import entry_ranges
from kpis.ledger.valuation import IntervalFacts, amount_of, terms_of
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


def post_entries(kpi_ids: Collection[int], *, now: datetime) -> frozenset[int]:
    """Bring the open entries of every driver that reads one of these KPIs in line with the effects.

    Answers the ids of the initiatives whose ledger changed. Run twice it changes nothing the second time.
    """
    changed = set()
    for driver in drivers_reading(kpi_ids):
        with transaction.atomic():
            if _replace_open_entries(driver, list(entries_of(driver, now=now))):
                changed.add(driver.initiative_id)
    return frozenset(changed)


def entries_of(driver: ValueDriver, *, now: datetime) -> Iterable[LedgerEntry]:
    """What the ledger should hold for a driver as of now, not stored. Nothing where its effect is not known yet."""
    effect = Effect.objects.select_related("baseline").filter(kpi_id=driver.kpi_id).first()
    return entries_from(driver, effect, now=now)


def entries_from(driver: ValueDriver, effect: Effect | None, *, now: datetime) -> Iterable[LedgerEntry]:
    """The same for a given effect, which need not be stored."""
    if effect is None or effect.baseline is None or not effect.counterfactual:
        return
    terms = terms_of(driver)
    found = list(_comparable_intervals(driver, effect, effect.baseline, now))
    facts = [IntervalFacts(c.counterfactual, c.actual, c.volume) for c in found]
    for comparable, fact, (low, high) in zip(found, facts, entry_ranges(driver, effect, facts), strict=True):
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
            amount=amount_of(fact, terms),
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
    return list(
        ValueDriver.objects.filter(Q(kpi_id__in=kpi_ids) | Q(volume_kpi_id__in=kpi_ids)).select_related(
            "initiative", "kpi__initiative", "volume_kpi", "unit_value", "realisation", "attribution"
        )
    )


def _fixed_volume(driver: ValueDriver) -> float | None:
    return None if driver.volume_per_interval is None else float(driver.volume_per_interval)


def _comparable_intervals(
    driver: ValueDriver, effect: Effect, baseline: Baseline, now: datetime
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
        if point.end <= now and point.value is not None and _is_valid(driver, point, calendar)
    ]
    control = _by_start(_read(driver.kpi, driver.kpi, start, now, baseline.control)) if baseline.control else None
    volumes = _by_start(_read(driver.volume_kpi, driver.kpi, start, now, None)) if driver.volume_kpi else None
    without = effects.counterfactuals(effect, points, _aligned(control, points))
    for point, counterfactual in zip(points, without, strict=True):
        volume = volumes.get(point.start) if volumes is not None else None
        amount = _fixed_volume(driver) if volumes is None else (volume.value if volume else None)
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


def _is_valid(driver: ValueDriver, point: IntervalPoint, calendar: Calendar) -> bool:
    day = calendar.local_date(point.start)
    return (driver.valid_from is None or driver.valid_from <= day) and (
        driver.valid_to is None or day <= driver.valid_to
    )


def _replace_open_entries(driver: ValueDriver, wanted: list[LedgerEntry]) -> bool:
    """Make the driver's open entries equal to `wanted`, touching only the rows that differ. True where one did."""
    standing = {e.interval_start: e for e in driver.entries.select_for_update().exclude(status="adjustment")}
    closed = {start for start, entry in standing.items() if entry.status == LedgerEntry.Status.CLOSED}
    new, changed = [], []
    for entry in wanted:
        old = standing.pop(entry.interval_start, None)
        if entry.interval_start in closed:
            continue
        if old is None:
            new.append(entry)
        elif any(getattr(old, name) != getattr(entry, name) for name in COMPARED):
            entry.pk = old.pk
            changed.append(entry)
    gone = [entry.pk for start, entry in standing.items() if start not in closed]
    LedgerEntry.objects.bulk_create(new)
    # One late point moves every range of its driver. `bulk_update` writes each value as a CASE: seconds for 200 rows.
    LedgerEntry.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["pk"], update_fields=[*COMPARED, "computed_at"]
    )
    LedgerEntry.objects.filter(pk__in=gone).delete()
    return bool(new or changed or gone)

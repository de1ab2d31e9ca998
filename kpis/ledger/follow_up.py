"""The follow-up KPI of a time saving: what it would have been and what it was, and what a unit of it is worth there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import fmean

from kpis.baselines.models import Baseline
from kpis.calculations import units
from kpis.calculations.choice import enough_for
from kpis.calculations.intervals import Granularity
from kpis.calculations.money import EXACT
from kpis.calculations.units import UnitMismatch
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.ledger.models import Trace
from kpis.rollups import series
from kpis.rollups.series import IntervalPoint

PLACES = 15  # to which a driver's unit factor is stated
SENSIBLE = 1e15  # in its unit: beyond, a value is no quantity that a company pays for
A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Before:
    """What the follow-up's intervals are compared with; `intervals` are behind it, of `needed` for a range."""

    basis: Trace.Basis
    intervals: int
    needed: int
    baseline: Baseline | None = None
    mean: float | None = None  # of a plain difference without a baseline


@dataclass(frozen=True, slots=True)
class Followed:
    """One complete or late interval of the follow-up KPI, in its unit."""

    start: datetime
    end: datetime
    counterfactual: float
    actual: float
    measurements: int
    provisional: bool


def factor_into(saving: Kpi, unit_factor: Decimal, follow_up: Kpi, *, currency: str) -> Decimal:
    """What a unit of the follow-up comes to in the units that the saving's unit value prices; money has a price of 1.

    Hours against minutes of a driver with 1/60 are 1. Of the product as many places are known as the driver's factor
    states, less those that the conversion has before the point. Refuses (UnitMismatch) what measures another thing.
    """
    if is_money(follow_up):
        return _to_places(_exact(units.conversion(follow_up.unit, currency)), PLACES)
    if units.is_time(saving.unit) and units.is_time(follow_up.unit):
        if units.parse(follow_up.unit).dimension != units.TIME:
            raise UnitMismatch(f"{follow_up.unit} is no amount of time: it is one for each counted thing.")
        conversion = _exact(units.parse(follow_up.unit).factor / units.parse(saving.unit).factor)
    else:
        conversion = _exact(units.conversion(follow_up.unit, saving.unit))
    return _to_places(EXACT.multiply(conversion, unit_factor), PLACES - max(0, conversion.adjusted() + 2))


def is_money(follow_up: Kpi) -> bool:
    """Whether it counts money itself (external spend), so that it needs no price."""
    dimension = units.parse(follow_up.unit).dimension
    return len(dimension) == 1 and dimension[0][1] == 1 and units.currency_of(follow_up.unit) is not None


def before_go_live(follow_up: Kpi, effect: Effect | None, *, now: datetime) -> Before | None:
    """Its approved baseline, or the plain mean of the last intervals before go-live; None where there are none.

    Of these at most as many as a baseline needs: a year of months.
    """
    granularity = Granularity(follow_up.interval)
    if effect is not None and effect.baseline is not None and effect.counterfactual:
        if effect.baseline.window_start is None:
            return Before(Trace.Basis.DECLARED, 0, 0, effect.baseline)
        needed = enough_for(effect.method, granularity).before
        basis = Trace.Basis.BASELINE if effect.n_before >= needed else Trace.Basis.PLAIN
        return Before(basis, effect.n_before, needed, effect.baseline)
    live = follow_up.initiative.go_live_on
    if live is None:
        return None
    needed = enough_for("ar1", granularity).before
    values = _newest_before(follow_up, organisation.calendar().local_midnight(live), needed, now)
    return Before(Trace.Basis.PLAIN, len(values), needed, mean=fmean(values)) if values else None


def followed_since(
    follow_up: Kpi, before: Before, effect: Effect | None, start: datetime, *, now: datetime
) -> list[Followed]:
    """Its intervals from the one that holds `start` on that are over and have a value; a gap is absent.

    The one that holds go-live counts: what it may show is bounded by what was saved in it.
    """
    treated, control = _read(follow_up, before.baseline, start, now)
    points = [p for p in treated if p.end <= now and _is_sensible(p.value) and not _is_before(p, before.baseline)]
    if before.mean is not None:
        without: Iterable[float] = [before.mean] * len(points)
    else:
        without = map(float, effects.counterfactuals(effect, points, control)) if effect else []
    return [
        Followed(p.start, p.end, expected, float(p.value), p.count, p.provisional)  # type: ignore[arg-type]
        for p, expected in zip(points, without, strict=True)
        if _is_sensible(expected)
    ]


def _newest_before(follow_up: Kpi, live: datetime, at_most: int, now: datetime) -> list[float]:
    """The values of the last whole intervals before go-live, as far as there are any."""
    calendar, granularity = organisation.calendar(), Granularity(follow_up.interval)
    start = calendar.start_of(live, granularity)
    for _ in range(at_most):
        start = calendar.start_of(start - A_MOMENT, granularity)
    points = series.interval_values(follow_up, follow_up.interval, start, live, now=now)
    return [p.value for p in points if p.complete and p.end <= live and p.value is not None and _is_sensible(p.value)]


def _read(
    follow_up: Kpi, baseline: Baseline | None, start: datetime, now: datetime
) -> tuple[list[IntervalPoint], list[IntervalPoint] | None]:
    def read(where: Mapping[str, str] | None) -> list[IntervalPoint]:
        return series.interval_values(follow_up, follow_up.interval, start, now, where=where, now=now)

    if baseline is None:
        return read(None), None
    return read(baseline.treated or None), read(baseline.control) if baseline.control else None


def _is_before(point: IntervalPoint, baseline: Baseline | None) -> bool:
    """Whether the interval is one of those that the baseline itself consists of."""
    if baseline is None or baseline.window_start is None or baseline.window_end is None:
        return False
    return baseline.window_start <= point.start and point.end <= baseline.window_end


def _is_sensible(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < SENSIBLE


def _to_places(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, EXACT)


def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))

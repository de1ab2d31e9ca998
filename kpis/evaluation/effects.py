"""Effects: complete interval values since go-live against the approved baseline. Knows no money.

The method was chosen on the baseline's data and frozen with it; `calculations.effect` does the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kpis.baselines import approving
from kpis.baselines.comparability import Standing, standings_of
from kpis.baselines.models import Baseline
from kpis.baselines.window import WindowValues, counted_since, paired, series_of, within
from kpis.calculations.counterfactual import Counterfactual
from kpis.calculations.defaults import CONFIDENCE
from kpis.calculations.effect import Comparison, Direction, EffectEstimate, declared_effect, evaluate
from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us
from kpis.calculations.series import Series
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.evaluation import rivals
from kpis.evaluation.models import Effect
from kpis.evaluation.outcome import (
    NO_BASELINE,
    NO_CONTROL_LEFT,
    NO_GO_LIVE_DATE,
    NOT_LIVE,
    Outlook,
    as_effect,
    not_compared,
)
from kpis.rollups import series
from kpis.rollups.series import IntervalPoint

NOTHING = Series.of([])
STORED = [f.name for f in Effect._meta.concrete_fields if f.name != "kpi"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the effects of some KPIs are computed from, as of one instant; points by KPI id."""

    as_of: datetime
    calendar: Calendar
    baselines: dict[int, Baseline]
    treated: dict[int, list[IntervalPoint]]
    control: dict[int, list[IntervalPoint]] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)  # by baseline id


def evaluate_kpis(kpi_ids: Collection[int], *, now: datetime) -> list[Effect]:
    """Evaluate these KPIs as of now and store their effects; run twice it changes nothing the second time."""
    kpis = list(Kpi.objects.filter(pk__in=kpi_ids).select_related("initiative").order_by("pk"))
    found = list(_effects(kpis, as_of=now))
    Effect.objects.bulk_create(found, update_conflicts=True, unique_fields=["kpi"], update_fields=STORED)
    return found


def effect_as_of(kpi: Kpi, *, as_of: datetime) -> Effect:
    """The effect with the intervals up to `as_of` and the baseline approved by then: a row that is not stored.

    What is known today of these intervals counts, data that came later included.
    """
    return next(iter(_effects([kpi], as_of=as_of)))


def counterfactuals(
    effect: Effect, points: Sequence[IntervalPoint], control_points: Sequence[IntervalPoint | None] | None = None
) -> NDArray[np.float64]:
    """For each point what would have been without the initiative, in the KPI's unit; NaN where it cannot be said.

    control_points : the control group's intervals, in any order; those that are missing make the NaN.
    """
    if not effect.counterfactual:
        return np.full(len(points), np.nan)
    starts = np.array([epoch_us(point.start) for point in points], np.int64)
    positions = organisation.calendar().positions_of(starts, Granularity(effect.kpi.interval))
    values = {p.start: p.value for p in control_points or () if p is not None and p.value is not None}
    control = np.array([values.get(point.start, np.nan) for point in points], np.float64)
    return Counterfactual.from_json(effect.counterfactual).at(positions, control)


def _effects(kpis: Collection[Kpi], *, as_of: datetime) -> Iterable[Effect]:
    evidence = _evidence(kpis, as_of)
    others = rivals.near_go_live(kpis)
    for kpi in kpis:
        effect = _effect(kpi, evidence)
        effect.details["rivals"] = others.get(kpi.pk, [])
        yield effect


def _evidence(kpis: Collection[Kpi], as_of: datetime) -> Evidence:
    """Read in a fixed number of queries, however many KPIs there are."""
    baselines = approving.current_of([kpi.pk for kpi in kpis], as_of)
    calendar = organisation.calendar()
    starts = [b.window_start for b in baselines.values() if b.window_start is not None]
    starts += [since for k in kpis if (since := counted_since(k, baselines.get(k.pk), calendar=calendar)) is not None]
    if not starts:
        return Evidence(as_of, calendar, baselines, {})
    first = min(starts)
    where = {kpi_id: baseline.treated for kpi_id, baseline in baselines.items()}
    treated = series.interval_values_of(kpis, first, as_of, where=where, now=as_of)
    where = {kpi_id: baseline.control for kpi_id, baseline in baselines.items() if baseline.control}
    compared = [kpi for kpi in kpis if kpi.pk in where]
    control = series.interval_values_of(compared, first, as_of, where=where, now=as_of) if compared else {}
    return Evidence(as_of, calendar, baselines, treated, control, standings_of(baselines.values()))


def _effect(kpi: Kpi, evidence: Evidence) -> Effect:
    baseline = evidence.baselines.get(kpi.pk)
    live = _live_window(kpi, baseline, evidence)
    if baseline is None or live is None:
        lived = _values(kpi, live, evidence).treated if live else NOTHING
        return not_compared(kpi, baseline, lived, evidence.as_of, because=_what_lacks(kpi, baseline))
    after = _values(kpi, live, evidence)
    standing = evidence.standings[baseline.pk]
    if standing.refused:
        return not_compared(kpi, baseline, after.treated, evidence.as_of, because=standing.refused)
    outlook = Outlook(kpi, evidence.as_of, evidence.calendar, after.treated)
    if baseline.window_start is None or baseline.window_end is None:  # declared
        return as_effect(baseline, _declared(kpi, baseline, after.treated), outlook)
    before = _values(kpi, Interval(baseline.window_start, baseline.window_end), evidence)
    if baseline.control and (before.control is None or not before.control.n):
        return not_compared(kpi, baseline, after.treated, evidence.as_of, because=NO_CONTROL_LEFT)
    moved = _has_moved(before, baseline)
    estimate = _measured(kpi, baseline, _as_frozen(before, baseline) if moved else before, after)
    effect = as_effect(baseline, estimate, outlook, baseline_moved=moved)
    effect.notes += ["calendar_changed"] * standing.calendar_changed
    return effect


def _what_lacks(kpi: Kpi, baseline: Baseline | None) -> str:
    if kpi.initiative.go_live_on is None:
        return NO_GO_LIVE_DATE
    return NO_BASELINE if baseline is None else NOT_LIVE


def _live_window(kpi: Kpi, baseline: Baseline | None, evidence: Evidence) -> Interval | None:
    """From the end of the roll-out to the instant of evaluation; None where the initiative was not live by then."""
    start = counted_since(kpi, baseline, calendar=evidence.calendar)
    if start is None or start >= evidence.as_of:
        return None
    if baseline is not None and baseline.transition_until is not None:
        start = max(start, min(baseline.transition_until, evidence.as_of - timedelta(microseconds=1)))
    return Interval(start, evidence.as_of)


def _values(kpi: Kpi, window: Interval, evidence: Evidence) -> WindowValues:
    """The window's values of each group. Which intervals have a partner, the comparison sees for itself and says."""
    groups = [evidence.treated.get(kpi.pk, []), evidence.control.get(kpi.pk)]
    treated, control = (
        None if points is None else series_of(within(points, window), kpi.interval, evidence.calendar)
        for points in groups
    )
    return WindowValues(NOTHING if treated is None else treated, control)


def _measured(kpi: Kpi, baseline: Baseline, before: WindowValues, after: WindowValues) -> EffectEstimate:
    comparison = Comparison(
        before=before.treated,
        after=after.treated,
        direction=_direction(kpi),
        granularity=Granularity(kpi.interval),
        control_before=before.control,
        control_after=after.control,
    )
    return evaluate(comparison, method=baseline.method_choice, confidence=CONFIDENCE.value)


def _direction(kpi: Kpi) -> Direction:
    return "increase" if kpi.direction == Kpi.Direction.INCREASE else "decrease"


def _declared(kpi: Kpi, baseline: Baseline, after: Series) -> EffectEstimate:
    low, high = (None if bound is None else float(bound) for bound in (baseline.low, baseline.high))
    return declared_effect(after, value=float(baseline.value), direction=_direction(kpi), low=low, high=high)


def _has_moved(before: WindowValues, baseline: Baseline) -> bool:
    """Whether the window's data changed since the baseline was frozen."""
    frozen = paired(before.treated, before.control)
    if frozen.n != baseline.intervals:
        return True
    levels = [(frozen.treated, baseline.value), (frozen.control, baseline.control_value)]
    return any(
        values is not None and level is not None and not math.isclose(values.mean, level, rel_tol=1e-9, abs_tol=1e-9)
        for values, level in levels
    )


def _as_frozen(before: WindowValues, baseline: Baseline) -> WindowValues:
    """The window's values around the frozen level: late data may tell of the spread, never move what was approved."""
    now = paired(before.treated, before.control)
    if not now.n:
        return before
    treated = _raised(before.treated, float(baseline.value) - now.treated.mean)
    if before.control is None or now.control is None or baseline.control_value is None:
        return WindowValues(treated, before.control)
    return WindowValues(treated, _raised(before.control, float(baseline.control_value) - now.control.mean))


def _raised(values: Series, by: float) -> Series:
    return Series(values.values + by, values.positions)

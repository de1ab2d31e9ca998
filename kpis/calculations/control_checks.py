"""Is the control group one? What the baseline, and the control group itself, say about the assumption behind it.

Difference-in-differences takes for granted that both groups would have moved alike. That cannot be proved, but it can
fail visibly: the gap moved before go-live already (its slope), a pretended go-live in the middle of the baseline shows
an effect (placebo), or the control group moves with go-live the same way, as it does where it uses the tool too.

A check that finds nothing is no proof either: each stands with its interval, which says what it could have missed.
Source: docs/methods.md "Difference-in-differences".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from kpis.calculations.defaults import FEW_INTERVALS_BELOW
from kpis.calculations.difference import difference_of_means
from kpis.calculations.estimate import Estimate
from kpis.calculations.interrupted import Trend, trend_of
from kpis.calculations.regression import Dependent, NoVariation, TooFew
from kpis.calculations.season import Season
from kpis.calculations.series import Series

Name = Literal["pre_trend", "placebo", "contamination"]
Status = Literal["ok", "differs", "not_enough_data"]

DOUBTFUL_BELOW_P: Final = 0.05
MATTERS_FROM: Final = 0.2  # share of the effect: less than that of a season, or of a common shock, is no hint


@dataclass(frozen=True, slots=True)
class Check:
    """One check. value, low, high : with its interval, in the KPI's unit (pre_trend: per interval); None without data.

    status : `differs` where p < 0.05; of contamination only for a movement that is a fifth of the effect at least.
    """

    name: Name
    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def control_checks(
    gap_before: Series,
    control_before: Series,
    control_after: Series,
    season: Season,
    *,
    effect: float,
    confidence: float,
) -> tuple[Check, ...]:
    """All three, in their order. gap_before : treated − control in the baseline. effect : the estimate, for its sign.

    Below 12 intervals in the baseline none of them says anything; nor where the values do not vary.
    """
    return (
        _pre_trend(gap_before, season, confidence),
        _placebo(gap_before, season, confidence),
        _contamination(control_before, control_after, season, effect, confidence),
    )


def _pre_trend(gap: Series, season: Season, confidence: float) -> Check:
    found = _trend(gap, season) if gap.n >= FEW_INTERVALS_BELOW.value else None
    if found is None:
        return Check("pre_trend", "not_enough_data")
    low, high = found.interval(confidence)
    return Check("pre_trend", _status(found.p_value), found.slope, low, high, found.p_value)


def _placebo(gap: Series, season: Season, confidence: float) -> Check:
    if gap.n < FEW_INTERVALS_BELOW.value:
        return Check("placebo", "not_enough_data")
    half = gap.n // 2
    first = Series(gap.values[:half], gap.positions[:half])
    second = Series(gap.values[half:], gap.positions[half:])
    return _of_change("placebo", _difference(first, second, season, confidence), confidence)


def _contamination(before: Series, after: Series, season: Season, effect: float, confidence: float) -> Check:
    if before.n < FEW_INTERVALS_BELOW.value:
        return Check("contamination", "not_enough_data")
    found = _of_change("contamination", _difference(before, after, season, confidence), confidence)
    # Used by a part of the control group, the tool would show there as that part of the effect, in its direction.
    share = 0.0 if found.value is None or not effect else found.value / effect
    return replace(found, status="ok") if found.status == "differs" and share < MATTERS_FROM else found


def _of_change(name: Name, found: Estimate | None, confidence: float) -> Check:
    half = math.nan if found is None else found.half_width(confidence)
    if found is None or not math.isfinite(half):
        return Check(name, "not_enough_data")
    return Check(name, _status(found.p_value), found.effect, found.effect - half, found.effect + half, found.p_value)


def _status(p_value: float) -> Status:
    return "differs" if p_value < DOUBTFUL_BELOW_P else "ok"


def _trend(gap: Series, season: Season) -> Trend | None:
    try:
        return trend_of(gap, season)
    except (NoVariation, Dependent, TooFew):
        return None


def _difference(before: Series, after: Series, season: Season, confidence: float) -> Estimate | None:
    try:
        return difference_of_means(before, after, season, confidence=confidence)
    except (NoVariation, Dependent, TooFew):
        return None

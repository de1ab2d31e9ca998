"""Difference-in-differences: what happened to the treated group beyond what happened to the control group.

Two aggregate series are compared as one: the gap between them. What moves both cancels, dependence in time stays and is
handled by the same engine. Source: docs/methods.md "Difference-in-differences".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kpis.calculations.difference import difference_of_means
from kpis.calculations.estimate import Estimate
from kpis.calculations.interrupted import Trend, trend_of
from kpis.calculations.season import Season
from kpis.calculations.series import Series

DOUBTFUL_BELOW_P: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class ParallelTrends:
    """What the baseline says about the assumption that both groups would have moved alike.

    pre_trend : slope of the gap before go-live. placebo : effect of a pretended go-live in the baseline's middle.
    """

    pre_trend: Trend
    placebo: Estimate

    @property
    def doubtful(self) -> bool:
        """Whether either check finds a movement of the gap before anything had happened."""
        return min(self.pre_trend.p_value, self.placebo.p_value) < DOUBTFUL_BELOW_P


def difference_in_differences(gap_before: Series, gap_after: Series, season: Season, *, confidence: float) -> Estimate:
    """Mean of the gap after go-live − mean of the gap before, errors AR(1). Refuses as `difference_of_means`."""
    return difference_of_means(gap_before, gap_after, season, confidence=confidence)


def parallel_trends(gap_before: Series, season: Season, *, confidence: float) -> ParallelTrends:
    """Both checks on the baseline. Refuses as `reml_ar1`; needs 12 intervals to say anything."""
    half = gap_before.n // 2
    first, second = (
        Series(gap_before.values[part], gap_before.positions[part]) for part in (slice(half), slice(half, None))
    )
    placebo = difference_of_means(first, second, season, confidence=confidence)
    return ParallelTrends(trend_of(gap_before, season), placebo)

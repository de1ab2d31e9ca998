"""Difference-in-differences: what happened to the treated group beyond what happened to the control group.

Two aggregate series are compared as one: the gap between them. What moves both cancels, dependence in time stays and is
handled by the same engine. Source: docs/methods.md "Difference-in-differences".
"""

from __future__ import annotations

from kpis.calculations.difference import difference_of_means
from kpis.calculations.estimate import Estimate
from kpis.calculations.season import Season
from kpis.calculations.series import Series


def difference_in_differences(gap_before: Series, gap_after: Series, season: Season, *, confidence: float) -> Estimate:
    """Mean of the gap after go-live − mean of the gap before, errors AR(1). Refuses as `difference_of_means`."""
    return difference_of_means(gap_before, gap_after, season, confidence=confidence)

"""Difference of means before and after go-live: among dependent interval values, and among independent ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.estimate import Estimate, estimate_of
from kpis.calculations.regression import NoVariation, reml_ar1
from kpis.calculations.season import Season, usable
from kpis.calculations.series import Series
from kpis.calculations.welch import welch_df

Floats = NDArray[np.float64]


def difference_of_means(before: Series, after: Series, season: Season, *, confidence: float) -> Estimate:
    """Level after go-live − level before, errors AR(1) by REML, season taken out.

    The season is measured against its mix in the baseline, so the level is the baseline's mean.
    Refuses (NoVariation) values without any remainder; (ValueError) more columns than values.
    """
    whole = before.followed_by(after)
    live = np.arange(whole.n) >= before.n
    needed = np.column_stack([np.ones(whole.n), live.astype(float)])
    x = with_season(needed, whole, season, before.n)
    fit = reml_ar1(whole.values, x, gaps=whole.gaps)
    effect, level = np.eye(x.shape[1])[[1, 0]]
    return estimate_of(fit, x, effect=effect, level=level, after=live, confidence=confidence)


def welch(before: Series, after: Series) -> Estimate:
    """Difference of means of independent values with unequal variances (Welch 1947).

    Refuses (ValueError) fewer than two values on a side; (NoVariation) no variation on both.
    """
    if min(before.n, after.n) < 2:
        raise ValueError("Welch's comparison needs two values on each side")
    a, b = (float(np.var(side.values, ddof=1)) / side.n for side in (before, after))
    if a + b <= (1e-13 * max(abs(before.mean), abs(after.mean))) ** 2:
        raise NoVariation("the values do not vary")
    centred = [side.values - side.mean for side in (before, after)]
    return Estimate(
        effect=after.mean - before.mean,
        standard_error=math.sqrt(a + b),
        df=welch_df(a, before.n, b, after.n),
        level_error=math.sqrt(a),
        covariance=-a,
        phi=None,
        residuals=np.concatenate(centred),
        parameters=2,
    )


def with_season(needed: Floats, whole: Series, season: Season, n_before: int) -> Floats:
    """The needed columns and those of the season that say something of their own, centred on the baseline."""
    seasonal = season.columns(whole.positions)
    seasonal = seasonal - seasonal[:n_before].mean(axis=0, keepdims=True)
    return np.column_stack([needed, seasonal[:, usable(needed, seasonal)]])

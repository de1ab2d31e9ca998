"""Interrupted time series: the baseline's trend and season go on as the counterfactual (segmented regression).

    y = β₀ + β₁·t + β₂·D + β₃·D·(t − t₀) + season + u,   u AR(1) by REML

The effect is the mean distance from the counterfactual over the intervals after go-live. A trend is carried on no
further than the baseline is long; from there on the counterfactual is flat.
Sources: Wagner et al. 2002; Lopez Bernal, Cummins & Gasparrini 2017; docs/methods.md "Interrupted time series".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from kpis.calculations.difference import with_season
from kpis.calculations.estimate import Estimate, estimate_of
from kpis.calculations.regression import reml_ar1
from kpis.calculations.season import Season
from kpis.calculations.series import Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_AFTER: Final = 8


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope of a baseline: KPI unit per interval, with its standard error, p-value and degrees of freedom."""

    slope: float
    standard_error: float
    df: float
    p_value: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """Low and high of the slope."""
        half = float(stdtrit(self.df, 0.5 + confidence / 2)) * self.standard_error
        return self.slope - half, self.slope + half


def trend_of(baseline: Series, season: Season) -> Trend:
    """The slope of a baseline in the REML model. Refuses as `reml_ar1`."""
    centred = (baseline.positions - baseline.positions[-1]).astype(float)
    x = with_season(np.column_stack([np.ones(baseline.n), centred]), baseline, season, baseline.n)
    fit = reml_ar1(baseline.values, x, gaps=baseline.gaps)
    error = float(np.sqrt(fit.covariance[1, 1]))
    p_value = float(2 * stdtr(fit.df, -abs(fit.beta[1]) / error))
    return Trend(float(fit.beta[1]), error, fit.df, p_value)


def interrupted_series(before: Series, after: Series, season: Season, *, confidence: float) -> Estimate:
    """Mean distance from the continued baseline. Below 8 intervals after go-live without a change of slope.

    Refuses as `reml_ar1`.
    """
    whole = before.followed_by(after)
    live = np.arange(whole.n) >= before.n
    since = np.where(live, whole.positions - after.positions[0], 0).astype(float)
    # The line itself is not held: what comes after would bend the slope that the baseline alone has to say.
    passed = (whole.positions - before.positions[-1]).astype(float)
    columns = [np.ones(whole.n), passed, live.astype(float)]
    if after.n >= FEWEST_AFTER:
        columns.append(since)
    needed = np.column_stack(columns)
    x = with_season(needed, whole, season, before.n)
    fit = reml_ar1(whole.values, x, gaps=whole.gaps)
    effect, level = np.zeros((2, x.shape[1]))
    effect[1] = float((passed - elapsed(whole.positions, before.positions))[live].mean())
    effect[2] = 1.0
    if after.n >= FEWEST_AFTER:
        effect[3] = float(since[live].mean())
    level[:2] = 1.0, float(needed[~live, 1].mean())
    return estimate_of(fit, x, effect=effect, level=level, after=live, confidence=confidence)


def elapsed(positions: Ints, baseline: Ints) -> Floats:
    """Intervals since the baseline's end, held from where the baseline's own length is reached."""
    span = int(baseline[-1] - baseline[0]) + 1
    held: Floats = np.minimum(positions - baseline[-1], span).astype(float)
    return held

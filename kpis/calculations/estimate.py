"""From a regression to one effect: its standard error, interval and p-value, widened where the variation changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from kpis.calculations.regression import Fit

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LARGEST_VARIANCE_RATIO: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The mean effect after go-live in the KPI's unit: actual − counterfactual.

    standard_error, df : of the interval that is reported. level_error : standard error of the baseline's level;
    covariance : of effect and level. phi : None where the values were taken as independent.
    residuals : what the model leaves, shape (n,). parameters : columns of the model.
    variation_changed : the interval was widened. assumed_phi : too few values to estimate φ.
    """

    effect: float
    standard_error: float
    df: float
    level_error: float
    covariance: float
    phi: float | None
    residuals: Floats
    parameters: int
    variation_changed: bool = False
    assumed_phi: bool = False

    def half_width(self, confidence: float) -> float:
        """Half the width of the interval, in the KPI's unit."""
        return float(stdtrit(self.df, 0.5 + confidence / 2)) * self.standard_error

    @property
    def p_value(self) -> float:
        """Probability of an effect at least as large, either way, if there were none."""
        return float(2 * stdtr(self.df, -abs(self.effect) / self.standard_error))


def estimate_of(fit: Fit, x: Floats, *, effect: Floats, level: Floats, after: Mask, confidence: float) -> Estimate:
    """The effect as a weighted sum of a fit's coefficients.

    effect, level : shape (k,), weights that make the effect and the baseline's level out of beta.
    after : shape (n,), which observations lie after go-live. Where the whitened residuals still depend on each other
    or vary more on one side (`variation_changed`), the wider of the REML and the EWC interval is reported.
    """
    standard_error = math.sqrt(float(effect @ fit.covariance @ effect))
    covariance = float(effect @ fit.covariance @ level)
    df = fit.df
    changed = variation_changed(fit, after)
    if changed:
        other_error, other_df = equal_weighted_cosines(fit, x, effect)
        quantile = 0.5 + confidence / 2
        if stdtrit(other_df, quantile) * other_error > stdtrit(df, quantile) * standard_error:
            covariance *= (other_error / standard_error) ** 2
            standard_error, df = other_error, other_df
    return Estimate(
        effect=float(effect @ fit.beta),
        standard_error=standard_error,
        df=df,
        level_error=math.sqrt(float(level @ fit.covariance @ level)),
        covariance=covariance,
        phi=fit.phi,
        residuals=fit.residuals,
        parameters=fit.k,
        variation_changed=changed,
        assumed_phi=fit.assumed_phi,
    )


def variation_changed(fit: Fit, after: Mask) -> bool:
    """Whether AR(1) with one variance does not describe the residuals: lag 2 beyond 2/√n, or variance ratio above 2."""
    w = fit.whitened
    lag_two = float(w[2:] @ w[:-2]) / float(w @ w)
    before_sum, after_sum = w[~after], w[after]
    if min(before_sum.size, after_sum.size) < 2:
        return abs(lag_two) > 2 / math.sqrt(fit.n)
    variances = sorted([float(np.var(before_sum, ddof=1)), float(np.var(after_sum, ddof=1))])
    return abs(lag_two) > 2 / math.sqrt(fit.n) or variances[1] > LARGEST_VARIANCE_RATIO * variances[0]


def equal_weighted_cosines(fit: Fit, x: Floats, effect: Floats) -> tuple[float, float]:
    """Standard error of the effect and its degrees of freedom, without a model of the dependence.

    The long-run variance is the mean square of the first ν = ⌊0.41·n^(2/3)⌋ cosine sums of the scores
    (Lazarus, Lewis, Stock & Watson 2018).
    """
    scores = (x @ np.linalg.solve(x.T @ x, effect)) * fit.residuals
    cosines = max(1, math.floor(0.41 * fit.n ** (2 / 3)))
    waves = np.arange(1, cosines + 1)[:, None] * (np.arange(fit.n) + 0.5)[None, :]
    sums = math.sqrt(2 / fit.n) * np.cos(np.pi * waves / fit.n) @ scores
    return math.sqrt(fit.n * float(np.mean(sums**2))), float(cosines)


def share_interval(estimate: Estimate, baseline: float, confidence: float) -> tuple[float, float] | None:
    """Interval of effect/baseline, the baseline being an estimate too (Fieller 1954).

    baseline : in the KPI's unit, not zero. Answers shares (0.15 is 15 %), low and high; None where the baseline lies
    too near zero to bound the share.
    """
    q2 = float(stdtrit(estimate.df, 0.5 + confidence / 2)) ** 2
    # Everything as a share of the baseline first: no square can then leave the range of a double unnoticed.
    share, error = estimate.effect / baseline, estimate.standard_error / abs(baseline)
    level_error, covariance = estimate.level_error / abs(baseline), estimate.covariance / baseline / baseline
    a = 1 - q2 * level_error * level_error
    b = share - q2 * covariance
    c = share * share - q2 * error * error
    discriminant = b * b - a * c
    if not (a > 0 and math.isfinite(discriminant)):
        return None
    root = math.sqrt(max(discriminant, 0.0))
    return (b - root) / a, (b + root) / a

"""Interrupted time series of counts and rates: a line of logarithms with the exposure taken out (quasi-Poisson).

    ln E(y) = ln(exposure) + β₀ + β₁·t + β₂·D          rate ratio of go-live: e^β₂
    φ = Σ (y − μ)²/μ / (n − k)                         errors are √φ times a Poisson's, t with n − k

Counts of complaints or defects vary with their mean and are no straight line near zero. φ above 1 says that they vary
more than chance; below 1 counts as 1, since nothing varies less than chance for a reason. What neighbours share beyond
trend and season is not modelled: `neighbours` says how alike the residuals are, and above 2/√n the interval is too
narrow. Source: Lopez Bernal, Cummins & Gasparrini 2017; docs/methods.md "Interrupted time series".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit, xlogy

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import FEW_INTERVALS_BELOW
from kpis.calculations.difference import with_season
from kpis.calculations.season import Season
from kpis.calculations.series import Series
from kpis.calculations.welch import TOO_LARGE

Floats = NDArray[np.float64]

ROUNDS: Final = 50
CLOSE: Final = 1e-10
LARGEST_EXPONENT: Final = 500.0
NO_EVENTS: Final = "There were no events on one side, so there is no ratio of rates."
TOO_SHORT: Final = "Below twelve intervals on a side a line through counts says too little."
NOT_FOUND: Final = "These counts do not tell the effect from the season or the trend."


@dataclass(frozen=True, slots=True)
class RateChange:
    """`ratio`: rate at go-live over what trend and season would have made of it, with its interval.

    dispersion : φ, variance over that of a Poisson. neighbours : lag-1 correlation of the deviance residuals.
    """

    ratio: Bounded
    dispersion: float | None = None
    neighbours: float | None = None
    depends: bool = False


def interrupted_counts(
    before: Series, after: Series, exposure: Floats, season: Season, *, confidence: float
) -> RateChange:
    """The step of a rate at go-live. before, after : events in each interval; exposure : shape (n,), of all of them.

    Without ratio below twelve intervals on a side, without an event on one, or where the model has no one answer.
    Refuses (ValueError) counts below zero, exposures not above zero, unlike lengths, a confidence outside 0..1.
    """
    whole = before.followed_by(after)
    y = whole.values
    if exposure.shape != y.shape or (y < 0).any() or not ((exposure > 0) & np.isfinite(exposure)).all():
        raise ValueError("a rate needs a count of at least 0 and a finite exposure above 0 for each interval")
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    if min(before.n, after.n) < FEW_INTERVALS_BELOW.value:
        return RateChange(absent("not_enough_data", TOO_SHORT))
    if not (before.values.any() and after.values.any()):
        return RateChange(absent("undefined", NO_EVENTS))
    live = (np.arange(whole.n) >= before.n).astype(float)
    passed = (whole.positions - after.positions[0]).astype(float)
    x = with_season(np.column_stack([np.ones(whole.n), passed, live]), whole, season, before.n)
    offset = np.log(exposure)
    beta = _fitted(y, x, offset)
    return RateChange(absent("undefined", NOT_FOUND)) if beta is None else _change(y, x, offset, beta, confidence)


def _fitted(y: Floats, x: Floats, offset: Floats) -> Floats | None:
    """Iteratively reweighted least squares; None where it does not settle."""
    mu = np.maximum(y, 0.1 * max(float(y.mean()), 1e-3))
    beta: Floats = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        working = np.log(mu) - offset + (y - mu) / mu
        root = np.sqrt(mu)
        solved, _residues, rank, _singular = np.linalg.lstsq(root[:, None] * x, root * working, rcond=None)
        found: Floats = np.asarray(solved, np.float64)
        if rank < x.shape[1]:
            return None
        exponent = x @ found + offset
        if not (np.isfinite(exponent).all() and float(np.abs(exponent).max()) < LARGEST_EXPONENT):
            return None
        mu = np.exp(exponent)
        if float(np.abs(found - beta).max()) <= CLOSE * (1 + float(np.abs(found).max())):
            return found
        beta = found
    return None


def _change(y: Floats, x: Floats, offset: Floats, beta: Floats, confidence: float) -> RateChange:
    mu, df = np.exp(x @ beta + offset), float(y.size - x.shape[1])
    dispersion = float(((y - mu) ** 2 / mu).sum()) / df
    covariance = np.linalg.inv(x.T @ (mu[:, None] * x)) * max(dispersion, 1.0)
    error, step = math.sqrt(float(covariance[2, 2])), float(beta[2])
    half = float(stdtrit(df, 0.5 + confidence / 2)) * error
    if not (error > 0 and abs(step) + half < LARGEST_EXPONENT):
        return RateChange(absent("undefined", TOO_LARGE), dispersion)
    p_value = float(2 * stdtr(df, -abs(step) / error))
    ratio = Bounded(math.exp(step), math.exp(step - half), math.exp(step + half), p_value)
    residuals = np.sign(y - mu) * np.sqrt(np.maximum(2 * (xlogy(y, y / mu) - (y - mu)), 0))
    neighbours = float(residuals[1:] @ residuals[:-1]) / max(float(residuals @ residuals), 1e-300)
    return RateChange(ratio, dispersion, neighbours, abs(neighbours) > 2 / math.sqrt(y.size))

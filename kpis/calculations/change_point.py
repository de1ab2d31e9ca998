"""When did the level change? The place that parts the values into two means best (CUSUM).

    S_k = Σ_{i ≤ k} (x_i − x̄),   k̂ = argmax |S_k|/√(k(n − k)/n)

which is the place of least squares for one change. How surely there is one at all: the largest |S_k|/(σ√n), σ the
long-run standard deviation, against Kolmogorov's distribution. It says when, never why: go-live is compared at the date
that was said beforehand, whatever this finds. Source: Page 1955; docs/methods.md "When it changed".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov

from kpis.calculations.defaults import FEW_INTERVALS_BELOW
from kpis.calculations.sequential import long_run_sigma

Floats = NDArray[np.float64]

NO_CHANGE: Final = "No change of level is to be seen."
TOO_SHORT: Final = "Below twelve values no place of a change can be told."
# The values were parted before their spread was measured, which makes it small: of series without any change 1 to 4 %
# are below 0.01, and 8 to 11 % below 0.05 (own simulation).
CLEAR_BELOW_P: Final = 0.01
EDGE: Final = 5  # values on either side at least: an outlier at the end is no change


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`at`: index of the first value of the new level; None with its reason. before, after : both means.

    p_value : of no change at all; None where nothing can be told.
    """

    at: int | None
    before: float | None = None
    after: float | None = None
    p_value: float | None = None
    reason: str = ""


def change_point(values: Floats) -> ChangePoint:
    """The one change of level that the values show best. values : shape (n,), evenly spaced, oldest first.

    Below twelve values, without variation, and where p is 0.01 or more there is none. Refuses (ValueError) numbers not
    finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    n = values.size
    if n < FEW_INTERVALS_BELOW.value:
        return ChangePoint(None, reason=TOO_SHORT)
    centred = values - values.mean()
    scale = float(np.abs(centred).max())
    if scale <= 1e-13 * float(np.abs(values).max()):
        return ChangePoint(None, reason=NO_CHANGE)
    sums = np.cumsum(centred / scale)[:-1]
    k = np.arange(1, n)
    weighed = np.abs(sums) / np.sqrt(k * (n - k) / n)
    weighed[: EDGE - 1] = weighed[n - EDGE :] = 0.0
    at = int(np.argmax(weighed)) + 1
    left, right = float(values[:at].mean()), float(values[at:].mean())
    residuals = np.where(np.arange(n) < at, values - left, values - right) / scale
    if float(np.abs(residuals).max()) <= 1e-13:
        return ChangePoint(at, left, right, 0.0)
    sigma = long_run_sigma(residuals, np.ones(n - 1, np.int64), parameters=2)
    largest = float(np.abs(sums[EDGE - 1 : n - EDGE]).max())
    p_value = float(kolmogorov(largest / (sigma * math.sqrt(n))))
    if p_value >= CLEAR_BELOW_P:
        return ChangePoint(None, p_value=p_value, reason=NO_CHANGE)
    return ChangePoint(at, left, right, p_value)

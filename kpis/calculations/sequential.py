"""An interval that stays valid though it is looked at every day.

A 95 % interval that is looked at daily excludes zero in a fifth to a quarter of all series without any effect. This one
does in 1 to 7 % (docs/methods.md "Valid under daily looks"; Waudby-Smith et al. 2024, Robbins' normal mixture).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from kpis.calculations.answer import Answer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIGHTEST_AT: Final = 30  # intervals after go-live at which the boundary is narrowest
FIRST_LOOK: Final = 14
LARGEST_PHI: Final = 0.97


def monitoring_half_width(
    sigma: float, *, n_before: float, n_after: int, confidence: float, strict: bool = False
) -> Answer:
    """Half the width of the monitoring interval around the estimated effect, in the unit of `sigma`.

    sigma : long-run standard deviation (`long_run_sigma`). n_before : intervals that the baseline is worth, at
    most how many it has. strict : the proven union bound, wider, instead of the simulated combination.

    `not_yet` before 14 intervals after go-live. Refuses (ValueError) a confidence outside 0..1 or no baseline.
    """
    if not 0 < confidence < 1 or not n_before > 0:
        raise ValueError("monitoring needs a confidence between 0 and 1 and a baseline")
    if n_after < FIRST_LOOK:
        return Answer(None, "not_yet", f"Daily monitoring begins with {FIRST_LOOK} intervals after go-live.")
    alpha = 1 - confidence
    if strict:
        shares = boundary(n_after, 0.6 * alpha), float(ndtri(1 - 0.2 * alpha)) / math.sqrt(n_before)
        return Answer(sigma * sum(shares), "ok")
    after, before = boundary(n_after, alpha / 2), float(ndtri(1 - alpha / 4)) ** 2 / n_before
    return Answer(sigma * math.sqrt(after**2 + before), "approximate")


def boundary(n: int, alpha: float) -> float:
    """Half-width of the confidence sequence of a mean of n values with standard deviation 1, two-sided at alpha."""
    log = -2 * math.log(alpha)
    kappa2 = (log + math.log(log + 1)) / TIGHTEST_AT
    return math.sqrt(2 * (n * kappa2 + 1) / (n * n * kappa2) * math.log(math.sqrt(n * kappa2 + 1) / alpha))


def long_run_sigma(residuals: Floats, gaps: Ints, *, parameters: int) -> float:
    """Standard deviation that a mean of dependent values behaves by: σ²(1 + φ)/(1 − φ), φ corrected for its bias.

    residuals : shape (n,), in the KPI's unit. gaps : shape (n − 1,), intervals to the one before.
    """
    n = residuals.size
    sigma2 = float(residuals @ residuals) / max(n - parameters, 1)
    neighbours = np.flatnonzero(gaps == 1)
    phi = 0.0
    if neighbours.size > 2:
        covariance = float(residuals[neighbours] @ residuals[neighbours + 1]) / neighbours.size
        phi = covariance * n / float(residuals @ residuals)
    phi = min(phi + (1 + 3 * phi) * 2 / n, LARGEST_PHI)
    return math.sqrt(sigma2 * (1 + phi) / (1 - phi)) if phi > -1 else math.sqrt(sigma2)

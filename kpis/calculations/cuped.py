"""A comparison of two randomised groups made sharper by what the same units did before (CUPED).

    y' = y − θ(x − x̄),  θ = cov(x, y)/var(x) over both groups;  the variance falls by 1 − ρ²

x is the same KPI of the unit before go-live; it must not know of the treatment. A unit without x gets the mean of the
others, and an indicator takes out how such units differ.
Source: Deng, Xu, Kohavi & Walker 2013; docs/methods.md "CUPED".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.answer import Bounded
from kpis.calculations.welch import Moments, difference

Floats = NDArray[np.float64]


def adjusted_difference(
    control: tuple[Floats, Floats], treated: tuple[Floats, Floats], *, confidence: float
) -> Bounded:
    """Mean of treated − control, in the KPI's unit, adjusted for the time before. Answers as `welch.difference`.

    control, treated : (y, x), shapes (n,) each; x is NaN for a unit that was not there before. An x that does not vary
    adjusts nothing. Refuses (ValueError) unequal lengths, y not finite, x infinite.
    """
    y = np.concatenate([control[0], treated[0]])
    x = np.concatenate([control[1], treated[1]])
    n = control[0].size
    if control[0].shape != control[1].shape or treated[0].shape != treated[1].shape:
        raise ValueError("each unit needs a value after and one before")
    if not np.isfinite(y).all() or np.isinf(x).any():
        raise ValueError("values must be finite; only a value before may be missing")
    if y.size:
        y = y - _explained(y, x)
    return difference(Moments.of(y[:n]), Moments.of(y[n:]), confidence=confidence)


def _explained(y: Floats, x: Floats) -> Floats:
    """What x, and whether it is known, explain of y, around zero; shape (n,)."""
    unknown = np.isnan(x)
    if unknown.all():
        return np.zeros(y.size)
    known = np.where(unknown, x[~unknown].mean(), x)
    columns = np.column_stack([known, unknown])
    columns = columns - columns.mean(axis=0)
    # Columns of one unit of spread, so that a column of rounding alone is seen to say nothing.
    spread = np.linalg.norm(columns, axis=0)
    used = spread > 1e-12 * np.array([np.abs(known).max() * y.size**0.5 + 1e-300, 1.0])
    columns = columns[:, used] / spread[used]
    theta = np.linalg.lstsq(columns, y - y.mean(), rcond=None)[0]
    explained: Floats = columns @ theta
    return explained

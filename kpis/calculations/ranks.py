"""Ordinal answers (1 to 5 stars): which side is higher, without taking the steps between marks for equal ones.

    U = Σ over all pairs (after > before) + ½ (after = before);   P = U/(n₀·n₁): 0.5 is no change
    z = (U − n₀n₁/2)/s,   s² = n₀n₁/12·(N + 1 − Σ(t³ − t)/(N(N − 1))),   t: how often each mark was given

P is the chance that one answer of after is the higher one of a pair drawn from both sides, ties shared (Mann & Whitney
1947). It stands beside the mean, never in its place. Source: docs/methods.md "Ordinal answers".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, TOO_FEW

Floats = NDArray[np.float64]


def higher_after(before: Floats, after: Floats, *, confidence: float) -> Bounded:
    """P(after > before) + ½·P(equal), 0..1, with its interval and the p-value of no difference (0.5).

    before, after : shape (n,), independent answers. The interval is that of Brunner & Munzel's estimate of the error of
    P, by the normal quantile on the logit, so that it stays within 0 and 1; the p-value is Mann and Whitney's with
    the correction for ties, without one for continuity. Below five answers on a side there is no interval.
    Refuses (ValueError) numbers not finite, a confidence outside 0..1.
    """
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise ValueError("values must be finite")
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    n, m = before.size, after.size
    if not (n and m):
        return absent("not_enough_data", NO_VALUES)
    ranks = midranks(np.concatenate([before, after]))
    pairs = float(n * m)
    u = float(ranks[n:].sum()) - m * (m + 1) / 2
    share = u / pairs
    if min(n, m) < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(share, reason=TOO_FEW)
    _, ties = np.unique(np.concatenate([before, after]), return_counts=True)
    total = n + m
    variance = pairs / 12 * (total + 1 - float((ties.astype(float) ** 3 - ties).sum()) / (total * (total - 1)))
    if variance <= 0:
        return Bounded(share, reason=NO_VARIATION)
    p_value = float(2 * ndtr(-abs(u - pairs / 2) / math.sqrt(variance)))
    low, high = _bounds(share, ranks, before, after, confidence)
    return Bounded(share, low, high, min(1.0, p_value))


def midranks(values: Floats) -> Floats:
    """Rank of each value from 1 on; equal ones share the mean of their ranks. Shape (n,) in and out."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle: Floats = np.cumsum(count) - (count - 1) / 2
    return middle[place]


def _bounds(share: float, ranks: Floats, before: Floats, after: Floats, confidence: float) -> tuple[float, float]:
    """By the placements of each answer among those of the other side; of all or none an exact bound: (1 − c)^(1/n)."""
    n, m = before.size, after.size
    above = ranks[:n] - midranks(before)  # how many of after lie below each of before
    below = ranks[n:] - midranks(after)
    error = math.sqrt(float(above.var(ddof=1)) / (n * m * m) + float(below.var(ddof=1)) / (m * n * n))
    if error == 0 or not 0 < share < 1:
        tail = ((1 - confidence) / 2) ** (1 / min(n, m))
        return (0.0, 1 - tail) if share < 0.5 else (tail, 1.0)
    logit, spread = math.log(share / (1 - share)), error / (share * (1 - share))
    half = float(ndtri(0.5 + confidence / 2)) * spread
    return tuple(1 / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1))  # type: ignore[return-value]

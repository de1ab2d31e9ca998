"""Shares of cases: one with Wilson's interval, the difference of two with Newcombe's.

    Wilson:    (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²))/(1 + z²/n)
    Newcombe:  d − √((p₁ − l₁)² + (u₀ − p₀)²)  to  d + √((u₁ − p₁)² + (p₀ − l₀)²),  l, u Wilson's ends of each share

Both stay within what is possible and hold with none and with all. Source: Wilson 1927; Newcombe 1998 (method 10);
docs/methods.md "Shares".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from kpis.calculations.answer import Bounded, absent

NO_CASES = "There are no cases, so there is no share."


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n` independent cases. Refuses (ValueError) what is not 0 ≤ hits ≤ n."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError("a share needs 0 <= hits <= n")

    @property
    def value(self) -> float:
        """hits/n, 0..1. Refuses (ValueError) no cases."""
        if not self.n:
            raise ValueError(NO_CASES)
        return self.hits / self.n


def wilson(share: Share, *, confidence: float) -> Bounded:
    """The share, 0..1, with its interval; `undefined` without cases."""
    if not share.n:
        return absent("undefined", NO_CASES)
    low, high = _wilson(share, confidence)
    return Bounded(share.value, low, high)


def newcombe(before: Share, after: Share, *, confidence: float) -> Bounded:
    """Share after − share before, in points of a share (0.05 is five percentage points).

    The p-value is that of equal shares (chi-square, pooled, not corrected). `undefined` without cases on a side.
    """
    if not (before.n and after.n):
        return absent("undefined", NO_CASES)
    p0, p1 = before.value, after.value
    (l0, u0), (l1, u1) = _wilson(before, confidence), _wilson(after, confidence)
    value = p1 - p0
    return Bounded(
        value, value - math.hypot(p1 - l1, u0 - p0), value + math.hypot(u1 - p1, p0 - l0), _equal(before, after)
    )


def _wilson(share: Share, confidence: float) -> tuple[float, float]:
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    p, n, z = share.value, share.n, float(ndtri(0.5 + confidence / 2))
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    # Rounding must not put none below zero, nor all above one.
    return (max(low, 0.0) if share.hits else 0.0), (min(high, 1.0) if share.hits < n else 1.0)


def _equal(before: Share, after: Share) -> float:
    pooled = (before.hits + after.hits) / (before.n + after.n)
    variance = pooled * (1 - pooled) * (1 / before.n + 1 / after.n)
    if variance == 0:
        return 1.0
    return float(2 * ndtr(-abs(after.value - before.value) / math.sqrt(variance)))

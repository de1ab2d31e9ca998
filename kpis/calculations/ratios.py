"""A ratio of sums over units, R = Σx/Σy, with an error that knows that the events of one unit belong together.

    Var(R) ≈ (s_x² − 2R·s_xy + R²·s_y²)/(n·ȳ²)

n counts units of randomisation or clusters (agents, customers, days), not events. A mean with weights is such a ratio:
x = Σvw and y = Σw of each unit. Source: Deng, Knoblich & Lu 2018; docs/methods.md "Ratios and clusters".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, interval, welch_df

Floats = NDArray[np.float64]

NO_DENOMINATOR = "The denominator is zero or too near it, so there is no ratio."
NOT_POSITIVE = "A share of a ratio that is not above zero says nothing."
TOO_FEW = "Below five units on a side there is no interval."


@dataclass(frozen=True, slots=True)
class Units:
    """What is kept of n units with numerator x and denominator y; mergeable.

    mean_x, mean_y : means over the units. m2_x, m2_y, c_xy : Σ(x − x̄)², Σ(y − ȳ)², Σ(x − x̄)(y − ȳ).
    """

    n: int
    mean_x: float = 0.0
    mean_y: float = 0.0
    m2_x: float = 0.0
    m2_y: float = 0.0
    c_xy: float = 0.0

    def followed_by(self, other: Units) -> Units:
        """Both together (Chan, Golub & LeVeque 1979, for products as for squares)."""
        n = self.n + other.n
        if not n:
            return self
        dx, dy = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        share = other.n / n
        between = self.n * share
        return Units(
            n,
            self.mean_x + dx * share,
            self.mean_y + dy * share,
            self.m2_x + other.m2_x + dx * dx * between,
            self.m2_y + other.m2_y + dy * dy * between,
            self.c_xy + other.c_xy + dx * dy * between,
        )


def of_units(x: Floats, y: Floats) -> Units:
    """One row for each unit; shapes (n,). Refuses (ValueError) unequal lengths and numbers not finite."""
    if x.ndim != 1 or x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must be two equally long rows of finite numbers")
    if not x.size:
        return Units(0)
    dx, dy = x - x.mean(), y - y.mean()
    return Units(x.size, float(x.mean()), float(y.mean()), float(dx @ dx), float(dy @ dy), float(dx @ dy))


def by_cluster(x: Floats, y: Floats, clusters: Sequence[Any] | NDArray[Any]) -> Units:
    """One row for each event, added up to one for each cluster; shapes (n,). Refusals as `of_units`."""
    names, place = np.unique(np.asarray(clusters), return_inverse=True)
    if place.shape != x.shape or x.shape != y.shape:
        raise ValueError("each event needs the name of its cluster")
    sums_x, sums_y = np.zeros((2, names.size))
    np.add.at(sums_x, place, x)
    np.add.at(sums_y, place, y)
    return of_units(sums_x, sums_y)


def ratio(units: Units, *, confidence: float) -> Bounded:
    """R in the unit of x by that of y, with a t interval of n − 1 degrees of freedom.

    `undefined` where Σy is zero or not told apart from it; without interval below five units or without variation.
    """
    if not units.n:
        return absent("not_enough_data", NO_VALUES)
    if units.mean_y == 0:
        return absent("undefined", NO_DENOMINATOR)
    value = units.mean_x / units.mean_y
    if units.n < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(value, reason=TOO_FEW)
    if _near_zero(units, confidence):
        return absent("undefined", NO_DENOMINATOR)
    variance = _variance(units)
    if variance <= (1e-13 * value) ** 2:
        return Bounded(value, reason=NO_VARIATION)
    found = interval(value, math.sqrt(variance), units.n - 1, confidence=confidence)
    return Bounded(value, found.low, found.high, None, found.status, found.reason)


def relative_change(before: Units, after: Units, *, confidence: float) -> Bounded:
    """R₁/R₀ − 1 as a share (0.1 is 10 % more), its interval from ln R₁ − ln R₀; the p-value is that of no change.

    Both ratios must lie above zero, else `undefined`. Refusals and missing intervals as `ratio`.
    """
    sides = [ratio(side, confidence=confidence) for side in (before, after)]
    known = [side.value for side in sides if side.value is not None]
    if len(known) < 2:
        return next(side for side in sides if side.value is None)
    old, new = known
    if min(old, new) <= 0:
        return absent("undefined", NOT_POSITIVE)
    value = new / old - 1
    if min(before.n, after.n) < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(value, reason=TOO_FEW)
    a, b = _variance(before) / old**2, _variance(after) / new**2
    if a + b <= 1e-26:
        return Bounded(value, reason=NO_VARIATION)
    log = interval(math.log(new / old), math.sqrt(a + b), welch_df(a, before.n, b, after.n), confidence=confidence)
    if log.low is None or log.high is None or log.high > 500:
        return Bounded(value, reason=NO_DENOMINATOR)
    return Bounded(value, math.expm1(log.low), math.expm1(log.high), log.p_value)


def _variance(units: Units) -> float:
    """Of R, by the delta method. The remainder Σ(x − R·y)² at its own mean of zero is never negative."""
    r = units.mean_x / units.mean_y
    remainder = units.m2_x - 2 * r * units.c_xy + r * r * units.m2_y
    return max(remainder, 0.0) / (units.n - 1) / units.n / units.mean_y**2


def _near_zero(units: Units, confidence: float) -> bool:
    """Whether the mean denominator's own interval holds zero."""
    error = math.sqrt(units.m2_y / (units.n - 1) / units.n)
    return abs(units.mean_y) <= float(stdtrit(units.n - 1, 0.5 + confidence / 2)) * error

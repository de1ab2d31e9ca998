"""Difference of means of many independent measurements, from what rollups keep of them.

    d = x̄₁ − x̄₀,  a = s₀²/n₀,  b = s₁²/n₁,  se = √(a + b),  df = 1/(q²/(n₀ − 1) + (1 − q)²/(n₁ − 1)),  q = a/(a + b)

Independent are events of different customers; events of one agent are not (`ratios.by_cluster`), nor are the values of
neighbouring intervals (`regression`). Source: Welch 1947; docs/methods.md "Welch".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from kpis.calculations.aggregation import LARGEST_VALUE, State
from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR, FEW_INTERVALS_BELOW

Floats = NDArray[np.float64]

NO_VALUES = "One of both sides has no values."
TOO_FEW = "Below five values on a side there is no interval."
FEW_VALUES = "There are few values, so the interval rests on assumptions."
NO_VARIATION = "The values do not vary, so nothing can be said about their uncertainty."
TOO_LARGE = "The values are too large to be compared."


@dataclass(frozen=True, slots=True)
class Moments:
    """What a comparison of means needs of n independent values: their mean and `variance` (of n − 1).

    n need not be whole: weighted values count as fewer. Refuses (ValueError) n or a variance below 0.
    """

    n: float
    mean: float
    variance: float

    def __post_init__(self) -> None:
        if not (self.n >= 0 and self.variance >= 0):
            raise ValueError("moments need a number of values and a variance of at least 0")

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Of plain values, shape (n,)."""
        if values.size < 2:
            return cls(values.size, float(values.sum()), 0.0)
        return cls(values.size, float(values.mean()), float(values.var(ddof=1)))

    @classmethod
    def of_state(cls, state: State) -> Moments:
        """Of a rollup. Weights w say how much each value counts: n = (Σw)²/Σw², variance M₂/(Σw − Σw²/Σw)."""
        if state.sum_w == 0 or state.sum_w2 == 0:
            return cls(0.0, 0.0, 0.0)
        rest = state.sum_w - state.sum_w2 / state.sum_w
        # With one value, or all the weight on one, nothing remains to see a variation by.
        variance = state.m2 / rest if rest > 1e-12 * state.sum_w else 0.0
        return cls(state.sum_w / (state.sum_w2 / state.sum_w), state.mean, variance)


def difference(before: Moments, after: Moments, *, confidence: float) -> Bounded:
    """Mean after − mean before, in the KPI's unit, with its interval and the p-value of no difference.

    Below five values on a side the difference has no interval; below twelve it is `approximate`. `undefined` without
    any value on a side. confidence : 0..1. Source: docs/methods.md "Welch".
    """
    if before.n == 0 or after.n == 0:
        return absent("not_enough_data", NO_VALUES)
    value = after.mean - before.mean
    if not (abs(value) <= LARGEST_VALUE and max(before.variance, after.variance) <= LARGEST_VALUE**2):
        return absent("undefined", TOO_LARGE)
    fewest = min(before.n, after.n)
    if fewest < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(value, reason=TOO_FEW)
    a, b = before.variance / before.n, after.variance / after.n
    if a + b <= (1e-13 * max(abs(before.mean), abs(after.mean))) ** 2:
        return Bounded(value, reason=NO_VARIATION)
    found = interval(value, math.sqrt(a + b), welch_df(a, before.n, b, after.n), confidence=confidence)
    if fewest < FEW_INTERVALS_BELOW.value and found.low is not None:
        return Bounded(value, found.low, found.high, found.p_value, "approximate", FEW_VALUES)
    return found


def welch_df(a: float, n: float, b: float, m: float) -> float:
    """Degrees of freedom of a sum of two independent squared errors a and b, of n and m values."""
    share = a / (a + b)
    return 1 / (share * share / (n - 1) + (1 - share) * (1 - share) / (m - 1))


def interval(value: float, error: float, df: float, *, confidence: float) -> Bounded:
    """value ± t_df · error, and the p-value of no difference. Refuses (ValueError) a confidence outside 0..1."""
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    half = float(stdtrit(df, 0.5 + confidence / 2)) * error
    if not math.isfinite(half):
        return Bounded(value, reason=TOO_LARGE)
    return Bounded(value, value - half, value + half, float(2 * stdtr(df, -abs(value) / error)))

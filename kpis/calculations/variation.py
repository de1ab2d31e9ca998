"""Do the values scatter more, or less, than before? The mean distance from the median, before and after.

Brown & Forsythe 1974 (Levene's test about the median): Student's comparison of |x − median|, which keeps its level on
skewed values, where a ratio of variances does not. Source: docs/methods.md "Variation".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, TOO_FEW, interval

Floats = NDArray[np.float64]


def change_of_variation(before: Floats, after: Floats, *, confidence: float) -> Bounded:
    """Mean distance from the median after − before, in the KPI's unit; above zero the values scatter more.

    before, after : shape (n,), independent values. Without interval below five values on a side, and where no
    distance differs from another. Refuses (ValueError) numbers not finite.
    """
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise ValueError("values must be finite")
    n, m = before.size, after.size
    if not (n and m):
        return absent("not_enough_data", NO_VALUES)
    old, new = (np.abs(values - np.median(values)) for values in (before, after))
    value = float(new.mean() - old.mean())
    if min(n, m) < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(value, reason=TOO_FEW)
    pooled = (float(old.var()) * n + float(new.var()) * m) / (n + m - 2)
    if pooled <= (1e-13 * float(max(np.abs(before).max(), np.abs(after).max()))) ** 2:
        return Bounded(value, reason=NO_VARIATION)
    return interval(value, math.sqrt(pooled * (1 / n + 1 / m)), n + m - 2, confidence=confidence)

"""Difference-in-differences of groups that differ in level: what is alike then is a ratio, not a difference.

    ln y_treated − ln y_control = g;   ratio = e^(ḡ after − ḡ before), the interval's ends exponentiated too

A week that is busier by a tenth takes 2 minutes more of 20 and 20 more of 200: the gap of plain values moves with every
shock, the gap of logarithms does not. The answer is a ratio of geometric means; money needs arithmetic ones, so it is
shown beside the effect, never booked. Source: docs/methods.md "Difference-in-differences".
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.difference import difference_of_means
from kpis.calculations.regression import Dependent, NoVariation, TooFew
from kpis.calculations.season import Season
from kpis.calculations.series import Series
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, TOO_FEW, TOO_LARGE

DIFFERS_FROM: Final = 1.5  # ratio of levels, either way, from which the scale matters
NOT_POSITIVE: Final = "A ratio needs values above zero in both groups."


def differ_in_level(treated: Series, control: Series) -> bool:
    """Whether the means of both groups are apart by a half of the smaller one or more; both above zero."""
    if not (treated.n and control.n and min(treated.mean, control.mean) > 0):
        return False
    return max(treated.mean, control.mean) >= DIFFERS_FROM * min(treated.mean, control.mean)


def ratio_effect(
    before: tuple[Series, Series], after: tuple[Series, Series], season: Season, *, confidence: float
) -> Bounded:
    """Treated after go-live over what it would have been, a ratio (0.8 is 20 % less); errors AR(1) by REML.

    before, after : treated and control over the same intervals. `undefined` where a value is not above zero; without
    interval below five values on a side. Refuses (ValueError) groups with unlike intervals.
    """
    sides = (*before, *after)
    if not (before[0].n and after[0].n):
        return absent("not_enough_data", NO_VALUES)
    if any((side.values <= 0).any() for side in sides):
        return absent("undefined", NOT_POSITIVE)
    then, now = (
        Series(np.log(t.values), t.positions).minus(Series(np.log(c.values), c.positions)) for t, c in (before, after)
    )
    plain = now.mean - then.mean
    if min(then.n, now.n) < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(math.exp(plain), reason=TOO_FEW)
    try:
        found = difference_of_means(then, now, season, confidence=confidence)
    except (NoVariation, Dependent, TooFew):
        return Bounded(math.exp(plain), reason=NO_VARIATION)
    half = found.half_width(confidence)
    if not (math.isfinite(half) and abs(found.effect) + half < 700):
        return absent("undefined", TOO_LARGE)
    ends = math.exp(found.effect - half), math.exp(found.effect + half)
    return Bounded(math.exp(found.effect), *ends, found.p_value)

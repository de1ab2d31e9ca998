"""How many intervals are needed to see an effect of a stated size, and when they will be there.

The effect is a difference of two means of dependent values, its variance σ²·(1/n_b + 1/n), σ the long-run standard
deviation (`sequential.long_run_sigma`). It is seen with probability 80 % where |effect| ≥ (z_{1−α/2} + z_{0.8})·se, so

    n = 1/( (effect/σ)²/(z_{1−α/2} + z_{0.8})² − 1/n_b )

Source: docs/methods.md "How much data is enough".
"""

from __future__ import annotations

import math
from datetime import datetime

from scipy.special import ndtri

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import POWER
from kpis.calculations.intervals import Calendar, Granularity

FARTHEST = 10_000  # intervals; beyond, "when" is no longer a date but a never


def intervals_needed(sigma: float, *, smallest_effect: float, n_before: float, confidence: float) -> Answer:
    """Intervals after go-live until an effect of this size is seen in four of five cases.

    sigma, smallest_effect : in the KPI's unit; of the effect only its size counts. n_before : intervals that the
    baseline is worth. `none` where the baseline alone is too uncertain for any number of intervals to be enough, or the
    number is above 10,000. Refuses (ValueError) numbers not finite or below zero, an effect of zero, no baseline.
    """
    size = abs(smallest_effect)
    if not (0 <= sigma < math.inf and 0 < size < math.inf and n_before > 0 and 0 < confidence < 1):
        raise ValueError("planning needs a variation, an effect, a baseline and a confidence between 0 and 1")
    if sigma == 0:
        return Answer(1.0, "approximate", "The values did not vary so far.")
    quantiles = float(ndtri(0.5 + confidence / 2) + ndtri(POWER.value))
    left = (size / sigma / quantiles) ** 2 - 1 / n_before
    if left <= 0:
        return Answer(
            None, "none", "The baseline is too short, or varies too much, for an effect of this size to be seen."
        )
    if 1 / left > FARTHEST:
        return Answer(None, "none", "More intervals would be needed than anybody can wait for.")
    return Answer(math.ceil(1 / left), "approximate")


def enough_at(
    more: int, *, since: datetime, calendar: Calendar, granularity: Granularity, present: float
) -> datetime | None:
    """End of the interval with which `more` further ones have values; None where it cannot be foreseen.

    since : start of the first interval that is not counted yet, in UTC. present : share of the intervals of late that
    had a value, 0..1: with gaps it takes longer. `since` itself where nothing more is needed. Refuses (ValueError) a
    share outside 0..1, less than no interval.
    """
    if more < 0 or not 0 <= present <= 1:
        raise ValueError("a forecast needs a number of intervals and a share between 0 and 1")
    if not more:
        return since
    if not present or more / present > FARTHEST:
        return None
    end = since
    for _ in range(math.ceil(more / present - 1e-9)):
        end = calendar.end_of(end, granularity)
    return end

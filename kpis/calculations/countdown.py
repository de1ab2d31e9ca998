"""Will there be enough intervals for a baseline when go-live comes? Counting, no statistics.

With n intervals measured, `needed` needed, `left` whole ones until go-live and a share `pace` of the intervals of late
that had a value, ⌊left · pace⌋ more will come. A tenth of what is needed is kept as slack: a holiday week or a day's
outage must not decide whether anything can be proved. Source: docs/methods.md "The baseline's clock".
"""

from __future__ import annotations

import math
from typing import Final, Literal

from kpis.calculations.defaults import BASELINE_SLACK

Prospect = Literal["enough", "will_suffice", "just_suffices", "will_not_suffice"]

A_HAIR: Final = 1e-9  # 5 of 7 days for 14 days are 10, whatever the last bit says


def prospect(n: int, needed: int, *, left: int, pace: float) -> Prospect:
    """How it looks now. Refuses (ValueError) counts below zero, none needed, a pace outside 0..1."""
    if min(n, left) < 0 or needed < 1 or not 0 <= pace <= 1:
        raise ValueError("a countdown needs counts and a pace between 0 and 1")
    if n >= needed:
        return "enough"
    to_spare = n + math.floor(left * pace + A_HAIR) - needed
    if to_spare < 0:
        return "will_not_suffice"
    return "just_suffices" if to_spare < slack(needed) else "will_suffice"


def slack(needed: int) -> int:
    """How many intervals more than needed make it safe; one at least."""
    return max(1, math.ceil(needed * BASELINE_SLACK.value))


def pace_of(had_value: int, passed: int, *, at_most: float) -> float:
    """Share of the intervals that passed of late which had a value; `at_most` where none has passed yet.

    at_most : share in which values are due at all, 5/7 where only working days count.
    """
    return at_most if passed < 1 else min(at_most, had_value / passed)

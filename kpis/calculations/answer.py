"""A number, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

WITH_A_NUMBER: Final = frozenset({"ok", "approximate", "provisional"})
WITHOUT_A_NUMBER: Final = frozenset(
    {"not_yet", "not_enough_data", "undefined", "none", "multiple", "not_meaningful"},
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One figure with its status, so that a missing number can never pass as 0 or NaN.

    value : finite float in the unit that the asking function names, or None.
    status : `ok`, `approximate` and `provisional` carry a number; `not_yet`, `not_enough_data`, `undefined`,
        `none`, `multiple` and `not_meaningful` carry none.
    reason : one English sentence; obligatory where there is no number.

    Refuses (ValueError) NaN, infinities, unknown statuses, a number with a status that has none and the reverse.
    """

    value: float | None
    status: str = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status in WITH_A_NUMBER:
            if self.value is None or not math.isfinite(self.value):
                raise ValueError(f"status {self.status!r} needs a finite number, not {self.value!r}")
            # numpy's scalars are no JSON numbers; a plain float is.
            object.__setattr__(self, "value", float(self.value))
        elif self.status in WITHOUT_A_NUMBER:
            if self.value is not None or not self.reason:
                raise ValueError(f"status {self.status!r} takes no number and needs a reason")
        else:
            raise ValueError(f"unknown status {self.status!r}")

    @property
    def exists(self) -> bool:
        """Whether there is a number at all."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Bounded:
    """One figure with its interval; each of the two may be missing, and then `reason` says why.

    value, status : as in `Answer`. low, high : the interval, both ends or none, in the unit of `value`.
    p_value : probability of a difference at least as large if there were none; None where nothing is compared.

    Refuses (ValueError) what `Answer` refuses, half an interval, ends out of order, a missing interval without reason,
    a p-value outside 0..1.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    status: str = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", Answer(self.value, self.status, self.reason).value)
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends")
        if self.low is None or self.high is None:
            if not self.reason:
                raise ValueError("a missing interval needs a reason")
        elif not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError("an interval needs two finite ends in order")
        if self.p_value is not None and not 0 <= self.p_value <= 1:
            raise ValueError("a p-value lies between 0 and 1")

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero; never where there is none."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def absent(status: str, reason: str) -> Bounded:
    """No figure and no interval."""
    return Bounded(None, status=status, reason=reason)

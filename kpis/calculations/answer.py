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

"""Did the newest value move beyond what is usual? Shewhart's chart of individual values, for one look a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpis.calculations.control_chart import D2, SIGMAS
from kpis.calculations.defaults import SPC_TRIAL

LOOKED_BACK = 26  # half a year of weeks: what was usual long ago is not usual now


@dataclass(frozen=True, slots=True)
class Movement:
    """The newest value beside what was usual before it, in the values' unit; `direction` is +1, −1 or 0 (as usual)."""

    value: float
    usual: float
    low: float
    high: float
    direction: int


def movement(values: Sequence[float]) -> Movement | None:
    """Judge the last of `values`, oldest first, by those before it; None where fewer than twelve stand before it.

    The limits are the mean ± 2.66 mean moving ranges (three standard deviations, estimated from neighbouring values,
    so that an old shift does not widen them). Values that never differed have no width: any other value has moved.
    Refuses (ValueError) values that are not finite.
    Source: docs/methods.md "What moved in a week".
    """
    if not np.isfinite(values).all():
        raise ValueError("only finite values can be compared")
    before = np.asarray(values[:-1], float)[-LOOKED_BACK:]
    if before.size < SPC_TRIAL.value:
        return None
    usual = float(before.mean())
    width = SIGMAS * float(np.abs(np.diff(before)).mean()) / D2
    value, low, high = float(values[-1]), usual - width, usual + width
    return Movement(value, usual, low, high, int(value > high) - int(value < low))

"""Which patterns on a control chart are too rare to be chance: Nelson's rules, and what follows from them.

1 beyond 3σ · 2 nine on one side · 3 six rising or falling · 4 fourteen alternating · 5 two of three beyond 2σ on one
side · 6 four of five beyond 1σ on one side · 7 fifteen within 1σ · 8 eight outside 1σ

Strict inequalities: a point on the centre line ends a run, equal neighbours end a trend. A pattern is reported at its
last point. Rules 1 and 2 are alarms, 5 and 6 hints, the others are not asked: all eight cry wolf every 60 points.
Source: Nelson 1984; ISO 7870-2:2023; docs/methods.md "Control charts".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kpis.calculations.defaults import SPC_RULES

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HINTS: Final = (5, 6)
NEW_LEVEL_AFTER: Final = 20  # points on one side: the process has settled elsewhere


def broken(z: Floats, rule: int) -> Mask:
    """At which points a pattern of the rule (1 to 8) ends; shape (n,). z : distances from the centre in sigmas."""
    if rule not in _RULES:
        raise ValueError(f"there is no rule {rule}; Nelson's have the numbers 1 to 8")
    return _RULES[rule](z)


def alarms(z: Floats, *, dependent: bool = False) -> Mask:
    """Points with an alarm: rules 1 and 2; of dependent values (`Limits.dependent`) rule 1 alone; shape (n,)."""
    rules = (1,) if dependent else SPC_RULES.value
    return _any(z, rules)


def hints(z: Floats) -> Mask:
    """Points worth a look, not a mail: rules 5 and 6; shape (n,)."""
    return _any(z, HINTS)


def persisting(alarm: Mask) -> Mask:
    """Where two of the last three points are alarms, the newest among them: what a mail is sent for; shape (n,)."""
    return _of_last(alarm, 2, 3)


def settled_elsewhere(z: Floats) -> bool:
    """Whether the newest 20 points lie on one side: time for a person to look at new limits."""
    newest = z[-NEW_LEVEL_AFTER:]
    return newest.size == NEW_LEVEL_AFTER and bool((newest > 0).all() or (newest < 0).all())


def _any(z: Floats, rules: tuple[int, ...]) -> Mask:
    found = np.zeros(z.size, np.bool_)
    for rule in rules:
        found |= broken(z, rule)
    return found


def _of_last(row: Mask, some: int, size: int) -> Mask:
    """Whether `some` of the last `size` entries hold, the newest among them: patterns end where they were completed."""
    # Before the first point there is nothing that could hold.
    padded = np.concatenate([np.zeros(size - 1, np.bool_), row])
    held: Mask = row & (sliding_window_view(padded, size).sum(axis=1) >= some if row.size else row)
    return held


def _all_of(row: Mask, size: int) -> Mask:
    return _of_last(row, size, size)


def _one_side(z: Floats, size: int) -> Mask:
    return _all_of(z > 0, size) | _all_of(z < 0, size)


def _trend(z: Floats) -> Mask:
    steps = np.diff(z, prepend=z[:1])
    return _all_of(steps > 0, 5) | _all_of(steps < 0, 5)


def _alternation(z: Floats) -> Mask:
    steps = np.diff(z)
    turns = np.zeros(z.size, bool)
    turns[2:] = steps[1:] * steps[:-1] < 0
    return _all_of(turns, 12)


def _zone(z: Floats, sigmas: float, some: int, size: int) -> Mask:
    return _of_last(z > sigmas, some, size) | _of_last(z < -sigmas, some, size)


_RULES: Final[dict[int, Callable[[Floats], Mask]]] = {
    1: lambda z: np.abs(z) > 3,
    2: lambda z: _one_side(z, 9),
    3: _trend,
    4: _alternation,
    5: lambda z: _zone(z, 2, 2, 3),
    6: lambda z: _zone(z, 1, 4, 5),
    7: lambda z: _all_of(np.abs(z) < 1, 15),
    8: lambda z: _all_of(np.abs(z) > 1, 8),
}

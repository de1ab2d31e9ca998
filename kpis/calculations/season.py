"""What repeats by the calendar: weekdays, hours of the day, the year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.intervals import Granularity
from kpis.calculations.series import Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Season:
    """Which repetitions a model allows for.

    cycles : pairs (length, block): each of `length` phases, `block` intervals long, has a level of its own;
        (7, 1) are the weekdays of daily values. waves : periods in intervals; each gets two pairs of sine and cosine.
    """

    cycles: tuple[tuple[int, int], ...] = ()
    waves: tuple[float, ...] = ()

    def columns(self, positions: Ints) -> Floats:
        """Columns of the model, shape (n, s); one phase of each cycle is left out because the level stands for it."""
        columns: list[Floats] = []
        for length, block in self.cycles:
            phase = positions // block % length
            columns += [(phase == p).astype(float) for p in range(1, length)]
        for period in self.waves:
            for harmonic in (1, 2):
                angle = 2 * np.pi * harmonic * (positions % (1000 * period)) / period
                columns += [np.sin(angle), np.cos(angle)]
        return np.column_stack(columns) if columns else np.empty((positions.size, 0))

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {"cycles": [list(cycle) for cycle in self.cycles], "waves": list(self.waves)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Season:
        """The season that `as_json` wrote."""
        return cls(tuple((int(a), int(b)) for a, b in stored["cycles"]), tuple(float(w) for w in stored["waves"]))


NO_SEASON = Season()


def season_of(baseline: Series, granularity: Granularity | None, *, length: int | None = None) -> Season:
    """The season that a baseline is long enough to show; decided by its length alone, never by what it shows.

    Daily: weekdays from 28 values on. Hourly: hours of the day and weekdays from 14 days on. A year needs two years
    of baseline: a wave for daily, weekly and monthly values. Quarterly: none. `length` names a cycle oneself
    (in intervals) and is used where the baseline holds it twice.
    """
    if not baseline.n:
        return NO_SEASON
    if length is not None:
        return Season(cycles=((length, 1),)) if length > 1 and baseline.n >= 2 * length else NO_SEASON
    span = int(baseline.positions[-1] - baseline.positions[0]) + 1
    match granularity:
        case Granularity.DAY:
            return Season(((7, 1),) if baseline.n >= 28 else (), (365.2425,) if span >= 730 else ())
        case Granularity.HOUR:
            return Season(((24, 1), (7, 24)) if baseline.n >= 336 else ())
        case Granularity.WEEK:
            return Season(waves=(52.1775,) if span >= 104 else ())
        case Granularity.MONTH:
            return Season(waves=(12.0,) if span >= 24 else ())
    return NO_SEASON


def usable(needed: Floats, seasonal: Floats) -> list[int]:
    """Which seasonal columns add something of their own to the needed ones and to each other; their numbers.

    A weekday that never occurs has an empty column, a monthly pattern may coincide with a quarterly one.
    """
    kept: list[int] = []
    basis, _ = np.linalg.qr(needed)
    for j in range(seasonal.shape[1]):
        rest = seasonal[:, j] - basis @ (basis.T @ seasonal[:, j])
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > 1e-8 * max(float(np.linalg.norm(seasonal[:, j])), 1e-8):
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
            kept.append(j)
    return kept

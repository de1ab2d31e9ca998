"""Interval values in time order, with their places on the calendar."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.aggregation import LARGEST_VALUE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Complete interval values of one KPI.

    values : shape (n,), in the KPI's unit. positions : shape (n,), running numbers of the intervals
    (`Calendar.positions_of`), increasing; a missing interval leaves its number out.
    Refuses (ValueError) unequal lengths, numbers not finite or far beyond any interval value, positions that do not
    increase.
    """

    values: Floats
    positions: Ints

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.shape != self.positions.shape:
            raise ValueError("a series needs as many positions as values")
        # Interval values end at LARGEST_VALUE; differences of two of them still fit.
        if not (np.abs(self.values) <= 10 * LARGEST_VALUE).all():
            raise ValueError("the values of a series must be finite numbers, as interval values are")
        if (np.diff(self.positions) < 1).any():
            raise ValueError("the positions of a series must increase")

    @classmethod
    def of(cls, values: Iterable[float], *, start: int = 0) -> Series:
        """A series without gaps whose first interval has the number `start`."""
        row = np.array(list(values), dtype=np.float64)
        return cls(row, np.arange(start, start + row.size, dtype=np.int64))

    @property
    def n(self) -> int:
        """How many intervals have a value."""
        return self.values.size

    @property
    def mean(self) -> float:
        """Plain mean of the interval values. Refuses (ValueError) an empty series."""
        if not self.n:
            raise ValueError("an empty series has no mean")
        return math.fsum(self.values.tolist()) / self.n

    def followed_by(self, later: Series) -> Series:
        """Both as one series. Refuses (ValueError) a later series that does not lie behind this one."""
        return Series(np.concatenate([self.values, later.values]), np.concatenate([self.positions, later.positions]))

    def without(self, first: int, end: int) -> Series:
        """The series without the positions `first` ≤ p < `end`."""
        keep = (self.positions < first) | (self.positions >= end)
        return Series(self.values[keep], self.positions[keep])

    def minus(self, other: Series) -> Series:
        """Differences where both have a value; intervals without a partner are left out."""
        positions, mine, theirs = np.intersect1d(self.positions, other.positions, return_indices=True)
        return Series(self.values[mine] - other.values[theirs], positions)

    @property
    def gaps(self) -> Ints:
        """Intervals from each value to the next one, shape (n − 1,); 1 where none is missing."""
        return np.diff(self.positions)

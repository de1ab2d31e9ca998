"""A histogram with logarithmic bins: quantiles of any number of values with a stated relative error, mergeable.

The bins are those of DDSketch (Masson, Rim & Lee 2019): value x > 0 falls into bin ⌈ln x / ln γ⌉ with
γ = (1 + ε)/(1 − ε). Negative values mirror the positive ones, zero has a bin of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RELATIVE_ERROR: Final = 0.01
LN_GAMMA: Final = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
# Lifts every bin of a double above 0, so that one signed key orders all bins as their values are ordered.
LIFT: Final = 40_000

Keys = NDArray[np.int32]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Counts of values by bin.

    keys : shape (b,), strictly increasing; sign(x)·(bin + LIFT), 0 for zero.
    counts : shape (b,), values in each bin, at least 1.
    """

    keys: Keys
    counts: Counts

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sketch)
            and np.array_equal(self.keys, other.keys)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def n(self) -> int:
        """How many values it holds."""
        return int(self.counts.sum())

    def quantile(self, q: float) -> float:
        """The value at rank ⌊q(n − 1)⌋, within ±1 % of itself. Refuses (ValueError) q outside 0..1 or no values."""
        if not 0 <= q <= 1 or not self.keys.size:
            raise ValueError("a quantile needs 0 <= q <= 1 and at least one value")
        rank = math.floor(q * (self.n - 1))
        return float(values_of(self.keys)[int(np.searchsorted(np.cumsum(self.counts), rank, side="right"))])

    def as_json(self) -> dict[str, Any]:
        """Keys as steps from the one before, counts beside them: short in JSON."""
        return {
            "error": RELATIVE_ERROR,
            "steps": np.diff(self.keys, prepend=0).tolist(),
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Sketch:
        """Refuses (ValueError) bins of another relative error, which cannot be merged with ours."""
        if stored["error"] != RELATIVE_ERROR:
            raise ValueError(f"these bins have a relative error of {stored['error']}, not {RELATIVE_ERROR}")
        return cls(np.cumsum(np.array(stored["steps"], np.int32), dtype=np.int32), np.array(stored["counts"], np.int64))


def keys_of(values: NDArray[np.float64]) -> Keys:
    """The key of each value's bin; shape (n,) in and out, values finite."""
    sizes = np.abs(values)
    bins = np.ceil(np.log(np.where(sizes > 0, sizes, 1.0)) / LN_GAMMA)
    return np.where(sizes > 0, np.sign(values) * (bins + LIFT), 0.0).astype(np.int32)


def values_of(keys: Keys) -> NDArray[np.float64]:
    """The value that stands for each bin: 2γ^bin/(γ + 1), at most ε away from every value in it."""
    exponents = (np.abs(keys).astype(np.float64) - LIFT) * LN_GAMMA + math.log1p(-RELATIVE_ERROR)
    # The last bin of a double reaches beyond the largest double.
    sizes = np.exp(np.minimum(exponents, math.log(np.finfo(np.float64).max)))
    return np.where(keys == 0, 0.0, np.sign(keys) * sizes)


def sketch_of(values: NDArray[np.float64]) -> Sketch:
    """Sketch of the values; shape (n,), finite."""
    keys, counts = np.unique(keys_of(values), return_counts=True)
    return Sketch(keys, counts.astype(np.int64))


def merged(sketches: Sequence[Sketch]) -> Sketch:
    """The sketch of all their values together: exactly what `sketch_of` gives for the whole."""
    if not sketches:
        return Sketch(np.empty(0, np.int32), np.empty(0, np.int64))
    keys, place = np.unique(np.concatenate([s.keys for s in sketches]), return_inverse=True)
    counts = np.zeros(keys.size, np.int64)
    np.add.at(counts, place, np.concatenate([s.counts for s in sketches]))
    return Sketch(keys, counts)

"""Assumptions with a low, a likely and a high value, and what they are worth in random draws."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

Floats = NDArray[np.float64]

LOW_SHARE: Final = 0.10
HIGH_SHARE: Final = 0.90


@dataclass(frozen=True, slots=True)
class Range:
    """One assumption: `likely` is booked, `low` and `high` say how sure it is; in the assumption's own unit.

    reading : what low and high mean. `p10_p90` (default): in one of ten cases it is lower, in one of ten higher.
    `min_max`: never lower or higher. is_share : it lies within 0..1, and draws beyond are held there; other
    assumptions that are not negative are held above 0.
    Refuses (ValueError) numbers not finite, out of order, and shares outside 0..1.
    """

    low: float
    likely: float
    high: float
    is_share: bool = False
    reading: Literal["p10_p90", "min_max"] = "p10_p90"

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.low, self.likely, self.high))):
            raise ValueError("a range consists of finite numbers")
        if not self.low <= self.likely <= self.high:
            raise ValueError("a range needs low <= likely <= high")
        if self.is_share and not (self.low >= 0 and self.high <= 1):
            raise ValueError("a share lies between 0 and 1")

    @property
    def is_certain(self) -> bool:
        """Whether there is only one value."""
        return self.low == self.high

    def ends(self) -> tuple[float, float]:
        """Smallest and largest value of the PERT distribution that has this range."""
        if self.reading == "min_max" or self.is_certain:
            return self.low, self.high
        mode = _mode_within_ends((self.likely - self.low) / (self.high - self.low))
        a, b = _shape(mode)
        width = (self.high - self.low) / float(betaincinv(a, b, HIGH_SHARE) - betaincinv(a, b, LOW_SHARE))
        start = self.low - width * float(betaincinv(a, b, LOW_SHARE))
        return start, start + width

    def draw(self, rng: np.random.Generator, n: int, *, like: Range | None = None) -> Floats:
        """n draws of the PERT distribution with mode `likely`, in the assumption's unit; shape (n,).

        like : draw together with this range, quantile by quantile: the same generator gives draws of both that rise
        and fall together.
        """
        if self.is_certain:
            return np.full(n, self.likely)
        start, end = self.ends()
        a, b = self._shape()
        if like is None or like.is_certain or like._shape() == (a, b):
            place = rng.beta(a, b, n)
        else:
            first = like._shape()
            place = betaincinv(a, b, betainc(*first, rng.beta(*first, n)))
        drawn = start + (end - start) * place
        if self.is_share:
            return np.clip(drawn, 0.0, 1.0)
        return np.maximum(drawn, 0.0) if self.low >= 0 else drawn

    def _shape(self) -> tuple[float, float]:
        """Of the beta distribution; refuses to be asked of a certain range."""
        start, end = self.ends()
        return _shape(min(max((self.likely - start) / (end - start), 0.0), 1.0))


def seed_of(text: str) -> int:
    """A seed that is the same for the same text on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _shape(mode: float) -> tuple[float, float]:
    """Parameters of the beta distribution of a PERT on 0..1 with this mode."""
    return 1 + 4 * mode, 1 + 4 * (1 - mode)


@lru_cache(maxsize=1_000)
def _mode_within_ends(place: float) -> float:
    """Where the mode lies between the ends, if it lies at `place` (0..1) between P10 and P90; by bisection.

    The place of the mode rises from below 0 (mode at the lower end) to above 1, so there is exactly one answer.
    """
    below, above = 0.0, 1.0
    for _ in range(60):
        middle = (below + above) / 2
        a, b = _shape(middle)
        low, high = (float(betaincinv(a, b, share)) for share in (LOW_SHARE, HIGH_SHARE))
        if (middle - low) / (high - low) < place:
            below = middle
        else:
            above = middle
    return (below + above) / 2

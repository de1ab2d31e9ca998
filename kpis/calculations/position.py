"""Where a KPI stands beside a published figure, and never more precisely than the figure allows.

A percentile is the share of the population that one is *better* than, 0..1. Source of each rule: docs/methods.md
"Benchmark position".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from scipy.special import betainc, ndtr

Direction = Literal["increase", "decrease"]
Word = Literal["ahead", "level", "behind", "best", "worst", "above", "within", "below"]
Exactness = Literal["interpolated", "coarse", "approximate", "bound", "none"]

SKEWED_ABOVE: Final = 0.3  # standard deviation over mean, of a metric that cannot be negative
NO_PERCENTILE: Final = "A single figure says nothing about how the others are spread."


@dataclass(frozen=True, slots=True)
class Reading:
    """The own value with its interval where it has one, in the benchmark's unit.

    Refuses (ValueError) numbers not finite, half an interval, an interval that does not hold the value.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError("the own value must be finite")
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError("the interval must hold the value")

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high; the value twice where there is no interval."""
        return (self.value if self.low is None else self.low), (self.value if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class Position:
    """Where one stands.

    position : best and worst lie outside the published quantiles; above, within and below compare effects; level is
    not distinguishable. percentile : two digits, None where none can be claimed. bounds : between which shares it
    lies, from the published figure or from the own interval. exactness : how the percentile came to be.
    difference : own value − published figure, in its unit, where there is one figure. reasons : why a member is None.
    """

    position: Word
    percentile: float | None
    bounds: tuple[float, float] | None
    exactness: Exactness
    difference: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def among_quantiles(own: Reading, quantiles: Sequence[tuple[float, float]], direction: Direction) -> Position:
    """Among published quantiles (p, value), p the share at or below the value; linear between them, nothing beyond.

    Two quantiles are `coarse`, one is a `bound`. Refuses (ValueError) p outside 0..1 or twice, values that fall while p
    rises, no quantiles.
    """
    steps = _checked(quantiles)
    if len(steps) == 1:
        return _beside_one(own, steps[0], direction)
    lowest, highest = _share_below(own.value, steps)
    better = _better(lowest, highest, direction)
    if own.value < steps[0][1] or own.value > steps[-1][1]:
        word: Word = "best" if better[1] == 1.0 else "worst"
        reason = "The value lies outside the published quantiles."
        return Position(word, None, better, "bound", reasons={"percentile": reason})
    exactness: Exactness = "interpolated" if len(steps) > 2 else "coarse"
    low, high = own.ends
    spread = _better(_share_below(low, steps)[0], _share_below(high, steps)[1], direction)
    word = _beside(spread, better)
    if lowest != highest:
        reason = "Several published quantiles have this value."
        return Position(word, None, _rounded(better), "coarse", reasons={"percentile": reason})
    bounds = _rounded(spread) if own.low is not None else None
    return Position(word, round(better[0], 2), bounds, exactness)


def among_normal(own: Reading, mean: float, sd: float, direction: Direction, *, is_share: bool = False) -> Position:
    """Among a population of which mean and standard deviation are known: always `approximate`.

    Shares (0..1) as a beta distribution; what cannot be negative and has sd/mean > 0.3 as log-normal; else normal.
    Never below 0.01 or above 0.99. Refuses (ValueError) sd ≤ 0, numbers not finite, an impossible spread of shares.
    """
    if not (math.isfinite(mean) and math.isfinite(sd)) or sd <= 0:
        raise ValueError("a population needs a finite mean and a standard deviation above 0")
    if is_share and not (0 < mean < 1 and sd * sd < mean * (1 - mean)):
        raise ValueError("shares between 0 and 1 cannot have this mean and standard deviation")
    low, high = own.ends
    below = [min(max(_distribution(x, mean, sd, is_share), 0.01), 0.99) for x in (own.value, low, high)]
    better = _better(below[0], below[0], direction)
    spread = _better(below[1], below[2], direction)
    bounds = _rounded(spread) if own.low is not None else None
    return Position(_beside(spread, better), round(better[0], 2), bounds, "approximate")


def beside_point(
    own: Reading, point: float, direction: Direction, *, published: tuple[float, float] | None = None
) -> Position:
    """Ahead of or behind one figure; level where the own interval, or the published one, does not tell them apart."""
    low, high = own.ends
    least, most = published if published is not None else (point, point)
    if not (math.isfinite(point) and least <= point <= most):
        raise ValueError("the published figure must be finite and lie in its interval")
    word: Word = "level"
    if low > most or high < least:
        word = "ahead" if (low > most) == (direction == "increase") else "behind"
    return Position(word, None, None, "none", own.value - point, {"percentile": NO_PERCENTILE})


def beside_range(own: Reading, low: float, high: float, direction: Direction) -> Position:
    """Inside a range without statistical meaning (level), or on its better or worse side."""
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError("a range needs two finite ends in order")
    word: Word = "level"
    if own.value < low or own.value > high:
        word = "ahead" if (own.value > high) == (direction == "increase") else "behind"
    return Position(word, None, None, "none", reasons={"percentile": "A range does not say how values are spread."})


def beside_effect(own: Reading, point: float, *, published: tuple[float, float] | None = None) -> Position:
    """Own improvement beside that of a study (both: more is better): above, within or below, never a percentile."""
    result = beside_point(own, point, "increase", published=published)
    words: dict[Word, Word] = {"ahead": "above", "level": "within", "behind": "below"}
    reason = "An effect of a study is no distribution of firms."
    return Position(words[result.position], None, None, "none", result.difference, {"percentile": reason})


def _beside_one(own: Reading, quantile: tuple[float, float], direction: Direction) -> Position:
    p, value = quantile
    low, high = own.ends
    reasons = {"percentile": "Only one quantile is published, so one is on this side of it or on the other."}
    if low < value < high or own.value == value:
        return Position("level", None, None, "bound", own.value - value, reasons)
    bounds = _better(*((p, 1.0) if own.value > value else (0.0, p)), direction)
    is_better_side = bounds[1] == 1.0
    word: Word = "ahead" if is_better_side else "behind"
    # The better side of a demanding quantile, and the worse side of an undemanding one, are the ends of the field.
    if is_better_side and bounds[0] > 0.5:
        word = "best"
    elif not is_better_side and bounds[1] < 0.5:
        word = "worst"
    return Position(word, None, _rounded(bounds), "bound", own.value - value, reasons)


def _checked(quantiles: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    steps = sorted(quantiles)
    if not steps or not all(0 <= p <= 1 and math.isfinite(value) for p, value in steps):
        raise ValueError("quantiles need a share from 0 to 1 and a finite value each")
    for (p, value), (q, following) in pairwise(steps):
        if p == q or following < value:
            raise ValueError("quantiles need different shares, and values that do not fall while the share rises")
    return steps


def _share_below(value: float, steps: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Between which shares at or below the value lies; one share twice where the quantiles tell."""
    if value < steps[0][1]:
        return 0.0, steps[0][0]
    if value > steps[-1][1]:
        return steps[-1][0], 1.0
    here = [p for p, known in steps if known == value]
    if here:
        return here[0], here[-1]
    after = next(i for i, (_, known) in enumerate(steps) if known > value)
    (p, low), (q, high) = steps[after - 1], steps[after]
    share = p + (q - p) * (value - low) / (high - low)
    return share, share


def _better(low: float, high: float, direction: Direction) -> tuple[float, float]:
    return (low, high) if direction == "increase" else (1 - high, 1 - low)


def _beside(spread: tuple[float, float], better: tuple[float, float]) -> Word:
    """Ahead of or behind the middle of the field; level where the own interval covers it."""
    if spread[0] <= 0.5 <= spread[1]:
        return "level"
    return "ahead" if better[0] > 0.5 else "behind"


def _distribution(value: float, mean: float, sd: float, is_share: bool) -> float:
    """Share of the population at or below the value."""
    if is_share:
        size = mean * (1 - mean) / sd**2 - 1
        return float(betainc(mean * size, (1 - mean) * size, min(max(value, 0.0), 1.0)))
    if mean > 0 and value >= 0 and sd / mean > SKEWED_ABOVE:
        variance = math.log1p((sd / mean) ** 2)
        centre = math.log(mean) - variance / 2
        return float(ndtr((math.log(value) - centre) / math.sqrt(variance))) if value > 0 else 0.0
    return float(ndtr((value - mean) / sd))


def _rounded(bounds: tuple[float, float]) -> tuple[float, float]:
    return round(bounds[0], 2), round(bounds[1], 2)

"""Measurements of one interval as a small state that can be merged, and every aggregation read from it.

Means and squared deviations are merged by Chan, Golub & LeVeque (1979), never from Σx² − nx̄², which loses all
digits where values are large and their spread is small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import sketch
from kpis.calculations.answer import Answer
from kpis.calculations.sketch import Sketch

QUANTILES: Final = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
# Stands in a state for a sum beyond the largest double, so that one absurd measurement cannot stop a rollup.
TOO_LARGE: Final = float(np.finfo(np.float64).max)
# Beyond, a square no longer fits a double, so such an interval value is not answered and stops nothing later on.
LARGEST_VALUE: Final = 1e150
AGGREGATIONS: Final = ("mean", "sum", "count", "min", "max", "last", *QUANTILES)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class State:
    """What is kept of the measurements of one interval; there is no state of none (a gap is absent, not zero).

    n : measurements. sum_w, sum_w2 : Σw and Σw². mean, m2 : weighted mean and Σw(v − mean)², both 0 where Σw is 0.
    total : Σv, without weights. minimum, maximum : of v. last, last_at : the value measured last, and when, in
    microseconds since 1970 UTC. bins : sketch for quantiles, each measurement counted once; None where not kept.
    A sum beyond the largest double is kept as TOO_LARGE and never answered.

    Refuses (ValueError) n < 1, numbers that are not finite, negative weights or spread, a minimum above the maximum.
    """

    n: int
    sum_w: float
    sum_w2: float
    mean: float
    m2: float
    total: float
    minimum: float
    maximum: float
    last_at: int
    last: float
    bins: Sketch | None = None

    def __post_init__(self) -> None:
        numbers = (self.sum_w, self.sum_w2, self.mean, self.m2, self.total, self.minimum, self.maximum, self.last)
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a state holds finite numbers only")
        if self.n < 1 or self.sum_w < 0 or self.sum_w2 < 0 or self.m2 < 0 or self.minimum > self.maximum:
            raise ValueError("a state holds at least one measurement, weights and spread of at least 0, min <= max")


@dataclass(frozen=True, slots=True)
class States:
    """States of many groups as columns of equal length g; `groups` holds the ids, increasing."""

    groups: Ints
    n: Ints
    sum_w: Floats
    sum_w2: Floats
    mean: Floats
    m2: Floats
    total: Floats
    minimum: Floats
    maximum: Floats
    last_at: Ints
    last: Floats
    bins: tuple[Sketch, ...] | None

    def __len__(self) -> int:
        return self.groups.size

    def state(self, i: int) -> State:
        """Group number i (position, not id) as a state."""
        return State(
            n=int(self.n[i]),
            sum_w=float(self.sum_w[i]),
            sum_w2=float(self.sum_w2[i]),
            mean=float(self.mean[i]),
            m2=float(self.m2[i]),
            total=float(self.total[i]),
            minimum=float(self.minimum[i]),
            maximum=float(self.maximum[i]),
            last_at=int(self.last_at[i]),
            last=float(self.last[i]),
            bins=self.bins[i] if self.bins is not None else None,
        )


def aggregate(values: Floats, weights: Floats, at: Ints, *, with_bins: bool = True) -> State:
    """State of one interval's measurements; shapes (n,), n ≥ 1, any order. Refusals as `aggregate_groups`."""
    if not values.size:
        raise ValueError("an interval without measurements is a gap and has no state")
    return aggregate_groups(values, weights, at, np.zeros(values.size, np.int64), with_bins=with_bins).state(0)


def aggregate_groups(values: Floats, weights: Floats, at: Ints, groups: Ints, *, with_bins: bool = True) -> States:
    """States of many groups in one pass over columns.

    values : shape (n,), finite. weights : shape (n,), finite, ≥ 0. at : shape (n,), microseconds since 1970 UTC.
    groups : shape (n,), group ids, sorted. with_bins : keep sketches, which only quantiles need.
    Of two measurements at the same instant the later in order is the last one.

    Refuses (ValueError) unequal lengths, ids out of order, numbers not finite, negative weights.
    """
    _refuse_nonsense(values, weights, at, groups)
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    ids, n = groups[starts], np.diff(starts, append=groups.size)
    if not n.size:
        return _no_states(with_bins)
    each = np.repeat(np.arange(n.size), n)
    sum_w, mean, m2 = _moments(values, weights, starts, each)
    last = np.lexsort((np.arange(at.size), at, each))[starts + n - 1]
    return States(
        groups=ids,
        n=n,
        sum_w=sum_w,
        sum_w2=representable(np.add.reduceat(weights**2, starts)),
        mean=mean,
        m2=m2,
        total=_sums(values, starts),
        minimum=np.minimum.reduceat(values, starts),
        maximum=np.maximum.reduceat(values, starts),
        last_at=at[last],
        last=values[last],
        bins=_sketches(values, each, n.size) if with_bins else None,
    )


def merge(states: Sequence[State]) -> State:
    """The state of all their measurements together. Bins are kept only where every part has them.

    Refuses (ValueError) an empty sequence. Of equal instants the later state's value is the last one.
    """
    if not states:
        raise ValueError("an interval without measurements is a gap and has no state")
    sum_w = exact_sum([s.sum_w for s in states])
    mean = _merged_mean(states, sum_w)
    m2 = exact_sum([s.m2 + s.sum_w * (s.mean - mean) * (s.mean - mean) for s in states if s.sum_w > 0])
    latest = max(enumerate(states), key=lambda pair: (pair[1].last_at, pair[0]))[1]
    parts = [s.bins for s in states if s.bins is not None]
    return State(
        n=sum(s.n for s in states),
        sum_w=sum_w,
        sum_w2=exact_sum([s.sum_w2 for s in states]),
        mean=mean,
        m2=m2,
        total=exact_sum([s.total for s in states]),
        minimum=min(s.minimum for s in states),
        maximum=max(s.maximum for s in states),
        last_at=latest.last_at,
        last=latest.last,
        bins=sketch.merged(parts) if len(parts) == len(states) else None,
    )


def value_of(state: State, aggregation: str) -> Answer:
    """The interval value, in the KPI's unit; a count for `count`.

    mean = Σwv/Σw; sum = Σv; count = n; p50 … p99 from the sketch (relative error 1 %, so `approximate`), inside
    min..max. `undefined` for a mean whose weights add up to 0 and for values beyond ±1e150, `not_enough_data` for a
    quantile without sketch.
    Refuses (ValueError) an unknown aggregation.
    """
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"unknown aggregation {aggregation!r}")
    if aggregation == "mean" and state.sum_w == 0:
        return Answer(None, "undefined", "The weights of this interval add up to zero.")
    if aggregation in QUANTILES and state.bins is None:
        return Answer(None, "not_enough_data", "No distribution is kept for this interval.")
    number = _number(state, aggregation)
    if abs(number) > LARGEST_VALUE:
        return Answer(None, "undefined", "The values of this interval are too large to be counted with.")
    return Answer(number, "approximate" if aggregation in QUANTILES else "ok")


def _number(state: State, aggregation: str) -> float:
    if aggregation in QUANTILES and state.bins is not None:
        return min(max(state.bins.quantile(QUANTILES[aggregation]), state.minimum), state.maximum)
    numbers = {
        "mean": state.mean,
        "sum": state.total,
        "count": float(state.n),
        "min": state.minimum,
        "max": state.maximum,
        "last": state.last,
    }
    return numbers[aggregation]


def _no_states(with_bins: bool) -> States:
    whole, real = np.empty(0, np.int64), np.empty(0)
    bins = () if with_bins else None
    return States(whole, whole, real, real, real, real, real, real, real, whole, real, bins)


def _moments(values: Floats, weights: Floats, starts: Ints, each: Ints) -> tuple[Floats, Floats, Floats]:
    """Σw, weighted mean and Σw(v − mean)² of each group."""
    with np.errstate(over="ignore", invalid="ignore"):
        sum_w = representable(np.add.reduceat(weights, starts))
        divisor = np.where(sum_w > 0, sum_w, 1.0)
        mean = np.add.reduceat(weights * values, starts) / divisor
        # A second look at the deviations takes out the rounding of the first.
        mean = mean + np.add.reduceat(weights * (values - mean[each]), starts) / divisor
        spread = np.where(sum_w[each] > 0, weights * (values - mean[each]) ** 2, 0.0)
        return sum_w, np.where(sum_w > 0, representable(mean), 0.0), representable(np.add.reduceat(spread, starts))


def representable(sums: Floats) -> Floats:
    """The sums, TOO_LARGE where they left the range of a double."""
    return np.nan_to_num(sums, nan=TOO_LARGE, posinf=TOO_LARGE, neginf=TOO_LARGE)


def _merged_mean(states: Sequence[State], sum_w: float) -> float:
    if any(abs(s.mean) >= TOO_LARGE for s in states):
        return TOO_LARGE
    return exact_sum([s.sum_w / sum_w * s.mean for s in states]) if sum_w > 0 else 0.0


def exact_sum(numbers: Sequence[float]) -> float:
    """Exact sum, or TOO_LARGE; what is too large stays so, whatever is added to it."""
    return _fsum(numbers) if all(abs(x) < TOO_LARGE for x in numbers) else TOO_LARGE


def _fsum(numbers: Sequence[float]) -> float:
    try:
        return math.fsum(numbers)
    except OverflowError:
        return TOO_LARGE


def _refuse_nonsense(values: Floats, weights: Floats, at: Ints, groups: Ints) -> None:
    if values.ndim != 1 or not values.shape == weights.shape == at.shape == groups.shape:
        raise ValueError("values, weights, at and groups must be equally long rows")
    if not (np.isfinite(values).all() and np.isfinite(weights).all()) or (weights < 0).any():
        raise ValueError("values must be finite and weights finite and at least 0")
    if (np.diff(groups) < 0).any():
        raise ValueError("groups must be sorted")


def _sums(values: Floats, starts: Ints) -> Floats:
    """Σv of each group: exact to the last digit, as one would add up a column of money on paper."""
    edges = [*starts.tolist(), values.size]
    largest = np.maximum.reduceat(np.abs(values), starts)
    sums = [_fsum(values[a:b].tolist()) for a, b in pairwise(edges)]
    return np.where(largest < TOO_LARGE, sums, TOO_LARGE)


def _sketches(values: Floats, each: Ints, groups: int) -> tuple[Sketch, ...]:
    # One number orders by group, then by bin: one sort serves all groups.
    codes, counts = np.unique((each << 32) + sketch.keys_of(values) + 2**31, return_counts=True)
    keys = ((codes & 0xFFFFFFFF) - 2**31).astype(np.int32)
    edges = np.searchsorted(codes >> 32, np.arange(groups + 1))
    return tuple(Sketch(keys[a:b], counts[a:b].astype(np.int64)) for a, b in pairwise(edges))

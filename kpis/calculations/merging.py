"""Many states merged in one pass over columns: days to months, the label sets of a KPI to its value."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import sketch
from kpis.calculations.aggregation import (
    LARGEST_VALUE,
    QUANTILES,
    TOO_LARGE,
    Floats,
    Ints,
    States,
    exact_sum,
    representable,
    value_of,
)
from kpis.calculations.sketch import Sketch


def merge_groups(states: States, groups: Ints) -> States:
    """The states of each group's measurements together: for many groups what `aggregation.merge` is for one.

    groups : shape (g,), the group that each state belongs to, sorted. Of equal instants the later state's value is
    the last one. Bins are kept where every state has them.

    Refuses (ValueError) unequal lengths and group ids out of order.
    """
    if groups.shape != states.n.shape or (np.diff(groups) < 0).any():
        raise ValueError("groups must name a group for each state, sorted")
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    if starts.size == groups.size:
        return replace(states, groups=groups)
    each = np.repeat(np.arange(starts.size), np.diff(starts, append=groups.size))
    sum_w, mean, m2 = _moments(states, starts, each)
    last = np.lexsort((np.arange(each.size), states.last_at, each))[np.append(starts[1:], each.size) - 1]
    return States(
        groups=groups[starts],
        n=np.add.reduceat(states.n, starts),
        sum_w=sum_w,
        sum_w2=representable(np.add.reduceat(states.sum_w2, starts)),
        mean=mean,
        m2=m2,
        total=_sums(states.total, starts),
        minimum=np.minimum.reduceat(states.minimum, starts),
        maximum=np.maximum.reduceat(states.maximum, starts),
        last_at=states.last_at[last],
        last=states.last[last],
        bins=_merged_bins(states.bins, starts) if states.bins is not None else None,
    )


def values_of(states: States, aggregation: str) -> tuple[Floats, NDArray[np.bool_]]:
    """The value of each state and whether it exists (0.0 where not; `aggregation.value_of` says why not)."""
    columns = {"sum": states.total, "min": states.minimum, "max": states.maximum, "last": states.last}
    if aggregation in columns:
        return columns[aggregation], np.abs(columns[aggregation]) <= LARGEST_VALUE
    if aggregation == "count":
        return states.n.astype(np.float64), np.ones(len(states), bool)
    if aggregation == "mean":
        return states.mean, (states.sum_w > 0) & (np.abs(states.mean) <= LARGEST_VALUE)
    if aggregation not in QUANTILES:
        raise ValueError(f"unknown aggregation {aggregation!r}")
    answers = [value_of(states.state(i), aggregation).value for i in range(len(states))]
    return np.array([0.0 if a is None else a for a in answers]), np.array([a is not None for a in answers], bool)


def taken(states: States, index: Ints) -> States:
    """These states, in this order, numbered anew. index : shape (m,), positions in `states`."""
    bins = tuple(states.bins[i] for i in index.tolist()) if states.bins is not None else None
    columns = ("n", "sum_w", "sum_w2", "mean", "m2", "total", "minimum", "maximum", "last_at", "last")
    return States(np.arange(index.size), **{name: getattr(states, name)[index] for name in columns}, bins=bins)


def _moments(states: States, starts: Ints, each: Ints) -> tuple[Floats, Floats, Floats]:
    """Σw, weighted mean and Σw(v − mean)² of each group of states; what is too large stays so."""
    with np.errstate(over="ignore", invalid="ignore"):
        sum_w = representable(np.add.reduceat(states.sum_w, starts))
        share = np.divide(states.sum_w, sum_w[each], out=np.zeros_like(states.sum_w), where=sum_w[each] > 0)
        mean = np.add.reduceat(share * states.mean, starts)
        # A second look at the deviations takes out the rounding of the first.
        mean = mean + np.where(sum_w > 0, np.add.reduceat(share * (states.mean - mean[each]), starts), 0.0)
        mean = np.where(
            np.logical_or.reduceat(np.abs(states.mean) >= TOO_LARGE, starts), TOO_LARGE, representable(mean)
        )
        # Where the weights are zero the mean is 0 by convention and tells nothing of the spread.
        shift = np.where(states.sum_w > 0, states.sum_w * (states.mean - mean[each]) ** 2, 0.0)
        return sum_w, mean, representable(np.add.reduceat(states.m2 + shift, starts))


def _sums(values: Floats, starts: Ints) -> Floats:
    edges = [*starts.tolist(), values.size]
    return np.array([exact_sum(values[a:b].tolist()) for a, b in itertools.pairwise(edges)])


def _merged_bins(bins: tuple[Sketch, ...], starts: Ints) -> tuple[Sketch, ...]:
    edges = [*starts.tolist(), len(bins)]
    return tuple(sketch.merged(bins[a:b]) for a, b in itertools.pairwise(edges))

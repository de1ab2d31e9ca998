"""Samples of counters and gauges as measurements: what each adds depends on it and on the one before, nothing else.

So the same rows come of the same samples whatever the order, and however often, they arrive: a sample that comes late
changes its own row and that of the sample after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST_WEIGHT, FIRST_WEIGHT = 300.0, 60.0  # seconds that one sample of a gauge stands for
COUNTER, GAUGE, AS_IS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Timeline:
    """Samples of several series, sorted by series and time, each instant of a series once.

    series : int, shape (n,). at_us : int64, microseconds. value : float64; NaN where the series ended.
    kind : int8, COUNTER, GAUGE or AS_IS, the same through a series. fresh : bool, what has just arrived.
    """

    series: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    kind: NDArray[np.int8]
    fresh: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written: `sample` are places in the timeline, in order; value and weight of each."""

    sample: NDArray[np.intp]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]


def rows_of(timeline: Timeline) -> Rows:
    """The rows that fresh samples bring or change. The first sample of a counter brings none."""
    parts = [_counters(timeline), _gauges(timeline), _as_they_are(timeline)]
    sample = np.concatenate([part.sample for part in parts])
    order = np.argsort(sample, kind="stable")
    return Rows(
        sample[order],
        np.concatenate([part.value for part in parts])[order],
        np.concatenate([part.weight for part in parts])[order],
    )


def last_given(series: NDArray[np.int32], at_us: NDArray[np.int64]) -> NDArray[np.intp]:
    """Places in order of series and time; of several samples of one instant only the one that was given last."""
    order = np.lexsort((at_us, series))  # stable
    same = (series[order][:-1] == series[order][1:]) & (at_us[order][:-1] == at_us[order][1:])
    return order[~np.append(same, False)[: len(order)]]


def _counters(timeline: Timeline) -> Rows:
    """What was counted since the sample before; all of it where the counter began anew.

    An end in between changes nothing, as in PromQL's increase(): what was counted while nobody looked was counted.
    """
    counted = np.flatnonzero((timeline.kind == COUNTER) & ~np.isnan(timeline.value))
    before, sample = _pairs(timeline, counted)
    last, now = timeline.value[before], timeline.value[sample]
    wanted = timeline.fresh[sample] | timeline.fresh[before]
    with np.errstate(over="ignore"):
        grown = np.where(now >= last, now - last, now)
    return Rows(sample[wanted], grown[wanted], np.ones(int(wanted.sum())))


def _gauges(timeline: Timeline) -> Rows:
    """Each value weighs the seconds since the sample before, as long as the series went on in between."""
    seen = np.flatnonzero(timeline.kind == GAUGE)
    before, sample = _pairs(timeline, seen)
    weight = np.full(len(timeline.value), FIRST_WEIGHT)
    seconds = np.minimum((timeline.at_us[sample] - timeline.at_us[before]) / 1e6, LONGEST_WEIGHT)
    goes_on = ~np.isnan(timeline.value[before])
    weight[sample[goes_on]] = seconds[goes_on]
    wanted = timeline.fresh.copy()
    wanted[sample] |= timeline.fresh[before]
    chosen = seen[wanted[seen] & ~np.isnan(timeline.value[seen])]
    return Rows(chosen, timeline.value[chosen], weight[chosen])


def _as_they_are(timeline: Timeline) -> Rows:
    chosen = np.flatnonzero((timeline.kind == AS_IS) & timeline.fresh & ~np.isnan(timeline.value))
    return Rows(chosen, timeline.value[chosen], np.ones(len(chosen)))


def _pairs(timeline: Timeline, chosen: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the chosen samples each that has one before it in its series, after that one."""
    same = timeline.series[chosen[1:]] == timeline.series[chosen[:-1]]
    return chosen[:-1][same], chosen[1:][same]

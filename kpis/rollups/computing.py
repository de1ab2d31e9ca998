"""Interval values as they follow from measurements, and longer ones from days. Reads measurements, writes nothing."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from kpis.calculations.aggregation import Ints, aggregate_groups
from kpis.calculations.intervals import EPOCH, MICROSECOND, Calendar, Granularity
from kpis.calculations.merging import merge_groups
from kpis.measurements import reading
from kpis.measurements.reading import Arrays
from kpis.rollups.rows import IntervalRows

# Beyond any measure of a company's work. The row stays as it came; its square must not overflow.
LARGEST_VALUE, LARGEST_WEIGHT = 1e120, 1e60


def points_between(series_ids: Collection[int], start: int, end: int) -> Arrays:
    """The measurements of these series in `[start, end)`, microseconds since 1970."""
    return reading.arrays(series_ids, EPOCH + start * MICROSECOND, EPOCH + end * MICROSECOND)


def from_measurements(points: Arrays, granularity: Granularity, calendar: Calendar, *, with_bins: bool) -> IntervalRows:
    """Interval values of the points, which are sorted by series and time; for any granularity."""
    values = np.clip(points.value, -LARGEST_VALUE, LARGEST_VALUE)
    weights = np.minimum(points.weight, LARGEST_WEIGHT)
    starts = calendar.starts_of(points.at_us, granularity)
    groups, first = _numbered(points.series_id, starts)
    found = aggregate_groups(values, weights, points.at_us, groups, with_bins=with_bins)
    return IntervalRows(points.series_id[first], starts[first], calendar.ends_of(starts[first], granularity), found)


def from_days(days: IntervalRows, granularity: Granularity, calendar: Calendar) -> IntervalRows:
    """Weeks, months and quarters merged from days, which lie in them as wholes."""
    starts = calendar.starts_of(days.start, granularity)
    groups, first = _numbered(days.series, starts)
    merged = merge_groups(days.states, groups)
    return IntervalRows(days.series[first], starts[first], calendar.ends_of(starts[first], granularity), merged)


def _numbered(series: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Running number of each (series, interval), both sorted, and the index of the first row of each."""
    new = np.ones(series.size, bool)
    new[1:] = (series[1:] != series[:-1]) | (starts[1:] != starts[:-1])
    return np.cumsum(new) - 1, np.flatnonzero(new)

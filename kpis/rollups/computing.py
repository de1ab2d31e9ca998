"""Interval values as they follow from measurements, and longer ones from days. Reads measurements, writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from kpis.calculations.aggregation import Ints, aggregate_groups
from kpis.calculations.intervals import EPOCH, MICROSECOND, Calendar, Granularity
from kpis.calculations.merging import merge_groups
from kpis.measurements import reading, retention
from kpis.measurements.reading import Arrays
from kpis.rollups import rows
from kpis.rollups.rows import IntervalRows, Span

# Beyond any measure of a company's work. The row stays as it came; its square must not overflow.
LARGEST_VALUE, LARGEST_WEIGHT = 1e120, 1e60
READ_AT_ONCE_US = 62 * 86_400_000_000


def points_between(series_ids: Collection[int], start: int, end: int) -> Arrays:
    """The measurements of these series in `[start, end)`, microseconds since 1970."""
    return reading.arrays(series_ids, EPOCH + start * MICROSECOND, EPOCH + end * MICROSECOND)


def from_measurements(points: Arrays, granularity: Granularity, calendar: Calendar, *, with_bins: bool) -> IntervalRows:
    """Interval values of the points, which are sorted by series and time; for any granularity."""
    values = np.clip(points.value, -LARGEST_VALUE, LARGEST_VALUE)
    weights = np.minimum(points.weight, LARGEST_WEIGHT)
    starts = calendar.starts_of(points.at_us, granularity)
    series = points.series_id.astype(np.int64)
    groups, first = _numbered(series, starts)
    found = aggregate_groups(values, weights, points.at_us, groups, with_bins=with_bins)
    return IntervalRows(series[first], starts[first], calendar.ends_of(starts[first], granularity), found)


def from_days(days: IntervalRows, granularity: Granularity, calendar: Calendar) -> IntervalRows:
    """Weeks, months and quarters merged from days, which lie in them as wholes."""
    starts = calendar.starts_of(days.start, granularity)
    groups, first = _numbered(days.series, starts)
    merged = merge_groups(days.states, groups)
    return IntervalRows(days.series[first], starts[first], calendar.ends_of(starts[first], granularity), merged)


def afresh(spans: Mapping[int, Span], granularity: Granularity, calendar: Calendar, *, with_bins: bool) -> IntervalRows:
    """What the table of interval values should hold for the days of these spans, from the measurements.

    spans : by series, microseconds since 1970. As the rolling does it: longer intervals are merged from days. Days of
    which the measurements are gone are taken from the table; nothing else knows them.
    """
    unit = granularity if granularity is Granularity.HOUR else Granularity.DAY
    gone = retention.gone_until_us(spans)
    parts = [
        rows.read([series], unit, spans[series][0], min(until, spans[series][1] + 1), with_bins=with_bins)
        for series, until in gone.items()
        if spans[series][0] < until
    ]
    alive = {s: (max(first, gone.get(s, first)), last) for s, (first, last) in spans.items()}
    parts.append(_measured({s: span for s, span in alive.items() if span[0] <= span[1]}, unit, calendar, with_bins))
    found = rows.sorted_together(parts) if gone else parts[-1]
    return found if unit is granularity else from_days(found, granularity, calendar)


def _measured(spans: Mapping[int, Span], unit: Granularity, calendar: Calendar, with_bins: bool) -> IntervalRows:
    """Days or hours of the spans, from the measurements alone."""
    parts = [from_measurements(points_between([], 0, 0), unit, calendar, with_bins=with_bins)]
    for series, span in sorted(spans.items()):
        for start, end in _portions(span, calendar):
            points = points_between([series], start, end)
            parts.append(from_measurements(points, unit, calendar, with_bins=with_bins))
    return rows.joined(parts)


def _portions(span: Span, calendar: Calendar) -> Iterator[Span]:
    """Whole days around the span, some weeks at a time: not all measurements of years are in memory at once."""
    start, last = calendar.starts_of(np.array(span, np.int64), Granularity.DAY).tolist()
    end = int(calendar.ends_of(np.array([last], np.int64), Granularity.DAY)[0])
    while start < end:
        following = np.array([start + READ_AT_ONCE_US], np.int64)
        until = min(end, int(calendar.starts_of(following, Granularity.DAY)[0]))
        yield start, until
        start = until


def _numbered(series: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Running number of each (series, interval), both sorted, and the index of the first row of each."""
    new = np.ones(series.size, bool)
    new[1:] = (series[1:] != series[:-1]) | (starts[1:] != starts[:-1])
    return np.cumsum(new) - 1, np.flatnonzero(new)

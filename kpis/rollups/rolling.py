"""Arrivals to interval values: what a batch has touched is computed anew from the measurements.

Hours and days are computed from the measurements, weeks, months and quarters from the days: a point that arrives
costs one day of reading, not a quarter, and nothing is ever added to a stored sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import connection, transaction

from kpis.calculations.aggregation import QUANTILES, Ints, aggregate_groups
from kpis.calculations.intervals import EPOCH, MICROSECOND, Calendar, Granularity
from kpis.calculations.merging import merge_groups
from kpis.definitions import organisation
from kpis.measurements import reading
from kpis.measurements.models import Arrival
from kpis.plumbing import clock
from kpis.rollups import rows, states
from kpis.rollups.rows import IntervalRows
from kpis.rollups.states import mark_dirty, mark_evaluated, waiting_for_evaluation

__all__ = ["Touched", "mark_dirty", "mark_evaluated", "recompute", "roll_up_arrivals", "waiting_for_evaluation"]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SLOT_US = HOUR_US // 4
FROM_MEASUREMENTS = (Granularity.HOUR, Granularity.DAY)
FROM_DAYS = (Granularity.WEEK, Granularity.MONTH, Granularity.QUARTER)
# Touched days this close are read in one go; what lies between is computed too and found unchanged.
NEAR_US = 31 * DAY_US
LONGEST_READ_US = 62 * DAY_US
SERIES_AT_ONCE = 50
# Beyond any measure of a company's work. The row stays as it came; its square must not overflow.
LARGEST_VALUE, LARGEST_WEIGHT = 1e120, 1e60

CLAIM = "select id, series_id, slots, arrived_at from kpis_arrival order by id limit %s for update skip locked"

# Two workers with arrivals of the same series: the second waits here, and then reads what the first one's commit
# and all ingest before it left. `no key`: ingest, which refers to these rows, is not held up.
LOCK_SERIES = """
select s.id, s.kpi_id, k.aggregation from kpis_series s join kpis_kpi k on k.id = s.kpi_id
 where s.id = any(%s) order by s.id for no key update of s
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """KPIs (ids) whose interval values may have changed, and whether arrivals are left."""

    kpis: frozenset[int]
    more_waiting: bool


@dataclass(frozen=True, slots=True)
class Read:
    """One read of measurements: these series, over these days (microseconds since 1970, local midnights)."""

    series_ids: tuple[int, ...]
    start: int
    end: int


def roll_up_arrivals(*, at_most: int) -> Touched:
    """Work off up to `at_most` arrivals, oldest first: their intervals, the state of their KPIs, and they are done.

    One transaction: a stop in between leaves the arrivals for the next run, and a second run changes nothing.
    """
    with transaction.atomic():
        arrivals = _claim(at_most)
        kpis = _locked(arrivals.keys())
        slots = {series: np.unique(np.concatenate(found)) for series, (found, _) in arrivals.items()}
        _compute(slots, {series: aggregation for series, (_, aggregation) in kpis.items()})
        newest_arrival: dict[int, datetime] = {}
        for series, (kpi_id, _) in kpis.items():
            newest_arrival[kpi_id] = max(arrivals[series][1], newest_arrival.get(kpi_id, arrivals[series][1]))
        states.record_arrivals(newest_arrival)
    return Touched(frozenset(newest_arrival), Arrival.objects.exists())


@transaction.atomic
def recompute(kpi_ids: Collection[int]) -> None:
    """Compute all interval values of these KPIs anew, as after a change of their aggregation."""
    spans = reading.spans(kpi_ids)
    kpis = _locked(spans)
    # Two slots a day touch every day, also one of 23 hours.
    slots = {
        series: np.append(np.arange(first // SLOT_US, last // SLOT_US, 48), last // SLOT_US)
        for series, (first, last) in spans.items()
    }
    _compute(slots, {series: aggregation for series, (_, aggregation) in kpis.items()})
    mark_dirty(kpi_ids)


def _claim(at_most: int) -> dict[int, tuple[list[Ints], datetime]]:
    """Arrivals by series: the quarter hours that they touch and the time of the newest. They are deleted at once."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [at_most])
        claimed = cursor.fetchall()
    Arrival.objects.filter(pk__in=[row[0] for row in claimed]).delete()
    found: dict[int, tuple[list[Ints], datetime]] = {}
    for _, series, slots, arrived_at in claimed:
        parts, newest = found.get(series, ([], arrived_at))
        found[series] = ([*parts, np.array(slots, np.int64)], max(newest, arrived_at))
    return found


def _locked(series_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """KPI id and aggregation by series, each series locked until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SERIES, [sorted(series_ids)])
        return {series: (kpi_id, aggregation) for series, kpi_id, aggregation in cursor.fetchall()}


def _compute(slots: Mapping[int, Ints], aggregations: Mapping[int, str]) -> None:
    """Bring the interval values of all granularities in line with the measurements of the touched quarter hours."""
    calendar, at = organisation.calendar(), clock.now()
    for with_bins in (False, True):
        chosen = {s: slots[s] for s, aggregation in aggregations.items() if (aggregation in QUANTILES) is with_bins}
        reads = list(_reads(chosen, calendar))
        for read in reads:
            _compute_from_measurements(read, calendar, with_bins=with_bins, at=at)
        spans: dict[tuple[int, ...], list[Read]] = defaultdict(list)
        for read in reads:
            spans[read.series_ids].append(read)
        for series_ids, parts in spans.items():
            for granularity in FROM_DAYS:
                _compute_from_days(series_ids, parts, granularity, calendar, with_bins=with_bins, at=at)


def _reads(slots: Mapping[int, Ints], calendar: Calendar) -> Iterable[Read]:
    """The touched days as few reads: series that were touched on the same days are read together."""
    alike: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for series, touched in slots.items():
        alike[tuple(_runs(calendar.starts_of(touched * SLOT_US, Granularity.DAY), calendar))].append(series)
    for runs, series_ids in alike.items():
        for first in range(0, len(series_ids), SERIES_AT_ONCE):
            for start, end in runs:
                yield Read(tuple(series_ids[first : first + SERIES_AT_ONCE]), start, end)


def _runs(days: Ints, calendar: Calendar) -> Iterable[tuple[int, int]]:
    """Half-open ranges that cover these days, none much longer than `LONGEST_READ_US`."""
    days = np.unique(days)
    ends = calendar.ends_of(days, Granularity.DAY)
    start = int(days[0])
    for i in range(days.size):
        last = i + 1 == days.size
        if last or days[i + 1] - ends[i] > NEAR_US or ends[i] - start >= LONGEST_READ_US:
            yield start, int(ends[i])
            start = 0 if last else int(days[i + 1])


def _compute_from_measurements(read: Read, calendar: Calendar, *, with_bins: bool, at: datetime) -> None:
    raw = reading.arrays(read.series_ids, *(EPOCH + us * MICROSECOND for us in (read.start, read.end)))
    values = np.clip(raw.value, -LARGEST_VALUE, LARGEST_VALUE)
    weights = np.minimum(raw.weight, LARGEST_WEIGHT)
    for granularity in FROM_MEASUREMENTS:
        starts = calendar.starts_of(raw.at_us, granularity)
        groups, first = _numbered(raw.series_id, starts)
        found = aggregate_groups(values, weights, raw.at_us, groups, with_bins=with_bins)
        ends = calendar.ends_of(starts[first], granularity)
        _store(read, granularity, IntervalRows(raw.series_id[first], starts[first], ends, found), at=at)


def _compute_from_days(
    series_ids: tuple[int, ...],
    parts: list[Read],
    granularity: Granularity,
    calendar: Calendar,
    *,
    with_bins: bool,
    at: datetime,
) -> None:
    for start, end in _whole_intervals(parts, granularity, calendar):
        days = rows.read(series_ids, Granularity.DAY, start, end, with_bins=with_bins)
        starts = calendar.starts_of(days.start, granularity)
        groups, first = _numbered(days.series, starts)
        ends = calendar.ends_of(starts[first], granularity)
        merged = IntervalRows(days.series[first], starts[first], ends, merge_groups(days.states, groups))
        _store(replace(parts[0], start=start, end=end), granularity, merged, at=at)


def _whole_intervals(parts: list[Read], granularity: Granularity, calendar: Calendar) -> Iterable[tuple[int, int]]:
    """The intervals that the reads lie in, joined where they meet."""
    firsts = calendar.starts_of(np.array([p.start for p in parts]), granularity)
    lasts = calendar.starts_of(np.array([p.end - 1 for p in parts]), granularity)
    ends = calendar.ends_of(lasts, granularity)
    start, end = int(firsts[0]), int(ends[0])
    for first, after in zip(firsts[1:].tolist(), ends[1:].tolist(), strict=True):
        if first > end:
            yield start, end
            start = first
        end = after
    yield start, end


def _numbered(series: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Running number of each (series, interval), both sorted, and the index of the first row of each."""
    new = np.ones(series.size, bool)
    new[1:] = (series[1:] != series[:-1]) | (starts[1:] != starts[:-1])
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _store(read: Read, granularity: Granularity, found: IntervalRows, *, at: datetime) -> None:
    rows.write(found, granularity, at=at)
    rows.clear(read.series_ids, granularity, read.start, read.end, keep=found)

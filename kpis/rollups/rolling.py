"""Arrivals to interval values: what a batch has touched is computed anew from the measurements.

Days are computed from the measurements, weeks, months and quarters from the days: a point that arrives costs one day
of reading, not a quarter, and nothing is ever added to a stored sum. Hours are kept for KPIs that are measured hourly;
for others they are computed when somebody asks (`series`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction

from kpis.calculations.aggregation import QUANTILES, Ints
from kpis.calculations.intervals import Calendar, Granularity
from kpis.definitions import organisation
from kpis.measurements import binary, reading, retention
from kpis.measurements.binary import Statement
from kpis.measurements.models import Arrival
from kpis.plumbing import clock
from kpis.rollups import rows, states
from kpis.rollups.computing import from_days, from_measurements, points_between
from kpis.rollups.models import IntervalValue
from kpis.rollups.rows import Span
from kpis.rollups.states import mark_dirty, mark_evaluated, waiting_for_evaluation

__all__ = ["Touched", "mark_dirty", "mark_evaluated", "recompute", "roll_up_arrivals", "waiting_for_evaluation"]

SLOT_US = 900_000_000
DAY_US = 96 * SLOT_US
FROM_DAYS = (Granularity.WEEK, Granularity.MONTH, Granularity.QUARTER)
# Touched days this close are read in one go; what lies between is computed too and found unchanged.
NEAR_US = 31 * DAY_US
LONGEST_READ_US = 62 * DAY_US
SERIES_AT_ONCE = 50

# Done with as they are read: what a stop in between rolls back is there again.
_claimed = Statement("""
with oldest as materialized (
    select id from kpis_arrival order by id limit {at_most} for update skip locked
), claimed as (
    delete from kpis_arrival a using oldest where a.id = oldest.id returning a.series_id, a.slots, a.arrived_at
)
select series_id, array_agg(slot), max(arrived_at) from claimed, unnest(slots) slot group by series_id
""")

# Two workers with arrivals of the same series: the second waits here, and then reads what the first one's commit
# and all ingest before it left. `no key`: ingest, which refers to these rows, is not held up.
LOCK_SERIES = """
select s.id, s.kpi_id, k.aggregation, k.interval from kpis_series s join kpis_kpi k on k.id = s.kpi_id
 where s.id = any(%s) order by s.id for no key update of s
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """KPIs (ids) whose interval values may have changed, and whether arrivals are left."""

    kpis: frozenset[int]
    more_waiting: bool


class Kept(NamedTuple):
    """What is kept of a series besides its days: distributions for percentiles, hours for what is measured hourly."""

    with_bins: bool
    hourly: bool


def roll_up_arrivals(*, at_most: int) -> Touched:
    """Work off up to `at_most` arrivals, oldest first: their intervals, the state of their KPIs, and they are done.

    One transaction: a stop in between leaves the arrivals for the next run, and a second run changes nothing.
    """
    with transaction.atomic():
        arrivals = _claim(at_most)
        kpis, kept = _locked(arrivals.keys())
        _compute({series: arrivals[series][0] for series in kpis}, kept)
        newest: dict[int, datetime] = {}
        for series, kpi_id in kpis.items():
            arrived_at = arrivals[series][1]
            newest[kpi_id] = max(arrived_at, newest.get(kpi_id, arrived_at))
        states.record_arrivals(newest)
    return Touched(frozenset(newest), Arrival.objects.exists())


@transaction.atomic
def recompute(kpi_ids: Collection[int], *, cut_otherwise: bool = False) -> None:
    """Compute all interval values of these KPIs anew, as after a change of their aggregation or interval.

    cut_otherwise : intervals begin and end at other instants than before, so the old rows go first; not for KPIs of
    which measurements are gone, whose days nobody can cut anew.
    """
    kpis, kept = _locked(reading.spans(kpi_ids))
    spans = reading.spans(kpi_ids)  # again: what came in while we waited for the lock
    not_hourly = [series for series in kpis if not kept[series].hourly]
    IntervalValue.objects.filter(series__in=not_hourly, granularity=Granularity.HOUR).delete()
    if cut_otherwise:
        IntervalValue.objects.filter(series__in=list(kpis)).delete()
    # Two slots a day touch every day, also one of 23 hours.
    slots = {s: np.append(np.arange(a // SLOT_US, b // SLOT_US, 48), b // SLOT_US) for s, (a, b) in spans.items()}
    _compute({series: slots[series] for series in kpis if series in slots}, kept)
    mark_dirty(kpi_ids)


def _claim(at_most: int) -> dict[int, tuple[Ints, datetime]]:
    """Arrivals by series: the quarter hours that they touch and the time of the newest."""
    found = _claimed.run({"at_most": binary.int8(at_most)})
    return {
        binary.whole_number(found, row, 0): (
            np.unique(binary.elements(found, row, 1, binary.INT4).astype(np.int64)),
            binary.moment(found, row, 2),
        )
        for row in range(found.ntuples)
    }


def _locked(series_ids: Iterable[int]) -> tuple[dict[int, int], dict[int, Kept]]:
    """KPI id, and what is kept, by series; each series is locked until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SERIES, [sorted(series_ids)])
        found = cursor.fetchall()
    kept = {
        series: Kept(aggregation in QUANTILES, interval == Granularity.HOUR)
        for series, _, aggregation, interval in found
    }
    return {series: kpi_id for series, kpi_id, *_ in found}, kept


def _compute(slots: Mapping[int, Ints], kept: Mapping[int, Kept]) -> None:
    """Bring the interval values of all granularities in line with the measurements of the touched quarter hours."""
    calendar, at = organisation.calendar(), clock.now()
    gone = retention.gone_until_us(slots)  # asked after the series were locked
    for (keep, runs), series_ids in _alike(slots, kept, gone, calendar).items():
        for first in range(0, len(series_ids), SERIES_AT_ONCE):
            together = series_ids[first : first + SERIES_AT_ONCE]
            for run in runs:
                _compute_from_measurements(together, run, keep, calendar, at)
            _compute_from_days(together, runs, keep, calendar, at)


def _alike(
    slots: Mapping[int, Ints], kept: Mapping[int, Kept], gone: Mapping[int, int], calendar: Calendar
) -> dict[tuple[Kept, tuple[Span, ...]], list[int]]:
    """Series that were touched on the same days, and of which the same is kept, are read and written together.

    gone : by series, the instant before which rows are removed. Days that began before are left as they are.
    """
    found: dict[tuple[Kept, tuple[Span, ...]], list[int]] = defaultdict(list)
    for series, touched in slots.items():
        days = calendar.starts_of(touched * SLOT_US, Granularity.DAY)
        days = days[days >= gone[series]] if series in gone else days
        if days.size:
            found[kept[series], tuple(_runs(days, calendar))].append(series)
    return found


def _runs(days: Ints, calendar: Calendar) -> Iterable[Span]:
    """Half-open ranges that cover these days, none much longer than `LONGEST_READ_US`."""
    days = np.unique(days)
    ends = calendar.ends_of(days, Granularity.DAY)
    start = int(days[0])
    for i in range(days.size):
        last = i + 1 == days.size
        if last or days[i + 1] - ends[i] > NEAR_US or ends[i] - start >= LONGEST_READ_US:
            yield start, int(ends[i])
            start = 0 if last else int(days[i + 1])


def _compute_from_measurements(series_ids: list[int], run: Span, keep: Kept, calendar: Calendar, at: datetime) -> None:
    points = points_between(series_ids, *run)
    wanted = (Granularity.HOUR, Granularity.DAY) if keep.hourly else (Granularity.DAY,)
    found = {g: from_measurements(points, g, calendar, with_bins=keep.with_bins) for g in wanted}
    rows.replace(series_ids, {g: [run] for g in wanted}, found, at=at)


def _compute_from_days(
    series_ids: list[int], runs: tuple[Span, ...], keep: Kept, calendar: Calendar, at: datetime
) -> None:
    spans = {granularity: list(_whole_intervals(runs, granularity, calendar)) for granularity in FROM_DAYS}
    first = min(start for found in spans.values() for start, _ in found)
    end = max(end for found in spans.values() for _, end in found)
    days = rows.read(series_ids, Granularity.DAY, first, end, with_bins=keep.with_bins)
    found = {g: from_days(days.within(spans[g]), g, calendar) for g in FROM_DAYS}
    rows.replace(series_ids, spans, found, at=at)


def _whole_intervals(runs: tuple[Span, ...], granularity: Granularity, calendar: Calendar) -> Iterable[Span]:
    """The intervals that the runs lie in, joined where they meet."""
    edges = np.array(runs, np.int64)
    firsts = calendar.starts_of(edges[:, 0], granularity)
    ends = calendar.ends_of(calendar.starts_of(edges[:, 1] - 1, granularity), granularity)
    start, end = int(firsts[0]), int(ends[0])
    for first, after in zip(firsts[1:].tolist(), ends[1:].tolist(), strict=True):
        if first > end:
            yield start, end
            start = first
        end = after
    yield start, end

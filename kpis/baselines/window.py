"""The interval values of a window as calculations take them: treated group, and control group where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from kpis.baselines.models import Baseline
from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us
from kpis.calculations.series import Series
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.rollups import series
from kpis.rollups.series import IntervalPoint

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WindowValues:
    """Complete interval values in the KPI's unit; with a control group only intervals in which both have a value."""

    treated: Series
    control: Series | None

    @property
    def n(self) -> int:
        return self.treated.n


def window_between(start: date | datetime, end: date | datetime) -> Interval:
    """Half-open window between two instants; a date is the local midnight with which it begins.

    Refuses (ValueError) an end that is not after the start and datetimes without a zone.
    """
    calendar = organisation.calendar()
    first, last = (_instant(calendar, each) for each in (start, end))
    return Interval(first, last)


def counted_since(kpi: Kpi, baseline: Baseline | None, *, calendar: Calendar | None = None) -> datetime | None:
    """From when on intervals are *after*: go-live, or the end of the baseline's window where that is later.

    With a declared baseline the interval that holds go-live counts too: nothing was measured before it. None without a
    go-live date. `calendar`: the organisation's, where the caller has read it for many KPIs.
    """
    if kpi.initiative.go_live_on is None:
        return None
    calendar = calendar or organisation.calendar()
    live = calendar.local_midnight(kpi.initiative.go_live_on)
    if baseline is None or baseline.window_end is None:
        return calendar.start_of(live, Granularity(kpi.interval)) if baseline is not None else live
    return max(live, baseline.window_end)


def values_in(
    kpi: Kpi, window: Interval, *, treated: Labels | None, control: Labels | None, now: datetime
) -> WindowValues:
    """What the window holds as of now: complete intervals that lie wholly inside it."""
    calendar = organisation.calendar()

    def read(where: Labels | None) -> Series:
        points = series.interval_values(kpi, kpi.interval, window.start, window.end, where=where, now=now)
        return series_of(within(points, window), kpi.interval, calendar)

    return paired(read(treated), read(control) if control else None)


def within(points: Iterable[IntervalPoint], window: Interval) -> list[IntervalPoint]:
    """The points with a value whose interval is complete and lies wholly in the window."""
    return [
        point
        for point in points
        if point.complete and point.value is not None and window.start <= point.start and point.end <= window.end
    ]


def series_of(points: Iterable[IntervalPoint], granularity: str, calendar: Calendar) -> Series:
    """Values with their places on the calendar; every point must have a value."""
    points = list(points)
    starts = np.array([epoch_us(point.start) for point in points], np.int64)
    # A clock change by half an hour cuts an hour in two with one place on the calendar: the first part counts.
    positions, first = np.unique(calendar.positions_of(starts, Granularity(granularity)), return_index=True)
    return Series(np.array([point.value for point in points], np.float64)[first], positions)


def paired(treated: Series, control: Series | None) -> WindowValues:
    """Both groups in the intervals in which both have a value."""
    if control is None:
        return WindowValues(treated, None)
    positions, mine, theirs = np.intersect1d(treated.positions, control.positions, return_indices=True)
    return WindowValues(Series(treated.values[mine], positions), Series(control.values[theirs], positions))


def _instant(calendar: Calendar, moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("a time needs its offset")
        return moment
    return calendar.local_midnight(moment)

"""How far a KPI's baseline has come, seen from go-live: will it suffice, and if it is too late, what can be recovered?

There is a clock for every KPI that is judged and has no approved measured baseline. Before go-live it counts the
complete intervals that are there, and those that will come at the pace of late; afterwards those that lie before
go-live, whenever they arrived.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from kpis.baselines.models import Baseline
from kpis.baselines.window import paired, series_of, within
from kpis.calculations.countdown import pace_of, prospect
from kpis.calculations.defaults import ENOUGH_INTERVALS
from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us
from kpis.calculations.series import Series
from kpis.calculations.sufficiency import enough_at
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.rollups import finality, series
from kpis.rollups.series import IntervalPoint

NO_GO_LIVE_DATE, RECOVERABLE, MISSED = "no_go_live_date", "recoverable", "missed"
AFTER_GO_LIVE = (RECOVERABLE, MISSED)
SPAN = 3  # times the intervals that are needed: what lies further back tells little of the time before go-live
WORKDAYS = 5 / 7
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BaselineClock:
    """`n` complete intervals with data of the `needed` ones are there, the first of them from `first_on` on.

    `state`: enough, will_suffice, just_suffices, will_not_suffice before go-live; no_go_live_date; afterwards
    recoverable (enough lies before go-live) or missed. `declared`: the approved baseline is a stated value. `draft`:
    version that waits for approval. `pace`: share of the intervals of late with a value. `enough_on`: the day on which
    there will be enough, `begin_by`: the last day on which measuring may begin. `archive`: first and last day of the
    intervals before go-live that would be enough. What cannot be said is None.
    """

    kpi: Kpi
    state: str
    n: int
    needed: int
    declared: bool = False
    draft: int | None = None
    first_on: date | None = None
    days_left: int | None = None
    pace: float | None = None
    enough_on: date | None = None
    begin_by: date | None = None
    archive: tuple[date, date] | None = None

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.n)

    @property
    def is_after_go_live(self) -> bool:
        return self.state in AFTER_GO_LIVE


def clock_of(kpi: Kpi, *, now: datetime) -> BaselineClock | None:
    """The clock of one KPI; None where a measured baseline is approved, and for volumes."""
    return clocks_of([kpi], now=now).get(kpi.pk)


def clocks_of(kpis: Collection[Kpi], *, now: datetime) -> dict[int, BaselineClock]:
    """By KPI id; a fixed number of queries for KPIs of the same intervals."""
    known = _Known.of([kpi for kpi in kpis if not kpi.is_context])
    waiting = [kpi for kpi in kpis if not kpi.is_context and kpi.pk not in known.measured]
    if not waiting:
        return {}
    calendar = organisation.calendar()
    wholes = _Wholes(calendar)
    windows = {kpi.pk: _window(kpi, wholes, calendar, now) for kpi in waiting}
    first, end = min(w.start for w in windows.values()), max(w.end for w in windows.values())
    where = {kpi.pk: known.drafts[kpi.pk].treated for kpi in waiting if kpi.pk in known.drafts}
    treated = series.interval_values_of(waiting, first, end, where=where, now=now)
    where = {k: draft.control for k, draft in known.drafts.items() if draft.control}
    compared = [kpi for kpi in waiting if kpi.pk in where]
    control = series.interval_values_of(compared, first, end, where=where, now=now) if compared else {}
    found = {}
    for kpi in waiting:
        points = within(treated[kpi.pk], windows[kpi.pk])
        others = within(control[kpi.pk], windows[kpi.pk]) if kpi.pk in control else None
        found[kpi.pk] = _Clock(kpi, points, _paired(kpi, points, others, calendar), known, wholes, now).read()
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """By KPI id: which have an approved measured baseline, which an approved stated one, and the newest open draft."""

    measured: frozenset[int]
    declared: frozenset[int]
    drafts: Mapping[int, Baseline]

    @classmethod
    def of(cls, kpis: Collection[Kpi]) -> _Known:
        newest: dict[int, Baseline] = {}
        drafts: dict[int, Baseline] = {}
        for row in Baseline.objects.filter(kpi__in=[kpi.pk for kpi in kpis]).order_by("kpi_id", "version"):
            if row.approved_at is not None:
                newest[row.kpi_id] = row
                drafts.pop(row.kpi_id, None)
            else:
                drafts[row.kpi_id] = row
        by_method = {
            method: frozenset(k for k, row in newest.items() if row.method == method) for method in Baseline.Method
        }
        return cls(by_method[Baseline.Method.MEASURED], by_method[Baseline.Method.DECLARED], drafts)


class _Wholes:
    """Whole intervals counted backwards from an instant; hours of two weeks are counted once, not for each KPI."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.before = cache(self._before)

    def _before(self, end: datetime, count: int, granularity: Granularity) -> datetime:
        """Start of the `count` whole intervals before `end`."""
        start = self.calendar.start_of(end, granularity)
        for _ in range(count):
            start = self.calendar.start_of(start - INSTANT, granularity)
        return start


def _window(kpi: Kpi, wholes: _Wholes, calendar: Calendar, now: datetime) -> Interval:
    """What is counted: up to now or to go-live, as far back as a baseline may reach."""
    granularity, live = Granularity(kpi.interval), _live(kpi, calendar)
    end = now if live is None else min(now, live)
    needed = wholes.before(end, ENOUGH_INTERVALS.value[granularity].before, granularity)
    return Interval(end - SPAN * (end - needed), end)


def _live(kpi: Kpi, calendar: Calendar) -> datetime | None:
    on = kpi.initiative.go_live_on
    return None if on is None else calendar.local_midnight(on)


def _paired(kpi: Kpi, points: list[IntervalPoint], others: list[IntervalPoint] | None, calendar: Calendar) -> Series:
    control = None if others is None else series_of(others, kpi.interval, calendar)
    return paired(series_of(points, kpi.interval, calendar), control).treated


class _Clock:
    """One KPI's clock at one instant. `points`: complete, in the window; `values`: those that count."""

    def __init__(
        self, kpi: Kpi, points: list[IntervalPoint], values: Series, known: _Known, wholes: _Wholes, now: datetime
    ) -> None:
        self.kpi, self.points, self.values, self.known, self.wholes, self.now = kpi, points, values, known, wholes, now
        self.calendar, self.granularity = wholes.calendar, Granularity(kpi.interval)
        self.needed = ENOUGH_INTERVALS.value[self.granularity].before
        self.live = _live(kpi, self.calendar)
        # Hours and days fall on weekends, longer intervals hold working days anyway.
        short = self.granularity in (Granularity.HOUR, Granularity.DAY)
        self.due = WORKDAYS if kpi.workdays_only and short else 1.0

    def read(self) -> BaselineClock:
        draft = self.known.drafts.get(self.kpi.pk)
        more = {
            "declared": self.kpi.pk in self.known.declared,
            "draft": draft.version if draft else None,
            "first_on": self.calendar.local_date(self.points[0].start) if self.values.n else None,
        }
        return self._before(more) if self.live is None or self.live > self.now else self._after(self.live, more)

    def _after(self, live: datetime, more: dict[str, Any]) -> BaselineClock:
        start = self.wholes.before(live, self.needed, self.granularity)
        last = self.calendar.start_of(live, self.granularity) - INSTANT
        archive = self.calendar.local_date(start), self.calendar.local_date(last)
        state = RECOVERABLE if self.values.n >= self.needed else MISSED
        return BaselineClock(self.kpi, state, self.values.n, self.needed, archive=archive, **more)

    def _before(self, more: dict[str, Any]) -> BaselineClock:
        since = self._uncounted()
        pace = self._pace(since)
        n, missing = self.values.n, max(0, self.needed - self.values.n)
        at = enough_at(missing, since=since, calendar=self.calendar, granularity=self.granularity, present=pace)
        enough_on = None if at is None or not missing else self.calendar.local_date(at)
        if self.live is None:
            state = "enough" if not missing else NO_GO_LIVE_DATE
            return BaselineClock(self.kpi, state, n, self.needed, pace=pace, enough_on=enough_on, **more)
        state = prospect(n, self.needed, left=self._places(since, self.live), pace=pace)
        return BaselineClock(
            self.kpi,
            state,
            n,
            self.needed,
            days_left=(self.calendar.local_date(self.live) - self.calendar.local_date(self.now)).days,
            pace=pace,
            enough_on=enough_on,
            begin_by=self._begin_by(self.live) if n == 0 and state != "will_not_suffice" else None,
            **more,
        )

    def _uncounted(self) -> datetime:
        """Start of the first interval whose value is still to come, or on its way."""
        if not self.values.n:
            return self.calendar.start_of(self.now, self.granularity)
        lateness = min(self._length(), finality.LATENESS_AT_MOST)
        waiting = self.calendar.start_of(self.now - lateness, self.granularity)
        return max(waiting, self.points[-1].end)

    def _length(self) -> timedelta:
        bounds = self.calendar.bounds(self.now, self.granularity)
        return bounds.end - bounds.start

    def _pace(self, since: datetime) -> float:
        """By the last intervals, as many as are needed, but none before the first that has a value."""
        if not self.values.n:
            return self.due
        now_place = self._place(since)
        passed = min(now_place - int(self.values.positions[0]), self.needed)
        had = int((self.values.positions >= now_place - passed).sum())
        return pace_of(had, passed, at_most=self.due)

    def _begin_by(self, live: datetime) -> date:
        count = math.ceil(self.needed / self.due - 1e-9)
        return self.calendar.local_date(self.wholes.before(live, count, self.granularity))

    def _places(self, start: datetime, end: datetime) -> int:
        return max(0, self._place(self.calendar.start_of(end, self.granularity)) - self._place(start))

    def _place(self, start: datetime) -> int:
        return int(self.calendar.positions_of(np.array([epoch_us(start)], np.int64), self.granularity)[0])

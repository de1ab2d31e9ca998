"""Whether an interval can still change, whether it is missing, and since when a KPI is silent.

An interval is *open* while it holds now. Afterwards it is *complete* as soon as a newer measurement came (its source
went on) or its lateness is over; until then it is *late*. Lateness is one interval, at most 48 hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial

import numpy as np
from django.db import connection

from kpis.calculations.aggregation import Ints
from kpis.calculations.defaults import LATENESS_HOURS
from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us
from kpis.definitions import organisation
from kpis.definitions.models import Annotation, Holiday, Kpi
from kpis.rollups.models import IntervalValue, KpiState

LATENESS_AT_MOST = timedelta(hours=LATENESS_HOURS.value)
SILENT_AFTER = {
    Kpi.Interval.HOUR: timedelta(hours=2),
    Kpi.Interval.DAY: timedelta(days=2),
    Kpi.Interval.WEEK: timedelta(days=14),
    Kpi.Interval.MONTH: timedelta(days=62),
    Kpi.Interval.QUARTER: timedelta(days=184),
}
DAY = timedelta(days=1)

# One look into the index for each series: the first of all its intervals.
FIRST = """
select s.kpi_id, min(earliest.start)
  from unnest(%s::int8[], %s::text[]) as kpi(id, granularity)
  join kpis_series s on s.kpi_id = kpi.id
 cross join lateral (select v.start from kpis_intervalvalue v
                      where v.series_id = s.id and v.granularity = kpi.granularity order by v.start limit 1) as earliest
 group by s.kpi_id
"""
PRESENT = """
select coalesce(sum(held.n), 0)
  from unnest(%s::int8[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bool[])
    as span(kpi_id, granularity, first, last, has_off)
 cross join lateral (select count(distinct v.start) as n
                       from kpis_series s
                       join kpis_intervalvalue v on v.series_id = s.id and v.granularity = span.granularity
                        and v.start between span.first and span.last
                      where s.kpi_id = span.kpi_id and not (span.has_off and v.start = any(%s::timestamptz[]))) as held
"""


class Finality(StrEnum):
    """`open` holds now; `late` is over, but its data may still come; `complete` changes by late data only."""

    OPEN = "open"
    LATE = "late"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which data was expected and none came. `explanation`: the outage that names it, else empty."""

    start: datetime
    end: datetime
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many intervals should hold data by now, and how many do."""

    expected: int
    present: int

    @property
    def share(self) -> float | None:
        """0..1; None where nothing is expected yet."""
        return self.present / self.expected if self.expected else None


def finality(interval: Interval, *, newest_at: datetime | None, now: datetime) -> Finality:
    """Where the interval stands, given the KPI's newest measurement. An interval that has not begun counts as open."""
    if now < interval.end:
        return Finality.OPEN
    if newest_at is not None and newest_at >= interval.end:
        return Finality.COMPLETE
    lateness = min(interval.end - interval.start, LATENESS_AT_MOST)
    return Finality.COMPLETE if now >= interval.end + lateness else Finality.LATE


def lateness_us(start: Ints, end: Ints) -> Ints:
    """How long after its end the data of each interval may still come, in microseconds."""
    return np.minimum(end - start, LATENESS_AT_MOST // timedelta(microseconds=1))


def finalities(start: Ints, end: Ints, *, newest_at: datetime | None, now: datetime) -> list[Finality]:
    """`finality` of many intervals of one KPI, given in microseconds since 1970."""
    now_us = epoch_us(now)
    complete = end + lateness_us(start, end) <= now_us
    if newest_at is not None:
        complete |= end <= epoch_us(newest_at)
    codes = np.where(end > now_us, 0, np.where(complete, 2, 1))
    kinds = (Finality.OPEN, Finality.LATE, Finality.COMPLETE)
    return [kinds[code] for code in codes.tolist()]


def gaps(kpi: Kpi, start: datetime, end: datetime, *, now: datetime) -> list[Gap]:
    """Intervals of the KPI that overlap `[start, end)`, are final and hold no data, oldest first.

    Expected is every interval since the first one with data; with `workdays_only` those that hold a working day.
    """
    calendar = organisation.calendar()
    expected = _expected(kpi, start, end, now, calendar)
    present = _present(kpi, expected)
    missing = [interval for interval in expected if interval.start not in present]
    outages = _outages(kpi, missing, calendar) if missing else []
    return [Gap(i.start, i.end, _explanation(i, outages)) for i in missing]


def completeness(kpis: Collection[Kpi], *, start: datetime, end: datetime, now: datetime) -> Completeness:
    """Over all these KPIs' own intervals that overlap `[start, end)` and are final. Counted, not listed."""
    expected = _spans_expected(kpis, start, end, now, organisation.calendar())
    return Completeness(sum(span.expected for span in expected), _present_within(expected) if expected else 0)


def stale(kpi: Kpi, *, now: datetime) -> datetime | None:
    """Since when the KPI is silent although data was expected; None where it is not, or never had data."""
    return stale_kpis([kpi], now=now).get(kpi.pk)


def stale_kpis(kpis: Collection[Kpi], *, now: datetime) -> dict[int, datetime]:
    """KPI id to the instant of its newest measurement, for those that are silent for longer than they may be.

    They may be for `stale_after`, else for two measurement intervals; with `workdays_only` days off do not count.
    """
    calendar = organisation.calendar()
    newest = _newest(kpis)
    holidays = _holidays() if any(kpi.workdays_only for kpi in kpis) else frozenset()
    silent = {}
    for kpi in kpis:
        since = newest.get(kpi.pk)
        allowed = kpi.stale_after or SILENT_AFTER[Kpi.Interval(kpi.interval)]
        if since is None or now - since <= allowed:
            continue
        off = _time_off(since, now, calendar, holidays) if kpi.workdays_only else timedelta(0)
        if now - since - off > allowed:
            silent[kpi.pk] = since
    return silent


def _expected(kpi: Kpi, start: datetime, end: datetime, now: datetime, calendar: Calendar) -> list[Interval]:
    """The final intervals since the KPI's first data in which it should have been measured."""
    newest, first = _newest([kpi]).get(kpi.pk), _first_starts([kpi]).get(kpi.pk)
    if first is None:
        return []
    off = partial(_is_off, calendar=calendar, holidays=_holidays()) if kpi.workdays_only else lambda _interval: False
    return [
        interval
        for interval in calendar.between(max(start, first), min(end, now), Granularity(kpi.interval))
        if finality(interval, newest_at=newest, now=now) is Finality.COMPLETE and not off(interval)
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    """From the first to the last start of an interval in which a KPI should have been measured; `off` lie between."""

    kpi_id: int
    granularity: str
    first: datetime
    last: datetime
    expected: int
    off: list[datetime]


def _spans_expected(
    kpis: Collection[Kpi], start: datetime, end: datetime, now: datetime, calendar: Calendar
) -> list[_Span]:
    """What `_expected` lists, by its ends: the intervals of a KPI that are final follow each other."""
    newest, first = _newest(kpis), _first_starts(kpis)
    start = max(start, min(first.values(), default=start))
    intervals = {g: calendar.between(start, min(end, now), Granularity(g)) for g in {kpi.interval for kpi in kpis}}
    off = partial(_is_off, calendar=calendar, holidays=_holidays())
    days_off = {g: [i.start for i in intervals[g] if off(i)] for g in {k.interval for k in kpis if k.workdays_only}}
    found = []
    for granularity, some in intervals.items():
        starts, ends = (np.array([epoch_us(at) for at in column], np.int64) for column in _columns(some))
        over = ends + lateness_us(starts, ends) <= epoch_us(now)
        for kpi in (kpi for kpi in kpis if kpi.interval == granularity and kpi.pk in first):
            final = over | (ends <= epoch_us(newest[kpi.pk])) if kpi.pk in newest else over
            due = np.flatnonzero(final & (ends <= epoch_us(now)) & (starts >= epoch_us(first[kpi.pk])))
            if due.size:
                begin, last = some[due[0]].start, some[due[-1]].start
                without = (
                    [at for at in days_off.get(granularity, ()) if begin <= at <= last] if kpi.workdays_only else []
                )
                found.append(_Span(kpi.pk, granularity, begin, last, due.size - len(without), without))
    return found


def _columns(intervals: list[Interval]) -> tuple[list[datetime], list[datetime]]:
    return [interval.start for interval in intervals], [interval.end for interval in intervals]


def _present_within(spans: list[_Span]) -> int:
    """How many intervals of these spans hold data, days off left out."""
    off = sorted({at for span in spans for at in span.off})
    columns = [[getattr(span, name) for span in spans] for name in ("kpi_id", "granularity", "first", "last")]
    with connection.cursor() as cursor:
        cursor.execute(PRESENT, [*columns, [bool(span.off) for span in spans], off])
        return int(cursor.fetchone()[0])


def _present(kpi: Kpi, expected: Collection[Interval]) -> set[datetime]:
    """Starts of the intervals with data, within the span of the expected ones."""
    if not expected:
        return set()
    values = IntervalValue.objects.filter(series__kpi=kpi, granularity=kpi.interval)
    within = values.filter(start__gte=min(i.start for i in expected), start__lte=max(i.start for i in expected))
    return set(within.values_list("start", flat=True))


def _first_starts(kpis: Collection[Kpi]) -> dict[int, datetime]:
    """Start of the first interval with data, by KPI."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [[kpi.pk for kpi in kpis], [kpi.interval for kpi in kpis]])
        return dict(cursor.fetchall())


def _newest(kpis: Collection[Kpi]) -> dict[int, datetime]:
    states = KpiState.objects.filter(kpi__in=[kpi.pk for kpi in kpis], newest_at__isnull=False)
    return {kpi_id: newest for kpi_id, newest in states.values_list("kpi_id", "newest_at") if newest is not None}


def _holidays() -> frozenset[date]:
    return frozenset(Holiday.objects.values_list("on", flat=True))


def _is_off(interval: Interval, calendar: Calendar, holidays: frozenset[date]) -> bool:
    return all(_is_day_off(day, holidays) for day in _days(interval.start, interval.end, calendar))


def _is_day_off(day: date, holidays: frozenset[date]) -> bool:
    return day.weekday() >= 5 or day in holidays


def _days(start: datetime, end: datetime, calendar: Calendar) -> Iterable[date]:
    """The local dates that overlap `[start, end)`."""
    day = calendar.local_date(start)
    while calendar.local_midnight(day) < end:
        yield day
        day += DAY


def _time_off(since: datetime, now: datetime, calendar: Calendar, holidays: frozenset[date]) -> timedelta:
    """How much of the time between the two instants lies on days off."""
    return sum(
        (
            min(now, calendar.end_of_day(day)) - max(since, calendar.local_midnight(day))
            for day in _days(since, now, calendar)
            if _is_day_off(day, holidays)
        ),
        timedelta(0),
    )


def _outages(kpi: Kpi, missing: list[Interval], calendar: Calendar) -> list[Annotation]:
    last = calendar.local_date(missing[-1].end)
    return list(Annotation.objects.filter(initiative_id=kpi.initiative_id, kind=Annotation.Kind.OUTAGE, on__lte=last))


def _explanation(interval: Interval, outages: list[Annotation]) -> str:
    calendar = organisation.calendar()
    for outage in outages:
        until = calendar.end_of_day(outage.until or outage.on)
        if calendar.local_midnight(outage.on) < interval.end and interval.start < until:
            return outage.text
    return ""

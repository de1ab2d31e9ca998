"""Where a measurement interval begins and ends in the organisation's time zone.

Intervals are half-open `[start, end)` between UTC instants. Days, weeks, months and fiscal quarters begin at
the first instant of a local date, so a daylight-saving day has 23 or 25 hours. Hours are whole local hours,
cut where the clock is changed by less than an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
HOUR_US = 3_600_000_000

Epochs = NDArray[np.int64]

# So far after its start an interval of this kind is over and the next one is not, whatever the clocks do: there have
# been days of 27 hours (Casey in Antarctica), and two days in a row of 45.
_BEYOND_US = {
    "day": 36 * HOUR_US,
    "week": 8 * 24 * HOUR_US,
    "month": 32 * 24 * HOUR_US,
    "quarter": 94 * 24 * HOUR_US,
}


class Granularity(StrEnum):
    """The length of a measurement interval."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


class FiscalQuarter(NamedTuple):
    """Quarter 1 to 4 of the fiscal year that began in calendar year `start_year` and ends in `end_year`."""

    start_year: int
    end_year: int
    quarter: int


class IsoWeek(NamedTuple):
    """Week 1 to 53 of the ISO year, which is the year of the week's Thursday."""

    year: int
    week: int


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open `[start, end)`, both instants in UTC. Refuses (ValueError) an empty or backward interval."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("an interval needs two instants in UTC")
        if self.start >= self.end:
            raise ValueError("an interval must end after its start")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Calendar:
    """The organisation's clock and year: an IANA zone and the month (1 to 12) in which its fiscal year begins.

    Refuses (ValueError) naive datetimes; zoneinfo refuses an unknown zone.
    """

    zone: str
    fiscal_year_start: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start <= 12:
            raise ValueError("the fiscal year begins in a month from 1 to 12")
        ZoneInfo(self.zone)

    def local_midnight(self, day: date) -> datetime:
        """First instant of the local date, in UTC; where midnight is skipped, the instant of the clock change."""
        return _first_instant(self.zone, day)

    def end_of_day(self, day: date) -> datetime:
        """The instant at which the local date is over, in UTC; a figure *as of* a date is taken here."""
        return _first_instant(self.zone, day + DAY)

    def local_date(self, instant: datetime) -> date:
        """The date whose day holds the instant."""
        return self._period_of(_utc(instant), Granularity.DAY)

    def start_of(self, instant: datetime, granularity: Granularity) -> datetime:
        """Start of the interval that holds the instant."""
        return self.bounds(instant, granularity).start

    def end_of(self, start: datetime, granularity: Granularity) -> datetime:
        """End of the interval that begins at (or holds) `start`."""
        return self.bounds(start, granularity).end

    def bounds(self, instant: datetime, granularity: Granularity) -> Interval:
        """The interval that holds the instant."""
        instant = _utc(instant)
        if granularity is Granularity.HOUR:
            return _hour_around(self.zone, instant)
        first = self._period_of(instant, granularity)
        return Interval(self.local_midnight(first), self.local_midnight(self._next(first, granularity)))

    def between(self, start: datetime, end: datetime, granularity: Granularity) -> list[Interval]:
        """All intervals that overlap `[start, end)`, in order; none where the range is empty."""
        found: list[Interval] = []
        instant, end = _utc(start), _utc(end)
        while instant < end:
            interval = self.bounds(instant, granularity)
            found.append(interval)
            instant = interval.end
        return found

    def starts_of(self, at: Epochs, granularity: Granularity) -> Epochs:
        """Interval starts of many instants, microseconds since 1970 UTC in and out; shape (n,), any order."""
        if not at.size:
            return np.empty(0, np.int64)
        first, last = _instant(int(at.min())), _instant(int(at.max()))
        if granularity is Granularity.HOUR:
            return _hour_starts(self.zone, at, first, last)
        day = self._period_of(first, granularity)
        boundaries = [self.local_midnight(day)]
        while boundaries[-1] <= last:
            day = self._next(day, granularity)
            boundaries.append(self.local_midnight(day))
        edges = np.array([epoch_us(b) for b in boundaries], np.int64)
        return edges[np.searchsorted(edges, at, side="right") - 1]

    def ends_of(self, starts: Epochs, granularity: Granularity) -> Epochs:
        """End of each interval that begins at one of `starts`, microseconds since 1970 UTC; shape (n,), any order."""
        if granularity is Granularity.HOUR:
            return _hour_ends(self.zone, starts)
        return self.starts_of(starts + _BEYOND_US[granularity], granularity)

    def positions_of(self, starts: Epochs, granularity: Granularity) -> Epochs:
        """Running number of each interval on the calendar, so that neighbours differ by 1 and a gap by more.

        starts : shape (n,), interval starts in microseconds since 1970 UTC. Days count local dates (modulo 7 is
        the weekday), weeks count Mondays, months and quarters count in the fiscal year's rhythm. Hours count whole
        hours since 1970 UTC; half an hour cut off by Lord Howe's clock change takes a number of its own, so give all
        hours of one comparison in one call, in order.
        """
        if granularity is Granularity.HOUR:
            order = np.arange(starts.size)
            return np.maximum.accumulate(starts // HOUR_US - order) + order
        return np.array([self._position(_instant(int(us)), granularity) for us in starts], np.int64)

    def fiscal_quarter(self, day: date) -> FiscalQuarter:
        """Fiscal year and quarter of a local date."""
        since = (day.month - self.fiscal_year_start) % 12
        start_year = day.year if day.month >= self.fiscal_year_start else day.year - 1
        return FiscalQuarter(start_year, start_year + (self.fiscal_year_start > 1), since // 3 + 1)

    @staticmethod
    def iso_week(day: date) -> IsoWeek:
        """ISO year and week of a local date."""
        year, week, _ = day.isocalendar()
        return IsoWeek(year, week)

    def _position(self, instant: datetime, granularity: Granularity) -> int:
        day = self._period_of(instant, granularity)
        match granularity:
            case Granularity.DAY:
                return day.toordinal()
            case Granularity.WEEK:
                return day.toordinal() // 7
            case Granularity.MONTH:
                return day.year * 12 + day.month
            case _:
                return (day.year * 12 + day.month - self.fiscal_year_start) // 3

    def _period_of(self, instant: datetime, granularity: Granularity) -> date:
        """First date of the period that holds the instant."""
        first = self._period_start(instant.astimezone(ZoneInfo(self.zone)).date(), granularity)
        # Where clocks go back over midnight the date can fall back too; the day that has begun goes on.
        while self.local_midnight(self._next(first, granularity)) <= instant:
            first = self._next(first, granularity)
        return first

    def _period_start(self, day: date, granularity: Granularity) -> date:
        match granularity:
            case Granularity.DAY:
                return day
            case Granularity.WEEK:
                return day - timedelta(days=day.weekday())
            case Granularity.MONTH:
                return day.replace(day=1)
            case _:
                return _months_later(day.replace(day=1), -((day.month - self.fiscal_year_start) % 3))

    @staticmethod
    def _next(first: date, granularity: Granularity) -> date:
        steps: dict[Granularity, Callable[[date], date]] = {
            Granularity.DAY: lambda day: day + DAY,
            Granularity.WEEK: lambda day: day + 7 * DAY,
            Granularity.MONTH: lambda day: _months_later(day, 1),
            Granularity.QUARTER: lambda day: _months_later(day, 3),
        }
        return steps[granularity](first)


def epoch_us(instant: datetime) -> int:
    """Microseconds since 1970 UTC, exact."""
    return (instant - EPOCH) // MICROSECOND


def _instant(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


@lru_cache(maxsize=20_000)
def _first_instant(zone: str, day: date) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    instant = midnight.astimezone(UTC)
    if instant.astimezone(midnight.tzinfo).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # Midnight is skipped: with fold=1 it is read before the clock change, with fold=0 at or after it.
    return _change_between(zone, midnight.replace(fold=1).astimezone(UTC), instant)


def _change_between(zone: str, before: datetime, after: datetime) -> datetime:
    """The instant at which the zone's offset changes, to the second, within (before, after]."""
    place = ZoneInfo(zone)
    old = before.astimezone(place).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(place).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


@lru_cache(maxsize=400)
def _offsets_of_year(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(from instant, offset), both in microseconds: at the start of the UTC year and at each clock change in it."""
    place = ZoneInfo(zone)
    at = datetime(year, 1, 1, tzinfo=UTC)
    offset = at.astimezone(place).utcoffset()
    found = [(epoch_us(at), offset)]
    while at.year == year:
        later = at + DAY
        new = later.astimezone(place).utcoffset()
        if new != offset:
            found.append((epoch_us(_change_between(zone, at, later)), new))
            offset = new
        at = later
    return tuple((since, (shift or timedelta(0)) // MICROSECOND) for since, shift in found)


def _clock_changes(zone: str, first: datetime, last: datetime) -> tuple[Epochs, Epochs]:
    """Instants since when an offset holds, and these offsets, from a year before `first` to a year after `last`."""
    table = [row for year in range(first.year - 1, last.year + 2) for row in _offsets_of_year(zone, year)]
    # A new year is no clock change: only rows with another offset than the one before cut an hour.
    kept = [row for i, row in enumerate(table) if i == 0 or row[1] != table[i - 1][1]]
    since, offset = np.array(kept, np.int64).T
    return since, offset


def _hour_starts(zone: str, at: Epochs, first: datetime, last: datetime) -> Epochs:
    since, offset = _clock_changes(zone, first, last)
    row = np.searchsorted(since, at, side="right") - 1
    return np.maximum(at - (at + offset[row]) % HOUR_US, since[row])


def _hour_ends(zone: str, starts: Epochs) -> Epochs:
    """The next whole local hour or the next clock change: Chatham cuts one hour in 45 minutes and 15."""
    if not starts.size:
        return starts
    since, offset = _clock_changes(zone, _instant(int(starts.min())), _instant(int(starts.max())))
    row = np.searchsorted(since, starts, side="right") - 1
    changes = np.append(since[1:], np.iinfo(np.int64).max)
    return np.minimum(starts - (starts + offset[row]) % HOUR_US + HOUR_US, changes[row])


def _hour_around(zone: str, instant: datetime) -> Interval:
    at = np.array([epoch_us(instant)], np.int64)
    start = _hour_starts(zone, at, instant, instant)
    return Interval(_instant(int(start[0])), _instant(int(_hour_ends(zone, start)[0])))

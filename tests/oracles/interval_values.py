"""Interval values a second time, sharing nothing with the product: walk the clock, sort lists, add up fractions.

The clock is walked in steps of a quarter of an hour, or of a minute, and each step is named as a person would name it:
by what the local clock and calendar show. An interval is a run of steps of one name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
GRANULARITIES = ("hour", "day", "week", "month", "quarter")
SHARES = {"p50": Fraction(50, 100), "p90": Fraction(90, 100), "p95": Fraction(95, 100), "p99": Fraction(99, 100)}

# R16 of the reliability goals asks for twelve; these are all that have ever shown a calendar to be wrong.
ZONES = {
    "UTC": "no clock change",
    "Europe/Berlin": "23 and 25 hours",
    "Europe/Dublin": "winter time is the negative one",
    "America/New_York": "changes at 2 in the morning",
    "Australia/Lord_Howe": "half an hour",
    "Africa/Casablanca": "back for Ramadan",
    "Pacific/Chatham": "45 minutes off, changes at 02:45",
    "America/Santiago": "midnight is skipped",
    "America/Havana": "midnight comes twice",
    "Africa/Cairo": "midnight is skipped, on a Friday",
    "Asia/Beirut": "midnight is skipped, on a Sunday",
    "Asia/Kathmandu": "45 minutes off, no changes",
    "Asia/Kolkata": "half an hour off, no changes",
    "America/St_Johns": "half an hour off, with changes",
    "Antarctica/Troll": "two hours: days of 22 and 26",
    "America/Nuuk": "another zone since 2023",
    "Asia/Almaty": "another zone since 2024",
}


class Point(NamedTuple):
    """One measurement; `at` an instant."""

    at: datetime
    value: float
    weight: float = 1.0
    event_id: str = ""


class Clock(NamedTuple):
    """Starts of all intervals by granularity, in order; the last one only ends the one before."""

    starts: Mapping[str, list[datetime]]

    def bounds(self, at: datetime, granularity: str) -> tuple[datetime, datetime]:
        starts = self.starts[granularity]
        place = bisect_right(starts, at)
        return starts[place - 1], starts[place]


def walked(
    zone: str, first: datetime, last: datetime, *, fiscal_year_start: int = 1, step: timedelta = QUARTER
) -> Clock:
    """The clock of a zone between two instants (UTC); what began before `first` is not known."""
    place = ZoneInfo(zone)
    starts: dict[str, list[datetime]] = {granularity: [] for granularity in GRANULARITIES}
    before: dict[str, object] = {}
    instant, day = first, date.min
    while instant <= last:
        local = instant.astimezone(place)
        day = max(day, local.date())  # a day that has begun is not left again for the one before
        names = _names(local, day, fiscal_year_start)
        for granularity in GRANULARITIES:
            if before and before[granularity] != names[granularity]:
                starts[granularity].append(instant)
        before = names
        instant += step
    return Clock(starts)


def _names(local: datetime, day: date, fiscal_year_start: int) -> dict[str, object]:
    return {
        "hour": (local.date(), local.hour, local.utcoffset()),
        "day": day,
        "week": day.isocalendar()[:2],
        "month": (day.year, day.month),
        "quarter": (day.year * 12 + day.month - fiscal_year_start) // 3,
    }


def by_interval(
    points: Iterable[Point], clock: Clock, granularity: str
) -> dict[tuple[datetime, datetime], list[Point]]:
    """The points of each interval that has any, in order of time, then of id."""
    found: dict[tuple[datetime, datetime], list[Point]] = {}
    for point in sorted(points, key=lambda point: (point.at, point.event_id)):
        found.setdefault(clock.bounds(point.at, granularity), []).append(point)
    return found


def value_of(points: list[Point], aggregation: str) -> Fraction | float | None:
    """The exact value of points in order of time; None for a mean without weight."""
    values = [point.value for point in points]
    if aggregation in SHARES:
        return sorted(values)[int(SHARES[aggregation] * (len(values) - 1))]
    if aggregation == "mean":
        weight = sum(Fraction(point.weight) for point in points)
        return sum(Fraction(p.value) * Fraction(p.weight) for p in points) / weight if weight else None
    return {
        "sum": lambda: sum(map(Fraction, values)),
        "count": lambda: len(values),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "last": lambda: values[-1],
    }[aggregation]()


def clock_changes(zone: str, first: datetime, last: datetime) -> list[datetime]:
    """Instants, to the minute, with which another offset begins; two changes within a day count once."""
    place = ZoneInfo(zone)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    offsets = [day.astimezone(place).utcoffset() for day in days]
    found = []
    for day, (old, new) in zip(days, pairwise(offsets), strict=False):
        if old != new:
            minutes = (day + timedelta(minutes=n) for n in range(1, 1441))
            found.append(next(minute for minute in minutes if minute.astimezone(place).utcoffset() != old))
    return found

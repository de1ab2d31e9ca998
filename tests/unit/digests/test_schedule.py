"""When a weekly mail is due: an oracle in minutes, and the clock changes by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.digests.schedule import due_after, due_until

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Pacific/Apia",
]
seconds = st.integers(
    int(datetime(2023, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
)
instants = seconds.map(lambda at: datetime.fromtimestamp(at, UTC))
rhythms = st.fixed_dictionaries(
    {"weekday": st.integers(0, 6), "at": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
     "zone": st.sampled_from(ZONES)}
)  # fmt: skip


def due(year, month, day, hour, minute=0, *, at, zone="Europe/Berlin", weekday=6):
    """The first due instant after midnight UTC of that day's eve, on the wall of its zone."""
    start = datetime(year, month, day, hour, minute, tzinfo=UTC)
    return due_after(start, weekday=weekday, at=at, zone=zone)


def test_seven_in_the_morning_stays_seven_when_the_clock_changes():
    before = due_after(datetime(2026, 3, 20, tzinfo=UTC), weekday=0, at=time(7), zone="Europe/Berlin")
    after = due_after(before, weekday=0, at=time(7), zone="Europe/Berlin")
    assert (before, after) == (datetime(2026, 3, 23, 6, tzinfo=UTC), datetime(2026, 3, 30, 5, tzinfo=UTC))


def test_a_time_that_the_clock_skips_comes_an_hour_later_that_day():
    assert due(2026, 3, 28, 12, at=time(2, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 in summer time


def test_a_time_that_comes_twice_is_due_once_at_the_first():
    first = due(2026, 10, 24, 12, at=time(2, 30))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due_after(first, weekday=6, at=time(2, 30), zone="Europe/Berlin") == datetime(2026, 11, 1, 1, 30, tzinfo=UTC)


def test_the_due_instant_itself_is_not_due_again():
    monday = datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert due_after(monday, weekday=0, at=time(7), zone="Europe/Berlin") == monday + timedelta(weeks=1)


@given(instants, rhythms)
def test_a_due_instant_lies_ahead_by_at_most_a_week_and_a_clock_change_on_its_own_weekday(instant, rhythm):
    found = due_after(instant, **rhythm)
    assert instant < found <= instant + timedelta(days=7, hours=2)
    local = found.astimezone(ZoneInfo(rhythm["zone"]))
    assert local.weekday() == rhythm["weekday"] or local.time() < time(3)  # a skipped 23:30 is after midnight
    jumped = local.replace(tzinfo=None) - datetime.combine(local.date(), rhythm["at"])
    assert jumped in (timedelta(0), timedelta(hours=1), timedelta(minutes=30)) or local.weekday() != rhythm["weekday"]


@given(instants, rhythms)
def test_every_local_week_has_one_due_instant(instant, rhythm):
    found, zone = [instant], ZoneInfo(rhythm["zone"])
    for _ in range(60):
        found.append(due_after(found[-1], **rhythm))
    days = [at.astimezone(zone).date() for at in found[1:]]
    assert all((b - a).days in (6, 7, 8) for a, b in pairwise(days))
    assert abs((days[-1] - days[0]).days - 7 * 59) <= 1


@given(instants, rhythms, st.integers(0, 400))
def test_what_was_missed_is_one_instant_the_last_and_counted(instant, rhythm, days):
    first = due_after(instant, **rhythm)
    now = first + timedelta(days=days)
    latest, missed = due_until(first, now, **rhythm)
    walked = [first]
    while (following := due_after(walked[-1], **rhythm)) <= now:
        walked.append(following)
    assert (latest, missed) == (walked[-1], len(walked) - 1)


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_has_a_monday_at_seven(zone):
    found = due_after(datetime(2026, 11, 20, tzinfo=UTC), weekday=0, at=time(7), zone=zone).astimezone(ZoneInfo(zone))
    assert (found.weekday(), found.time()) == (0, time(7))

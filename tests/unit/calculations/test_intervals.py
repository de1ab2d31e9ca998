"""Intervals against a second implementation: walk through the year hour by hour and read zoneinfo's local clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us

ZONES = ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Pacific/Chatham", "UTC"]
BERLIN = Calendar("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def quarters_of_an_hour(year: int) -> list[datetime]:
    return [utc(year, 1, 1) + i * timedelta(minutes=15) for i in range(366 * 96)]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_with_the_first_instant_that_carries_its_local_date(zone):
    first: dict[date, datetime] = {}
    for instant in quarters_of_an_hour(2026):
        first.setdefault(instant.astimezone(ZoneInfo(zone)).date(), instant)
    calendar = Calendar(zone)
    for day, instant in list(first.items())[1:]:
        assert calendar.local_midnight(day) == instant


@pytest.mark.parametrize("zone", ZONES)
def test_hours_hold_one_local_hour_under_one_offset(zone):
    place, calendar = ZoneInfo(zone), Calendar(zone)
    instants = quarters_of_an_hour(2026)
    starts = calendar.starts_of(np.array([epoch_us(i) for i in instants]), Granularity.HOUR)
    by_start: dict[int, set[tuple[datetime, timedelta]]] = {}
    for instant, start in zip(instants, starts, strict=True):
        local = instant.astimezone(place)
        key = (local.replace(minute=0, tzinfo=None), local.utcoffset())
        by_start.setdefault(int(start), set()).add(key)
    assert all(len(keys) == 1 for keys in by_start.values())
    every = [key for keys in by_start.values() for key in keys]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("zone", ZONES)
def test_many_instants_at_once_give_the_same_starts_as_one_by_one(zone, granularity):
    calendar = Calendar(zone, fiscal_year_start=4)
    instants = [utc(2026, 3, 1) + i * timedelta(minutes=487) for i in range(700)]
    together = calendar.starts_of(np.array([epoch_us(i) for i in instants]), granularity)
    assert together.tolist() == [epoch_us(calendar.start_of(i, granularity)) for i in instants]


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("zone", ZONES)
def test_intervals_follow_one_another_without_gap_or_overlap(zone, granularity):
    found = Calendar(zone).between(utc(2026, 2, 11, 5), utc(2026, 11, 3, 17), granularity)
    assert found[0].start <= utc(2026, 2, 11, 5) and found[-1].end >= utc(2026, 11, 3, 17)
    assert all(a.end == b.start for a, b in pairwise(found))


@given(
    st.sampled_from([*ZONES, "Pacific/Apia", "America/St_Johns", "Africa/Casablanca"]),
    st.sampled_from(list(Granularity)),
    st.floats(0, 46).map(lambda years: utc(1990, 1, 2) + years * timedelta(days=365)),
)
def test_every_instant_lies_in_the_interval_that_is_said_to_hold_it(zone, granularity, instant):
    calendar = Calendar(zone, 7)
    interval = calendar.bounds(instant, granularity)
    assert instant in interval
    assert calendar.bounds(interval.start, granularity) == interval
    assert int(calendar.starts_of(np.array([epoch_us(instant)]), granularity)[0]) == epoch_us(interval.start)


def test_the_day_of_the_clock_change_has_23_or_25_hours():
    spring = BERLIN.bounds(utc(2026, 3, 29, 12), Granularity.DAY)
    autumn = BERLIN.bounds(utc(2026, 10, 25, 12), Granularity.DAY)
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_a_half_hour_clock_change_leaves_a_day_of_23_and_a_half_hours():
    day = Calendar("Australia/Lord_Howe").bounds(utc(2026, 10, 3, 20), Granularity.DAY)
    assert day.end - day.start == timedelta(hours=23.5)


def test_where_midnight_is_skipped_the_day_begins_with_the_clock_change():
    santiago = Calendar("America/Santiago")
    assert santiago.local_midnight(date(2026, 9, 6)) == utc(2026, 9, 6, 4)
    assert utc(2026, 9, 6, 4).astimezone(ZoneInfo("America/Santiago")).hour == 1


def test_where_the_skipped_hour_lies_around_midnight_the_day_begins_with_the_clock_change():
    # Toronto, 30 March 1919: 23:30 became 00:30.
    assert Calendar("America/Toronto").local_midnight(date(1919, 3, 31)) == utc(1919, 3, 31, 4, 30)


def test_a_day_that_has_begun_goes_on_though_the_clock_falls_back_over_midnight():
    # St John's, 30 October 2005: at 00:01 the clock went back to 23:01 of the day before.
    st_johns = Calendar("America/St_Johns")
    repeated = utc(2005, 10, 30, 2, 45)
    assert repeated.astimezone(ZoneInfo("America/St_Johns")).date() == date(2005, 10, 29)
    assert st_johns.local_date(repeated) == date(2005, 10, 30)
    assert st_johns.bounds(repeated, Granularity.DAY).start == utc(2005, 10, 30, 2, 30)


def test_the_date_that_samoa_left_out_has_no_interval():
    days = Calendar("Pacific/Apia").between(utc(2011, 12, 29), utc(2012, 1, 1), Granularity.DAY)
    assert [d.start.astimezone(ZoneInfo("Pacific/Apia")).day for d in days] == [28, 29, 31, 1]


def test_the_repeated_hour_is_two_intervals():
    hours = BERLIN.between(utc(2026, 10, 25, 0), utc(2026, 10, 25, 2), Granularity.HOUR)
    assert [h.start.astimezone(ZoneInfo("Europe/Berlin")).hour for h in hours] == [2, 2]


def test_a_week_begins_on_monday_and_belongs_to_the_year_of_its_thursday():
    week = BERLIN.bounds(utc(2027, 1, 1, 12), Granularity.WEEK)
    assert week == Interval(utc(2026, 12, 27, 23), utc(2027, 1, 3, 23))
    assert Calendar.iso_week(date(2027, 1, 1)) == (2026, 53)


def test_a_fiscal_quarter_follows_the_month_in_which_the_year_begins():
    april = Calendar("UTC", fiscal_year_start=4)
    assert april.fiscal_quarter(date(2026, 3, 31)) == (2025, 2026, 4)
    assert april.fiscal_quarter(date(2026, 4, 1)) == (2026, 2027, 1)
    assert Calendar("UTC").fiscal_quarter(date(2026, 12, 31)) == (2026, 2026, 4)
    february = Calendar("UTC", fiscal_year_start=2)
    assert february.bounds(utc(2027, 1, 15), Granularity.QUARTER) == Interval(utc(2026, 11, 1), utc(2027, 2, 1))


def test_a_figure_as_of_a_date_is_taken_when_that_day_is_over():
    assert BERLIN.end_of_day(date(2026, 3, 29)) == utc(2026, 3, 29, 22)


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
def test_neighbouring_intervals_have_neighbouring_positions(zone, granularity):
    calendar = Calendar(zone, fiscal_year_start=2)
    starts = [epoch_us(i.start) for i in calendar.between(utc(2026, 3, 1), utc(2026, 12, 1), granularity)]
    positions = calendar.positions_of(np.array(starts), granularity)
    assert (np.diff(positions) >= 1).all()
    assert (np.diff(positions) == 1).mean() > 0.999


def test_an_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        BERLIN.bounds(utc(2026, 1, 1).replace(tzinfo=None), Granularity.DAY)

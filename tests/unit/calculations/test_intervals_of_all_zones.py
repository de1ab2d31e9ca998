"""The calendar of every zone, at every kind of clock change since 2005, against a walk along the local clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest

from kpis.calculations.intervals import Calendar, Granularity, epoch_us
from tests.oracles.interval_values import GRANULARITIES, QUARTER, ZONES, Clock, clock_changes, walked

FIRST, LAST = datetime(2005, 1, 2, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@cache
def changes_by_zone() -> dict[str, list[datetime]]:
    """The latest clock change of each kind, for one zone of each history: 1:00 to 2:00 in a winter is one kind."""
    histories: dict[tuple[object, ...], str] = {}
    for zone in sorted(available_timezones()):
        changes = clock_changes(zone, FIRST, LAST)
        histories.setdefault((LAST.astimezone(ZoneInfo(zone)).utcoffset(), *changes), zone)
    return {
        zone: list({kind_of(change, zone): change for change in changes}.values())  # type: ignore[misc, arg-type]
        for (_, *changes), zone in histories.items()
    }


def kind_of(change: datetime, zone: str) -> tuple[object, ...]:
    before, after = ((change - step).astimezone(ZoneInfo(zone)) for step in (MINUTE, timedelta(0)))
    return before.utcoffset(), after.utcoffset(), before.time()


def wrong_bounds(calendar: Calendar, clock: Clock, granularity: str) -> list[str]:
    """Starts that the walk found and the calendar does not, or ends otherwise; a microsecond on both sides."""
    kind = Granularity(granularity)
    starts = np.array([epoch_us(start) for start in clock.starts[granularity]], np.int64)
    given = {
        "starts_of a start": calendar.starts_of(starts, kind).tolist() == starts.tolist(),
        "starts_of an end": calendar.starts_of(starts[1:] - 1, kind).tolist() == starts[:-1].tolist(),
        "ends_of": calendar.ends_of(starts[:-1], kind).tolist() == starts[1:].tolist(),
        "bounds": all(
            calendar.bounds(start, kind).end == end
            for start, end in zip(clock.starts[granularity], clock.starts[granularity][1:], strict=False)
        ),
    }
    return [f"{calendar.zone} {granularity} {name}" for name, right in given.items() if not right]


@pytest.mark.parametrize("fiscal_year_start", [1, 2, 4, 7, 12])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Chatham", "Antarctica/Troll"])
def test_every_kind_of_interval_is_cut_as_calendar_and_clock_show(zone, fiscal_year_start):
    clock = walked(
        zone, datetime(2022, 12, 1, tzinfo=UTC), datetime(2025, 1, 9, tzinfo=UTC), fiscal_year_start=fiscal_year_start
    )
    calendar = Calendar(zone, fiscal_year_start)
    assert [wrong for g in GRANULARITIES for wrong in wrong_bounds(calendar, clock, g)] == []


@pytest.mark.parametrize("zone", ZONES)
def test_days_and_hours_of_the_zones_that_are_known_to_be_difficult(zone):
    clock = walked(zone, datetime(2022, 12, 1, tzinfo=UTC), datetime(2025, 1, 9, tzinfo=UTC))
    assert [wrong for g in GRANULARITIES for wrong in wrong_bounds(Calendar(zone), clock, g)] == []


def test_days_and_hours_at_every_kind_of_clock_change_of_every_zone():
    """Some zones have changed their clocks a minute past the hour, so there the walk takes minutes."""
    wrong = []
    for zone, changes in changes_by_zone().items():
        for change in changes:
            even = change.minute % 15 == 0
            around = timedelta(hours=75) if even else timedelta(hours=30)
            clock = walked(zone, change - around, change + around, step=QUARTER if even else MINUTE)
            wrong += [f"{what} {change}" for g in ("hour", "day") for what in wrong_bounds(Calendar(zone), clock, g)]
    assert wrong == []

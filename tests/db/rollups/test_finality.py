from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from kpis.calculations.intervals import Interval, epoch_us
from kpis.rollups import finality as final
from kpis.rollups import rolling
from kpis.rollups.finality import Completeness, Finality, finality
from tests.factories import AnnotationFactory, HolidayFactory, KpiFactory, OrganisationFactory, SeriesFactory

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC")


@pytest.fixture
def measured_on(arrive):
    def measured_on(*days: int, hour: int = 10, **kpi):
        kpi = KpiFactory(**kpi)
        arrive(SeriesFactory(kpi=kpi), [(MONDAY + n * DAY + hour * HOUR, 1.0) for n in days])
        rolling.roll_up_arrivals(at_most=10)
        return kpi

    return measured_on


def gap_days(kpi, days: int = 14, now: datetime | None = None) -> list[int]:
    end = MONDAY + days * DAY
    return [(gap.start - MONDAY).days for gap in final.gaps(kpi, MONDAY, end, now=now or end + 3 * DAY)]


# -- open, late, complete ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "now_after_end", "newest_after_end", "state"),
    [
        (DAY, -HOUR, -2 * HOUR, Finality.OPEN),
        (DAY, timedelta(0), -HOUR, Finality.LATE),
        (DAY, 23 * HOUR, -HOUR, Finality.LATE),
        (DAY, 24 * HOUR, -HOUR, Finality.COMPLETE),
        (DAY, timedelta(0), timedelta(0), Finality.COMPLETE),
        (HOUR, 59 * timedelta(minutes=1), None, Finality.LATE),
        (HOUR, HOUR, None, Finality.COMPLETE),
        (7 * DAY, 47 * HOUR, -HOUR, Finality.LATE),
        (7 * DAY, 48 * HOUR, -HOUR, Finality.COMPLETE),
        (90 * DAY, 48 * HOUR, -HOUR, Finality.COMPLETE),
    ],
)
def test_an_interval_is_late_until_its_source_went_on_or_one_interval_at_most_48_hours_have_passed(
    length, now_after_end, newest_after_end, state
):
    interval = Interval(MONDAY - length, MONDAY)
    newest = None if newest_after_end is None else MONDAY + newest_after_end

    assert finality(interval, newest_at=newest, now=MONDAY + now_after_end) is state
    bounds = (np.array([epoch_us(instant)]) for instant in (interval.start, interval.end))
    assert final.finalities(*bounds, newest_at=newest, now=MONDAY + now_after_end) == [state]


# -- gaps -------------------------------------------------------------------------------------------------------------


def test_a_day_without_data_between_days_with_data_is_a_gap(measured_on):
    assert gap_days(measured_on(0, 1, 3, 4, 5), days=6) == [2]


def test_before_the_first_measurement_nothing_is_missing(measured_on):
    assert gap_days(measured_on(2, 3), days=4) == []


def test_weekends_and_holidays_are_no_gaps_where_only_working_days_are_measured(measured_on):
    HolidayFactory(on=date(2026, 3, 11))

    assert gap_days(measured_on(0, 1, 2, 3, 4, 7, 8, 10, workdays_only=True), days=12) == [11]


def test_weekends_are_gaps_where_every_day_is_measured(measured_on):
    assert gap_days(measured_on(0, 1, 2, 3, 4, 7), days=8) == [5, 6]


def test_days_whose_data_may_still_come_are_no_gaps_yet(measured_on):
    kpi = measured_on(0, 1)

    assert gap_days(kpi, days=4, now=MONDAY + 2 * DAY + 12 * HOUR) == []
    assert gap_days(kpi, days=4, now=MONDAY + 3 * DAY + 12 * HOUR) == []
    assert gap_days(kpi, days=4, now=MONDAY + 4 * DAY) == [2]


def test_a_gap_is_explained_by_the_outage_that_was_noted_for_it(measured_on):
    kpi = measured_on(0, 3, 5)
    AnnotationFactory(
        initiative=kpi.initiative, kind="outage", on=date(2026, 3, 3), until=date(2026, 3, 4), text="Export down"
    )

    gaps = final.gaps(kpi, MONDAY, MONDAY + 6 * DAY, now=MONDAY + 9 * DAY)

    assert [(gap.start, gap.explanation) for gap in gaps] == [
        (MONDAY + DAY, "Export down"),
        (MONDAY + 2 * DAY, "Export down"),
        (MONDAY + 4 * DAY, ""),
    ]


def test_completeness_counts_the_expected_intervals_of_all_kpis(measured_on):
    daily = measured_on(0, 1, 3)
    weekly = measured_on(0, category="quality")
    never = KpiFactory()

    found = final.completeness([daily, weekly, never], start=MONDAY, end=MONDAY + 7 * DAY, now=MONDAY + 9 * DAY)

    assert found == Completeness(expected=8, present=4)
    assert found.share == 0.5
    assert Completeness(0, 0).share is None


# -- silence ----------------------------------------------------------------------------------------------------------


def test_a_kpi_is_stale_after_two_intervals_of_silence_and_says_since_when(measured_on):
    kpi = measured_on(0)
    newest = MONDAY + 10 * HOUR

    assert final.stale(kpi, now=newest + 2 * DAY) is None
    assert final.stale(kpi, now=newest + 2 * DAY + HOUR) == newest


def test_a_kpi_may_name_its_own_time_of_silence(measured_on):
    kpi = measured_on(0, stale_after=timedelta(hours=3))

    assert final.stale(kpi, now=MONDAY + 14 * HOUR) == MONDAY + 10 * HOUR


def test_a_weekend_is_no_silence_where_only_working_days_are_measured(measured_on):
    friday_evening = measured_on(4, hour=18, workdays_only=True)

    assert final.stale(friday_evening, now=MONDAY + 8 * DAY) is None
    assert final.stale(friday_evening, now=MONDAY + 9 * DAY) == MONDAY + 4 * DAY + 18 * HOUR


def test_a_kpi_that_never_had_data_is_not_stale():
    assert final.stale(KpiFactory(), now=MONDAY) is None

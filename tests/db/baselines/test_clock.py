"""How far a baseline is, seen from go-live: the clock goes on, the same KPI is looked at again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kpis.baselines.clock import clock_of, clocks_of
from kpis.baselines.told import words_of
from kpis.rollups import rolling
from tests.factories import BaselineFactory, InitiativeFactory, KpiFactory, OrganisationFactory, SeriesFactory

GO_LIVE = date(2026, 3, 2)  # a Monday
FIRST = date(2026, 2, 2)  # 28 days before


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE))


def on(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour - 1, tzinfo=UTC)  # winter in Berlin


@pytest.fixture
def measured(arrive):
    def measured(kpi, days, labels=None):
        arrive(SeriesFactory(kpi=kpi, labels=labels or {}), [(on(day), 14.0) for day in days])
        rolling.roll_up_arrivals(at_most=10)

    return measured


def days(count: int, first: date = FIRST, but: tuple[int, ...] = ()) -> list[date]:
    return [first + timedelta(days=k) for k in range(count) if k not in but]


def test_nine_of_twenty_eight_days_with_four_to_go_cannot_be_proved(measured, kpi):
    measured(kpi, days(9, first=date(2026, 2, 16)))

    found = clock_of(kpi, now=on(date(2026, 2, 26), 9))

    assert (found.state, found.n, found.needed, found.days_left) == ("will_not_suffice", 9, 28, 4)
    assert found.enough_on == date(2026, 3, 16)  # nineteen days more; the 25th may still come
    words = words_of(found)
    assert words.sentence == ("9 of 28\u00a0days measured; go-live in 4 days. You will not be able to prove this.")
    assert words.advice.endswith("keep a part without AI as control group, or go live later.")


def test_each_day_from_the_first_is_needed_so_it_will_just_suffice(measured, kpi):
    measured(kpi, days(9))

    found = clock_of(kpi, now=on(date(2026, 2, 12), 9))

    assert (found.state, found.enough_on) == ("just_suffices", GO_LIVE)


def test_begun_a_week_earlier_it_will_suffice(measured, kpi):
    measured(kpi, days(16, first=date(2026, 1, 26)))

    found = clock_of(kpi, now=on(date(2026, 2, 12), 9))

    assert (found.state, found.n, found.enough_on) == ("will_suffice", 16, date(2026, 2, 23))


def test_a_source_with_gaps_fills_it_at_its_own_pace(measured, kpi):
    # Every second day of three weeks has data: of the 18 days left only nine will.
    measured(kpi, days(21, first=date(2026, 1, 22), but=tuple(range(1, 21, 2))))

    found = clock_of(kpi, now=on(date(2026, 2, 12), 9))

    assert found.n == 10  # the 11th of February may still come
    assert found.pace == pytest.approx(1 / 2)
    assert found.state == "will_not_suffice"


def test_a_source_that_fell_silent_stops_the_clock(measured, kpi):
    measured(kpi, days(9))
    now = on(date(2026, 2, 20), 9)

    # Nine of the days from the 2nd to the 18th; the 19th may still come.
    assert clock_of(kpi, now=now).pace == pytest.approx(9 / 17)


def test_enough_is_enough_and_a_draft_waits_for_its_approval(measured, kpi):
    measured(kpi, days(28, first=date(2026, 1, 26)))
    now = on(date(2026, 2, 24), 9)

    assert clock_of(kpi, now=now).state == "enough"
    assert words_of(clock_of(kpi, now=now)).advice == "Let it be measured and approved before go-live."
    BaselineFactory(kpi=kpi, version=3)
    assert words_of(clock_of(kpi, now=now)).advice == "Version 3 waits for approval."


def test_nothing_measured_yet_says_when_measuring_must_begin(kpi):
    found = clock_of(kpi, now=on(date(2026, 1, 12)))

    assert (found.state, found.n, found.begin_by) == ("will_suffice", 0, FIRST)
    assert words_of(found).advice == "Measuring must begin by 2\u00a0Feb\u00a02026 at the latest."
    assert clock_of(kpi, now=on(date(2026, 2, 3))).state == "will_not_suffice"


def test_without_a_go_live_date_it_says_when_there_will_be_enough(measured):
    kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=None))
    measured(kpi, days(8))

    found = clock_of(kpi, now=on(date(2026, 2, 11), 9))

    assert (found.state, found.enough_on) == ("no_go_live_date", date(2026, 3, 2))
    assert words_of(found).sentence == "8 of 28\u00a0days measured; no go-live date is set."


def test_live_without_a_baseline_what_lies_before_go_live_can_be_recovered(measured, kpi):
    measured(kpi, days(40, first=date(2026, 1, 26)))  # five days of it since go-live

    found = clock_of(kpi, now=on(date(2026, 3, 10)))

    assert (found.state, found.n) == ("recoverable", 35)
    assert words_of(found).sentence == "Live without a baseline. 35\u00a0days before go-live are measured."


def test_live_with_too_little_before_it_says_which_days_an_archive_must_fill(measured, kpi):
    measured(kpi, days(30, first=date(2026, 2, 26)))

    found = clock_of(kpi, now=on(date(2026, 3, 30)))

    assert (found.state, found.n, found.archive) == ("missed", 4, (FIRST, date(2026, 3, 1)))
    advice = words_of(found).advice
    assert advice.startswith("Recover a baseline from the archive: send the measurements of ")
    assert "2\u00a0Feb to 1\u00a0Mar\u00a02026" in advice


def test_a_whole_year_of_months_is_called_the_archive_of_that_year():
    kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=date(2026, 1, 12)), interval="month")

    found = clock_of(kpi, now=on(date(2026, 11, 30)))

    assert found.archive == (date(2025, 1, 1), date(2025, 12, 31))
    assert words_of(found).advice == "Recover a baseline from the archive of 2025: send its measurements."


def test_a_declared_baseline_does_not_stop_the_clock_a_measured_one_does(kpi):
    now = on(date(2026, 3, 10))
    BaselineFactory(kpi=kpi, declared=True, approved=True)

    assert clock_of(kpi, now=now).declared
    assert words_of(clock_of(kpi, now=now)).sentence.startswith("The baseline is only declared.")
    BaselineFactory(kpi=kpi, version=2, approved=True)
    assert clock_of(kpi, now=now) is None


def test_a_volume_needs_no_baseline():
    assert clock_of(KpiFactory(is_context=True), now=on(date(2026, 1, 12))) is None


def test_with_a_control_group_in_the_draft_only_days_with_both_count(measured, kpi):
    measured(kpi, days(20), {"team": "treated"})
    measured(kpi, days(20, but=tuple(range(0, 20, 2))), {"team": "control"})
    BaselineFactory(kpi=kpi, treated={"team": "treated"}, control={"team": "control"})

    assert clock_of(kpi, now=on(date(2026, 2, 23), 9)).n == 10


def test_many_kpis_are_asked_for_with_the_same_number_of_queries(measured, kpi, django_assert_max_num_queries):
    kpis = [kpi, *(KpiFactory(initiative=kpi.initiative) for _ in range(11))]
    for one in kpis:
        measured(one, days(9))

    with django_assert_max_num_queries(6):
        found = clocks_of(kpis, now=on(date(2026, 2, 12), 9))

    assert len(found) == 12

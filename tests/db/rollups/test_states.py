from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpis.rollups import rolling
from kpis.rollups.models import KpiState
from tests.factories import KpiFactory, OrganisationFactory, SeriesFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC")


@pytest.fixture
def kpi(arrive):
    kpi = KpiFactory()
    arrive(SeriesFactory(kpi=kpi), [(NOON, 1.0)])
    rolling.roll_up_arrivals(at_most=10)
    return kpi


def test_new_data_waits_to_be_evaluated_until_it_is(kpi):
    waiting = rolling.waiting_for_evaluation(now=NOON)
    rolling.mark_evaluated(waiting, at=NOON)

    assert waiting == {kpi.pk: 1}
    assert rolling.waiting_for_evaluation(now=NOON + HOUR / 4) == {}


def test_what_changes_in_the_middle_of_an_evaluation_is_evaluated_again(kpi):
    waiting = rolling.waiting_for_evaluation(now=NOON)
    rolling.mark_dirty([kpi.pk])
    rolling.mark_evaluated(waiting, at=NOON)

    assert rolling.waiting_for_evaluation(now=NOON) == {kpi.pk: 2}


def test_a_changed_definition_waits_although_no_data_came():
    kpi = KpiFactory()

    rolling.mark_dirty([kpi.pk])

    assert rolling.waiting_for_evaluation(now=NOON) == {kpi.pk: 1}


def test_marking_a_kpi_that_is_gone_marks_nothing():
    rolling.mark_dirty([987654])

    assert not KpiState.objects.exists()


def test_an_interval_is_evaluated_again_when_it_ends_and_when_its_lateness_is_over(kpi):
    evaluated = NOON + 8 * HOUR
    for due in (NOON + 12 * HOUR, NOON + 36 * HOUR):
        rolling.mark_evaluated({kpi.pk: 1}, at=evaluated)
        assert rolling.waiting_for_evaluation(now=due - timedelta(seconds=1)) == {}
        assert rolling.waiting_for_evaluation(now=due) == {kpi.pk: 1}
        rolling.mark_evaluated({kpi.pk: 1}, at=due)
        assert rolling.waiting_for_evaluation(now=due + HOUR) == {}
        evaluated = due + HOUR


def test_an_evaluation_of_old_never_takes_back_a_newer_one(kpi):
    rolling.mark_dirty([kpi.pk])
    rolling.mark_evaluated({kpi.pk: 2}, at=NOON)
    rolling.mark_evaluated({kpi.pk: 1}, at=NOON)

    assert KpiState.objects.get(kpi=kpi).evaluated_version == 2

"""A baseline whose data came only after go-live is a reconstruction, and says so wherever it is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from kpis.access.models import AuditEvent
from kpis.baselines import approving, measuring
from kpis.evaluation import effects
from kpis.rollups import rolling
from tests.factories import (
    ControllerFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    SeriesFactory,
)

GO_LIVE = date(2026, 3, 2)
FIRST = datetime(2026, 2, 2, 11, tzinfo=UTC)
BEFORE, AFTER = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 20, 9, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support", go_live_on=GO_LIVE), slug="time")


@pytest.fixture
def measured(arrive):
    def measured(kpi, days, *, at, labels=None):
        series = kpi.series.filter(labels=labels or {}).first() or SeriesFactory(kpi=kpi, labels=labels or {})
        arrive(series, [(FIRST + timedelta(days=k), 14.0 + k % 3) for k in days], at=at)
        rolling.roll_up_arrivals(at_most=10)

    return measured


def measure(kpi, at=NOW, **more):
    return measuring.measure(
        kpi, window_start=date(2026, 2, 2), window_end=GO_LIVE, by=ProductOwnerFactory(), at=at, **more
    )


def test_data_that_came_before_go_live_make_no_reconstruction_however_late_it_is_measured(measured, kpi):
    measured(kpi, range(28), at=BEFORE)

    assert measure(kpi).reconstructed_intervals == 0


def test_an_archive_that_came_after_go_live_does(measured, kpi):
    measured(kpi, range(28), at=AFTER)

    baseline = measure(kpi)

    assert (baseline.intervals, baseline.reconstructed_intervals, baseline.is_reconstructed) == (28, 28, True)
    assert AuditEvent.objects.get().details["reconstructed_intervals"] == 28


def test_only_the_days_of_which_nothing_came_in_time_are_counted(measured, kpi, arrive):
    measured(kpi, range(20), at=BEFORE)
    measured(kpi, range(20, 28), at=AFTER)
    arrive(kpi.series.get(), [(FIRST + timedelta(hours=k), 15.0) for k in range(1, 4)], at=AFTER)  # late tickets

    assert measure(kpi).reconstructed_intervals == 8


def test_what_comes_within_a_days_lateness_is_in_time(measured, kpi):
    measured(kpi, range(28), at=datetime(2026, 3, 2, 9, tzinfo=UTC))

    assert measure(kpi).reconstructed_intervals == 0


def test_other_groups_data_do_not_speak_for_the_treated_one(measured, kpi):
    measured(kpi, range(28), at=BEFORE, labels={"team": "control"})
    measured(kpi, range(28), at=AFTER, labels={"team": "treated"})

    baseline = measure(kpi, treated={"team": "treated"}, control={"team": "control"})

    assert baseline.reconstructed_intervals == 28


def test_without_a_go_live_date_nothing_can_be_after_it(measured):
    kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=None))
    measured(kpi, range(28), at=AFTER)

    assert measure(kpi).reconstructed_intervals == 0


def test_the_pages_the_drawer_and_the_effect_say_so(measured, kpi):
    measured(kpi, [*range(28), *range(30, 57)], at=AFTER)
    approving.approve(measure(kpi), by=ControllerFactory(), at=NOW)
    (effect,) = effects.evaluate_kpis([kpi.pk], now=NOW)

    assert "baseline_reconstructed" in effect.notes
    client = Client()
    client.force_login(ProductOwnerFactory())
    page = client.get("/kpis/support.time/").content.decode()
    assert "28 of 28 intervals arrived only after go-live" in page
    assert "28\u00a0days, reconstructed" in page
    assert "baseline reconstructed" in client.get("/initiatives/support/").content.decode()

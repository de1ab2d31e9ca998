"""What was measured otherwise is restated where that can be, else refused with its reason: never compared silently."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.test import Client

from kpis.baselines import approving, declaring, measuring
from kpis.baselines.approving import ApprovalRefused
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady
from kpis.definitions import changing, organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.versions import keep_standing
from kpis.evaluation import effects
from kpis.ledger.changing import refuse_other_unit
from kpis.rollups import rolling
from tests.factories import (
    ControllerFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    SeriesFactory,
    TargetFactory,
    ValueDriverFactory,
)

FIRST = datetime(2026, 1, 5, 11, tzinfo=UTC)
GO_LIVE = date(2026, 3, 2)
FEBRUARY = datetime(2026, 2, 10, 9, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 4, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support", go_live_on=GO_LIVE), slug="time", unit="min")


@pytest.fixture
def measured(arrive):
    def measured(kpi, days, *, at):
        series = kpi.series.first() or SeriesFactory(kpi=kpi)
        arrive(series, [(FIRST + timedelta(days=k), 14.0 + k % 3) for k in days], at=at)
        rolling.roll_up_arrivals(at_most=10)

    return measured


def measure(kpi, at=MARCH):
    window = {"window_start": date(2026, 1, 5), "window_end": date(2026, 2, 28)}
    return measuring.measure(kpi, **window, by=ProductOwnerFactory(), at=at)


def approve(draft, at=MARCH):
    return approving.approve(draft, by=ControllerFactory(), at=at)


def evaluated(kpi):
    kpi.refresh_from_db()
    return effects.evaluate_kpis([kpi.pk], now=NOW)[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [({"unit": "h"}, "h"), ({"aggregation": "sum"}, "sum by day"), ({"aggregation": "p95", "interval": "week"}, "p95")],
)
def test_a_draft_from_before_the_kpi_was_measured_otherwise_cannot_be_approved(measured, kpi, change, told):
    measured(kpi, range(54), at=FEBRUARY)
    draft = measure(kpi)
    changing.change_kpi(kpi, change, by=None, at=MARCH + timedelta(hours=1))

    with pytest.raises(ApprovalRefused) as caught:
        approve(draft, at=MARCH + timedelta(hours=2))

    assert caught.value.code == "baseline_of_another_version"
    assert "measured as mean by day in min (version 1)" in caught.value.detail
    assert told in caught.value.detail


def test_what_was_declared_in_minutes_is_not_approved_in_hours(kpi):
    draft = declaring.declare(kpi, value=Decimal("3.5"), source="Head of Legal", by=ProductOwnerFactory(), at=FEBRUARY)
    changing.change_kpi(kpi, {"unit": "h"}, by=None, at=MARCH)

    with pytest.raises(ApprovalRefused):
        approve(draft, at=NOW)


def test_another_name_or_direction_changes_no_number_and_stands_in_no_ones_way(measured, kpi):
    measured(kpi, range(54), at=FEBRUARY)
    draft = measure(kpi)
    changing.change_kpi(kpi, {"name": "Time", "direction": "increase"}, by=None, at=MARCH + timedelta(hours=1))

    assert approve(draft, at=MARCH + timedelta(hours=2)).approved_at


def test_an_approved_baseline_of_another_version_is_never_compared_and_every_door_says_why(measured, kpi):
    measured(kpi, range(100), at=MARCH)
    keep_standing(kpi, organisation.current())
    approve(measure(kpi))
    # What the verbs refuse is done past them: by a row of long ago, or by hand in the database.
    changing.change_kpi(kpi, {"aggregation": "sum"}, by=None, at=MARCH + timedelta(days=1))

    effect = evaluated(kpi)

    assert (effect.effect, effect.improvement, effect.verdict) == (None, None, "not_enough_data")
    assert effect.reasons["effect"].startswith("The baseline was measured as mean by day in min (version 1)")
    client = Client()
    client.force_login(ProductOwnerFactory())
    page = client.get("/kpis/support.time/").content.decode()
    assert "so they are not compared. A new baseline can be." in page
    assert "sum, daily" in page  # how it is measured since when
    measured_anew = approve(measure(kpi, at=NOW), at=NOW)
    assert evaluated(kpi).baseline == measured_anew
    assert evaluated(kpi).effect is not None


def test_a_mean_of_weeks_is_on_the_level_of_a_mean_of_days_and_says_that_it_is_cut_otherwise(measured, kpi):
    measured(kpi, range(100), at=MARCH)
    approve(measure(kpi))
    changing.change_kpi(kpi, {"interval": "week"}, by=None, at=MARCH + timedelta(days=1))
    rolling.recompute([kpi.pk])

    effect = evaluated(kpi)

    assert "calendar_changed" in effect.notes
    assert effect.reasons["effect"].startswith("Not enough data: the baseline holds 7 of the 12 intervals")


def test_a_sum_of_weeks_is_not_on_the_level_of_a_sum_of_days(measured, kpi):
    kpi.aggregation = "sum"
    kpi.save()
    measured(kpi, range(100), at=MARCH)
    approve(measure(kpi))
    changing.change_kpi(kpi, {"interval": "week"}, by=None, at=MARCH + timedelta(days=1))
    rolling.recompute([kpi.pk])

    assert "sum by day in min (version 1)" in evaluated(kpi).reasons["effect"]


def test_another_zone_cuts_the_days_anew_and_the_effect_says_so(measured, kpi, at):
    measured(kpi, range(100), at=MARCH)
    approve(measure(kpi))

    with at(NOW):
        call_command("set_calendar", zone="America/New_York", reason="Moved to Boston.", verbosity=0)
    effect = evaluated(kpi)

    assert "calendar_changed" in effect.notes
    assert effect.effect is not None


def test_a_draft_whose_days_were_cut_otherwise_is_measured_anew_first(measured, kpi, at):
    measured(kpi, range(100), at=MARCH)
    draft = measure(kpi)
    with at(NOW):
        call_command("set_calendar", zone="America/New_York", reason="Moved to Boston.", verbosity=0)

    with pytest.raises(ApprovalRefused, match="Measure it anew"):
        approve(draft, at=NOW)


# -- the unit of what was sent ----------------------------------------------------------------------------------------


def test_a_window_with_rows_from_before_the_unit_changed_is_refused_until_they_are_sent_again(measured, kpi):
    measured(kpi, range(30), at=FEBRUARY)
    changing.change_kpi(kpi, {"unit": "h"}, by=None, at=FEBRUARY + timedelta(days=1))
    measured(kpi, range(30, 54), at=MARCH)

    with pytest.raises(BaselineNotReady) as caught:
        measure(kpi)
    assert caught.value.code == "unit_changed"
    assert caught.value.detail.startswith("30 intervals of the window hold measurements from before 2026-02-11")
    assert not Baseline.objects.exists()

    measured(kpi, range(30), at=MARCH)
    assert measure(kpi).intervals == 54


def test_the_same_unit_by_another_name_mixes_nothing(measured, kpi):
    measured(kpi, range(54), at=FEBRUARY)
    kpi.unit = "EUR"
    kpi.save()
    changing.change_kpi(kpi, {"unit": "EUR"}, by=None, at=MARCH)

    assert measure(kpi).intervals == 54


def test_targets_stay_the_same_quantities_in_the_new_unit(kpi):
    target = TargetFactory(kpi=kpi, value=Decimal("90"))

    changing.change_kpi(kpi, {"unit": "h"}, by=None, at=NOW)

    target.refresh_from_db()
    assert target.value == Decimal("1.5")


def test_a_unit_in_which_the_targets_cannot_be_said_is_refused(kpi):
    TargetFactory(kpi=kpi)

    with pytest.raises(ChangeRefused, match="cannot be said in EUR"):
        changing.change_kpi(kpi, {"unit": "EUR"}, by=None, at=NOW)
    kpi.refresh_from_db()
    assert kpi.unit == "min"


def test_a_unit_that_value_drivers_reckon_with_is_refused(kpi):
    driver = ValueDriverFactory(kpi=kpi)

    with pytest.raises(ChangeRefused) as caught:
        refuse_other_unit(kpi, {"unit": "h"})
    assert (caught.value.code, caught.value.attr) == ("drivers_in_another_unit", "unit")
    assert driver.name in caught.value.detail
    refuse_other_unit(kpi, {"unit": "min", "name": "Other"})

import json
from datetime import UTC, datetime

import pytest

from kpis.access.models import AuditEvent
from kpis.baselines.models import Baseline
from kpis.definitions.models import Initiative, Kpi
from kpis.ledger.models import Assumption, LedgerEntry, ValueDriver
from kpis.measurements.models import Measurement, Series
from kpis.phases.models import PhaseEntry
from kpis.rollups.models import KpiState
from tests.factories import (
    BaselineFactory,
    CostEntryFactory,
    InitiativeFactory,
    KpiFactory,
    KpiStateFactory,
    LedgerEntryFactory,
    MeasurementFactory,
    OrganisationFactory,
    SeriesFactory,
    ValueDriverFactory,
)

ADDRESS = "/api/v1/initiatives/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_an_initiative_needs_a_name_and_a_slug_and_nothing_else(api):
    OrganisationFactory(reporting_currency="CHF")
    response = api.post(ADDRESS, {"slug": "support", "name": "Support"})
    assert response.status_code == 201
    made = response.json()
    assert (made["phase"], made["currency"], made["discount_rate"], made["horizon_months"]) == (
        "proof_of_concept",
        "CHF",
        0.08,
        36,
    )
    assert api.get(ADDRESS + "support/").json() == made


def test_a_slug_is_taken_once(api):
    InitiativeFactory(slug="support")
    response = api.post(ADDRESS, {"slug": "support", "name": "Another"})
    assert (response.status_code, code_of(response)) == (400, "unique")


def test_a_slug_stays_as_it_was_given(api):
    InitiativeFactory(slug="support")
    response = api.patch(ADDRESS + "support/", {"slug": "service"})
    assert (response.status_code, code_of(response)) == (409, "slug_is_fixed")


def test_an_initiative_goes_live_after_it_starts(api):
    dates = {"started_on": "2026-04-01", "go_live_on": "2026-03-01"}
    response = api.post(ADDRESS, {"slug": "support", "name": "Support"} | dates)
    assert (response.status_code, code_of(response)) == (400, "initiative_goes_live_after_it_starts")


def test_a_change_says_in_the_trail_what_was_and_what_is(api):
    InitiativeFactory(slug="support", name="Old")
    api.patch(ADDRESS + "support/", {"name": "New", "owner": "Dana Owner"})
    event = AuditEvent.objects.get(what="initiative.changed")
    assert event.details == {"name": {"from": "Old", "to": "New"}}


def test_a_change_that_changes_nothing_leaves_no_trail(api):
    initiative = InitiativeFactory(slug="support")
    assert api.patch(ADDRESS + "support/", {"name": initiative.name}).status_code == 200
    assert not AuditEvent.objects.filter(what="initiative.changed").exists()


def test_a_phase_is_remembered_with_the_local_day_on_which_it_was_entered(api, at):
    OrganisationFactory(zone="Europe/Berlin")
    with at(datetime(2026, 5, 31, 22, 30, tzinfo=UTC)):
        api.post(ADDRESS, {"slug": "support", "name": "Support"})
    with at(datetime(2026, 7, 1, 12, tzinfo=UTC)):
        api.patch(ADDRESS + "support/", {"phase": "integration"})
    entries = PhaseEntry.objects.filter(initiative__slug="support").values_list("phase", "on")
    assert [(phase, on.isoformat()) for phase, on in entries] == [
        ("proof_of_concept", "2026-06-01"),
        ("integration", "2026-07-01"),
    ]


@pytest.mark.parametrize("factory", [CostEntryFactory, None])
def test_the_currency_stays_once_there_is_money_in_it(api, factory):
    initiative = InitiativeFactory(slug="support")
    if factory:
        factory(initiative=initiative)
    else:
        ValueDriverFactory(kpi=KpiFactory(initiative=initiative))
    response = api.patch(ADDRESS + "support/", {"currency": "USD"})
    assert (response.status_code, code_of(response)) == (409, "currency_is_fixed")


def test_the_currency_may_be_corrected_while_there_is_no_money(api):
    InitiativeFactory(slug="support")
    assert api.patch(ADDRESS + "support/", {"currency": "USD"}).json()["currency"] == "USD"


def test_go_live_cannot_be_moved_into_the_window_of_an_approved_baseline(api):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"))
    BaselineFactory(kpi=kpi, approved=True)
    response = api.patch(ADDRESS + "support/", {"go_live_on": "2026-02-01"})
    assert (response.status_code, code_of(response)) == (409, "go_live_within_a_baseline")
    assert api.patch(ADDRESS + "support/", {"go_live_on": "2026-03-09"}).status_code == 200


def test_a_new_go_live_has_the_effects_computed_anew(api):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"))
    before = KpiStateFactory(kpi=kpi).version
    api.patch(ADDRESS + "support/", {"go_live_on": "2026-03-09"})
    assert KpiState.objects.get(kpi=kpi).version > before


def test_deleting_an_initiative_takes_all_of_it_and_leaves_the_trail(api):
    initiative = InitiativeFactory(slug="support")
    kpi, volume = KpiFactory(initiative=initiative), KpiFactory(initiative=initiative)
    MeasurementFactory(series=SeriesFactory(kpi=kpi))
    driver = ValueDriverFactory(kpi=kpi, volume_kpi=volume)
    LedgerEntryFactory(driver=driver)
    CostEntryFactory(initiative=initiative)
    assert api.delete(ADDRESS + "support/").status_code == 204
    left = [
        model.objects.count()
        for model in (Initiative, Kpi, Series, Measurement, Baseline, ValueDriver, Assumption, LedgerEntry)
    ]
    assert left == [0] * 8
    assert AuditEvent.objects.filter(what="initiative.deleted", subject="initiative:support").exists()


def test_an_initiative_that_another_takes_its_volume_from_is_not_deleted(api):
    volume = KpiFactory(initiative=InitiativeFactory(slug="support"))
    ValueDriverFactory(kpi=KpiFactory(), volume_kpi=volume, name="Elsewhere")
    response = api.delete(ADDRESS + "support/")
    assert (response.status_code, code_of(response)) == (409, "in_use")
    assert "Elsewhere" in json.loads(response.content)["detail"]
    assert Initiative.objects.filter(slug="support").exists()

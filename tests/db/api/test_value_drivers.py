import json
from decimal import Decimal

import pytest

from kpis.access.models import AuditEvent
from kpis.definitions.models import Initiative
from kpis.ledger.models import Assumption, ValueDriver
from kpis.rollups.models import KpiState
from tests.factories import (
    AssumptionFactory,
    InitiativeFactory,
    KpiFactory,
    KpiStateFactory,
    LedgerEntryFactory,
    ValueDriverFactory,
)

ADDRESS = "/api/v1/value-drivers/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


@pytest.fixture
def body():
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), slug="handling-time", unit="min")
    return {
        "initiative": "support",
        "name": "Time saved",
        "kpi": kpi.key,
        "volume_per_interval": 100,
        "unit_factor": 0.016666666666667,
        "unit_value": {"low": "48.00", "likely": "52.00", "high": "56.00", "owner": "Carla", "source": "2026"},
        "realisation": {"low": 0.6, "likely": 0.7, "high": 0.8},
        "attribution": 0.9,
    }


def test_a_range_is_kept_with_its_owner_and_source(api, body):
    made = api.post(ADDRESS, body).json()
    assert made["unit_value"] == {"low": "48", "likely": "52", "high": "56", "owner": "Carla", "source": "2026"}
    assert made["realisation"] == {"low": 0.6, "likely": 0.7, "high": 0.8, "owner": "", "source": ""}
    assert api.get(f"{ADDRESS}{made['id']}/").json() == made


def test_a_plain_number_is_a_range_without_width(api, body):
    made = api.post(ADDRESS, body).json()
    assert made["attribution"] == {"low": 0.9, "likely": 0.9, "high": 0.9, "owner": "", "source": ""}


@pytest.mark.parametrize("price", ["52.10", 52.1])
def test_a_price_is_kept_digit_by_digit(api, body, price):
    api.post(ADDRESS, body | {"unit_value": price})
    assert ValueDriver.objects.get().unit_value.likely == Decimal("52.1")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("realisation", {"low": 0.8, "likely": 0.7, "high": 0.6}, "not_in_order"),
        ("realisation", {"low": -0.1, "likely": 0.7, "high": 0.8}, "not_a_share"),
        ("realisation", {"low": 0.5, "likely": 0.7, "high": 1.1}, "not_a_share"),
        ("realisation", 1.5, "not_a_share"),
        ("realisation", "0.7", "not_a_range"),
        ("realisation", True, "not_a_range"),
        ("realisation", None, "null"),
        ("realisation", [0.6, 0.7, 0.8], "not_a_range"),
        ("realisation", {"low": 0.6, "likely": 0.7}, "not_a_number"),
        ("realisation", {"low": 0.6, "likely": 0.7, "high": 0.8, "mode": 1}, "unknown_member"),
        ("realisation", {"low": 0.6, "likely": 0.7, "high": 0.8, "owner": 5}, "not_a_text"),
        ("realisation", {"low": 0.6, "likely": 0.7, "high": 0.8, "source": "x" * 301}, "not_a_text"),
        ("realisation", 0.1234567, "not_a_number"),
        ("unit_value", "many", "not_a_number"),
        ("unit_value", "NaN", "not_a_number"),
        ("unit_value", "1e400", "not_a_number"),
        ("unit_value", "9" * 40, "not_a_number"),
        ("unit_factor", "0.5", "not_a_number"),
        ("kpi", "support.nothing", "does_not_exist"),
        ("kpi", 5, "invalid"),
        ("kpi", "x" * 5000, "does_not_exist"),
        ("benefit_type", "vague", "invalid_choice"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(api, body, member, value, code):
    response = api.post(ADDRESS, body | {member: value})
    assert (response.status_code, code_of(response)) == (400, code)
    assert json.loads(response.content)["errors"][0]["attr"].startswith(member)
    assert not ValueDriver.objects.exists()
    assert not Assumption.objects.exists()


def test_a_driver_has_a_volume(api, body):
    del body["volume_per_interval"]
    response = api.post(ADDRESS, body)
    assert (response.status_code, code_of(response)) == (400, "driver_has_one_volume")
    assert not Assumption.objects.exists()


def test_a_driver_has_one_volume_only(api, body):
    volume = KpiFactory(initiative=InitiativeFactory())
    response = api.post(ADDRESS, body | {"volume_kpi": volume.key})
    assert (response.status_code, code_of(response)) == (400, "driver_has_one_volume")


def test_giving_the_one_kind_of_volume_takes_the_other_away(api, body):
    driver = api.post(ADDRESS, body).json()
    volume = KpiFactory()
    changed = api.patch(f"{ADDRESS}{driver['id']}/", {"volume_kpi": volume.key}).json()
    assert (changed["volume_kpi"], changed["volume_per_interval"]) == (volume.key, None)


def test_a_driver_prices_a_kpi_of_its_own_initiative(api, body):
    response = api.post(ADDRESS, body | {"kpi": KpiFactory().key})
    assert (response.status_code, code_of(response)) == (409, "kpi_of_another_initiative")


def test_a_time_saving_counts_as_freed_until_somebody_says_otherwise(api, body):
    assert api.post(ADDRESS, body).json()["is_freed_time"] is True
    assert api.post(ADDRESS, body | {"name": "Other", "is_freed_time": False}).json()["is_freed_time"] is False


def test_what_is_no_time_is_not_freed_time(api, body):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="sales"), unit="EUR")
    assert api.post(ADDRESS, body | {"initiative": "sales", "kpi": kpi.key}).json()["is_freed_time"] is False


def test_a_changed_assumption_raises_the_version_and_has_the_entries_computed_anew(api, body):
    driver = api.post(ADDRESS, body).json()
    state = KpiStateFactory(kpi=ValueDriver.objects.get().kpi) if not KpiState.objects.exists() else None
    before = KpiState.objects.get().version
    changed = api.patch(f"{ADDRESS}{driver['id']}/", {"attribution": 0.5}).json()
    assert (changed["version"], changed["attribution"]["likely"]) == (2, 0.5)
    assert KpiState.objects.get().version > before
    assert Assumption.objects.count() == 3
    assert state is None or state.pk


def test_the_same_assumption_again_changes_nothing(api, body):
    driver = api.post(ADDRESS, body).json()
    assert api.patch(f"{ADDRESS}{driver['id']}/", {"attribution": 0.9}).json()["version"] == 1


def test_an_assumption_that_serves_others_is_not_changed_by_way_of_one_driver(api):
    shared = AssumptionFactory()
    one, other = ValueDriverFactory(unit_value=shared), ValueDriverFactory(unit_value=shared)
    api.patch(f"{ADDRESS}{one.pk}/", {"unit_value": "60"})
    one.refresh_from_db(), other.refresh_from_db()
    assert (one.unit_value.likely, other.unit_value.likely) == (60, 52)


def test_deleting_a_driver_takes_its_entries_and_its_own_assumptions(api):
    shared = AssumptionFactory()
    entry = LedgerEntryFactory(driver__unit_value=shared)
    ValueDriverFactory(unit_value=shared)
    assert api.delete(f"{ADDRESS}{entry.driver_id}/").status_code == 204
    assert Assumption.objects.filter(pk=shared.pk).exists()
    assert not Assumption.objects.filter(pk=entry.driver.realisation_id).exists()
    assert AuditEvent.objects.filter(what="value_driver.deleted").exists()


def test_a_driver_is_valid_up_to_a_day_after_its_first(api, body):
    response = api.post(ADDRESS, body | {"valid_from": "2026-05-01", "valid_to": "2026-04-30"})
    assert (response.status_code, code_of(response)) == (400, "driver_is_valid_in_order")


def test_a_kind_says_what_is_priced_and_the_factor_follows_from_the_units(api, body):
    del body["unit_factor"]
    volume = KpiFactory(initiative=Initiative.objects.get(), slug="tickets", unit="{ticket}", aggregation="sum")
    del body["volume_per_interval"]
    made = api.post(ADDRESS, body | {"kind": "time", "volume_kpi": volume.key}).json()
    assert (made["priced_unit"], made["unit_factor"]) == ("h", 0.016666666666667)
    assert made["conversion"] == "min × ticket → h: 1/60"


def test_another_volume_brings_another_factor_unless_one_was_stated(api, body):
    kpi = KpiFactory(initiative=Initiative.objects.get(), slug="errors", unit="%")
    body |= {"kpi": kpi.key, "kind": "errors", "priced_unit": "1"}
    stated = api.post(ADDRESS, body | {"name": "Stated", "unit_factor": 0.5}).json()
    del body["unit_factor"]
    derived = api.post(ADDRESS, body).json()
    assert (derived["unit_factor"], stated["unit_factor"]) == (0.01, 0.5)

    thousands = KpiFactory(initiative=kpi.initiative, slug="thousands", unit="1000", aggregation="sum")
    changed = [api.patch(f"{ADDRESS}{d['id']}/", {"volume_kpi": thousands.key}).json() for d in (derived, stated)]
    assert [driver["unit_factor"] for driver in changed] == [10, 0.5]


@pytest.mark.parametrize(
    ("more", "code", "sentence"),
    [
        (
            {"kind": "time", "priced_unit": "{ticket}"},
            "unit_mismatch",
            "A KPI in minutes cannot be priced in EUR per ticket.",
        ),
        ({"kind": "cost_avoidance"}, "unit_mismatch", "A KPI in minutes cannot be priced in EUR per EUR."),
        ({"priced_unit": "{ticket}"}, "unit_mismatch", "A KPI in minutes cannot be priced in EUR per ticket."),
        ({"kind": "time", "priced_unit": "hours"}, "invalid_unit", None),
    ],
)
def test_units_that_do_not_fit_are_refused_when_the_driver_is_defined(api, body, more, code, sentence):
    del body["unit_factor"]
    response = api.post(ADDRESS, body | more)
    assert (response.status_code, code_of(response)) == (409, code)
    assert sentence is None or json.loads(response.content)["detail"] == sentence
    assert not ValueDriver.objects.exists()


def test_a_stated_factor_is_believed(api, body):
    made = api.post(ADDRESS, body | {"kind": "time", "priced_unit": "{ticket}", "unit_factor": 2}).json()
    assert (made["unit_factor"], made["conversion"]) == (2, None)


def test_an_assumption_with_a_history_is_changed_in_the_register(api, body):
    driver = api.post(ADDRESS, body).json()
    address = f"/api/v1/assumptions/{driver['assumptions']['unit_value']}/"
    assert api.patch(address, {"likely": "53", "reason": "Recount"}).status_code == 200
    assert api.get(f"{ADDRESS}{driver['id']}/").json()["unit_value"]["likely"] == "53"
    response = api.patch(f"{ADDRESS}{driver['id']}/", {"unit_value": "60"})
    assert (response.status_code, code_of(response)) == (409, "assumption_has_versions")
    assert api.patch(f"{ADDRESS}{driver['id']}/", {"pool": "agents"}).status_code == 200


def test_drivers_share_an_assumption_by_its_id(api, body, client_with):
    first = api.post(ADDRESS, body).json()
    hour = first["assumptions"]["unit_value"]
    second = api.post(ADDRESS, body | {"name": "Second", "unit_value": {"assumption": hour}}).json()
    assert (second["assumptions"]["unit_value"], second["unit_value"]) == (hour, first["unit_value"])

    moved = api.patch(f"{ADDRESS}{first['id']}/", {"realisation": {"assumption": second["assumptions"]["realisation"]}})
    assert moved.json()["assumptions"]["realisation"] == second["assumptions"]["realisation"]
    assert not Assumption.objects.filter(pk=first["assumptions"]["realisation"]).exists()
    assert api.get("/api/v1/assumptions/").json()["count"] == 4


@pytest.mark.parametrize("wrong", ["share", 0, "1", None, True])
def test_only_an_assumption_of_its_kind_in_sight_can_be_shared(api, body, wrong):
    share = api.post(ADDRESS, body).json()["assumptions"]["realisation"]
    given = {"assumption": share if wrong == "share" else wrong}
    response = api.post(ADDRESS, body | {"name": "Second", "unit_value": given})
    assert (response.status_code, code_of(response)) == (400, "no_such_assumption")


def test_a_price_is_not_shared_across_currencies(api, body):
    hour = api.post(ADDRESS, body).json()["assumptions"]["unit_value"]
    kpi = KpiFactory(initiative=InitiativeFactory(slug="overseas", currency="USD"), unit="min")
    given = body | {"initiative": "overseas", "kpi": kpi.key, "unit_value": {"assumption": hour}}
    response = api.post(ADDRESS, given)
    assert (response.status_code, code_of(response)) == (409, "currency_differs")

import json

import pytest

from kpis.definitions.models import Kpi
from kpis.measurements.models import Arrival
from kpis.rollups.models import KpiState
from tests.factories import (
    BaselineFactory,
    InitiativeFactory,
    KpiFactory,
    KpiStateFactory,
    MeasurementFactory,
    SeriesFactory,
    TargetFactory,
    ValueDriverFactory,
)

ADDRESS = "/api/v1/kpis/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


@pytest.fixture
def body():
    InitiativeFactory(slug="support")
    return {
        "initiative": "support",
        "slug": "handling-time",
        "name": "Handling time",
        "category": "efficiency",
        "unit": "min/{ticket}",
        "direction": "decrease",
        "aggregation": "mean",
    }


def test_a_kpi_is_addressed_by_initiative_and_slug(api, body):
    assert api.post(ADDRESS, body).json()["key"] == "support.handling-time"
    assert api.get(ADDRESS + "support.handling-time/").json()["name"] == "Handling time"


@pytest.mark.parametrize(
    ("category", "interval"), [("efficiency", "day"), ("quality", "week"), ("cost", "month"), ("innovation", "quarter")]
)
def test_the_measurement_interval_follows_from_the_category(api, body, category, interval):
    assert api.post(ADDRESS, body | {"category": category}).json()["interval"] == interval


def test_an_interval_that_is_given_counts(api, body):
    assert api.post(ADDRESS, body | {"interval": "hour"}).json()["interval"] == "hour"


@pytest.mark.parametrize("missing", ["initiative", "slug", "name", "category", "unit", "direction", "aggregation"])
def test_a_kpi_without_a_required_member_is_refused(api, body, missing):
    del body[missing]
    response = api.post(ADDRESS, body)
    assert (response.status_code, code_of(response)) == (400, "required")
    assert json.loads(response.content)["errors"][0]["attr"] == missing


def test_a_unit_that_nobody_can_convert_is_refused(api, body):
    response = api.post(ADDRESS, body | {"unit": "bananas per moon"})
    assert (response.status_code, code_of(response)) == (400, "unknown_unit")


def test_a_slug_stands_once_in_an_initiative_and_may_stand_in_another(api, body):
    InitiativeFactory(slug="sales")
    assert api.post(ADDRESS, body).status_code == 201
    response = api.post(ADDRESS, body)
    assert (response.status_code, json.loads(response.content)["errors"][0]["attr"]) == (400, "slug")
    assert api.post(ADDRESS, body | {"initiative": "sales"}).status_code == 201


@pytest.mark.parametrize("duration", ["PT0S", "-P1D", "P11Y", "two days", "3600", 3600, "P" + "9" * 30 + "D"])
def test_a_length_of_time_that_is_none_is_refused(api, body, duration):
    assert api.post(ADDRESS, body | {"stale_after": duration}).status_code == 400


def test_a_length_of_time_is_read_and_said_as_iso_8601(api, body):
    assert api.post(ADDRESS, body | {"stale_after": "PT36H"}).json()["stale_after"] == "P1DT12H00M00S"


def test_a_kpi_stays_with_its_initiative(api):
    KpiFactory(initiative=InitiativeFactory(slug="support"), slug="a")
    InitiativeFactory(slug="sales")
    response = api.patch(ADDRESS + "support.a/", {"initiative": "sales"})
    assert (response.status_code, code_of(response)) == (409, "initiative_is_fixed")


def test_each_change_raises_the_version(api):
    kpi = KpiFactory()
    assert api.patch(f"{ADDRESS}{kpi.key}/", {"name": "New"}).json()["version"] == 2
    assert api.patch(f"{ADDRESS}{kpi.key}/", {"name": "New"}).json()["version"] == 2


@pytest.mark.parametrize(
    "change", [{"unit": "h"}, {"direction": "increase"}, {"aggregation": "sum"}, {"interval": "week"}]
)
def test_how_a_kpi_is_measured_stays_once_a_baseline_is_approved(api, change):
    kpi = KpiFactory()
    draft = BaselineFactory(kpi=kpi)
    assert api.patch(f"{ADDRESS}{kpi.key}/", change).status_code == 200
    draft.delete()
    other = KpiFactory()
    BaselineFactory(kpi=other, approved=True)
    response = api.patch(f"{ADDRESS}{other.key}/", change)
    assert (response.status_code, code_of(response)) == (409, "kpi_has_an_approved_baseline")
    assert api.patch(f"{ADDRESS}{other.key}/", {"name": "New"}).status_code == 200


def test_another_aggregation_has_all_interval_values_computed_anew(api):
    kpi = KpiFactory()
    MeasurementFactory(series=SeriesFactory(kpi=kpi))
    assert api.patch(f"{ADDRESS}{kpi.key}/", {"aggregation": "p95"}).status_code == 200
    assert Arrival.objects.filter(series__kpi=kpi).exists() or KpiState.objects.get(kpi=kpi).version > 0


def test_a_change_has_effect_and_ledger_computed_anew(api):
    kpi = KpiFactory()
    before = KpiStateFactory(kpi=kpi).version
    api.patch(f"{ADDRESS}{kpi.key}/", {"direction": "increase"})
    assert KpiState.objects.get(kpi=kpi).version > before


def test_a_kpi_that_gives_a_driver_its_volume_is_not_deleted(api):
    volume = KpiFactory()
    ValueDriverFactory(kpi=KpiFactory(initiative=volume.initiative), volume_kpi=volume)
    response = api.delete(f"{ADDRESS}{volume.key}/")
    assert (response.status_code, code_of(response)) == (409, "in_use")


def test_deleting_a_kpi_takes_its_drivers_along(api):
    driver = ValueDriverFactory()
    assert api.delete(f"{ADDRESS}{driver.kpi.key}/").status_code == 204
    assert not Kpi.objects.exists()


def test_a_target_is_one_point_of_a_path_by_its_day(api):
    kpi = KpiFactory()
    path = f"{ADDRESS}{kpi.key}/targets/"
    made = api.post(path, {"on": "2026-06-01", "value": 10.5, "shape": "linear"})
    assert (made.status_code, made.json()) == (201, {"on": "2026-06-01", "value": 10.5, "shape": "linear"})
    assert api.patch(path + "2026-06-01/", {"value": 9}).json()["value"] == 9
    assert api.get(path).json()["count"] == 1
    assert api.delete(path + "2026-06-01/").status_code == 204
    assert api.get(path + "2026-06-01/").status_code == 404


def test_a_day_has_one_target(api):
    target = TargetFactory()
    response = api.post(f"{ADDRESS}{target.kpi.key}/targets/", {"on": target.on.isoformat(), "value": 1})
    assert (response.status_code, code_of(response)) == (400, "target_once_per_day")


def test_the_targets_of_a_kpi_out_of_sight_do_not_exist(client_with):
    target = TargetFactory()
    client = client_with("read", "manage", initiatives=[InitiativeFactory()])
    address = f"{ADDRESS}{target.kpi.key}/targets/"
    assert client.get(address).status_code == 404
    assert client.post(address, {"on": "2026-07-01", "value": 1}).status_code == 404


def test_kpis_are_filtered_by_initiative_and_category(api):
    one, _other = KpiFactory(category="quality"), KpiFactory()
    assert [row["key"] for row in api.get(ADDRESS, {"category": "quality"}).json()["results"]] == [one.key]
    assert [row["key"] for row in api.get(ADDRESS, {"initiative": one.initiative.slug}).json()["results"]] == [one.key]

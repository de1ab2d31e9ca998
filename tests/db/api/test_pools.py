"""Pools over HTTP: named by drivers, stated by a controller, and never telling of initiatives out of sight."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kpis.access.models import AuditEvent
from kpis.ledger.pools.models import Capacity, Pool
from tests.db.ledger.conftest import arrive, stand_at
from tests.db.ledger.pools.conftest import rivals
from tests.factories import ControllerFactory, KpiFactory, PoolFactory, ProductOwnerFactory

__all__ = ["arrive", "rivals", "stand_at"]

IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
CAPACITY = {
    "since": "2026-04-15",
    "quantity": "50.00",
    "owner": "Head of Service",
    "source": "Payroll",
    "reason": "Now",
}


@pytest.fixture
def address(rivals):
    return f"/api/v1/pools/{rivals.pool.pk}/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_a_value_driver_that_names_an_unknown_pool_makes_it_and_another_finds_it_in_any_case(api):
    kpi = KpiFactory(unit="min")
    given = {"initiative": kpi.initiative.slug, "kpi": kpi.key, "volume_per_interval": 1, "unit_value": "40"}
    given |= {"realisation": 1, "attribution": 1}
    first = api.post("/api/v1/value-drivers/", given | {"name": "One", "pool": "Service hours"}, format="json")
    second = api.post("/api/v1/value-drivers/", given | {"name": "Two", "pool": "service  HOURS"}, format="json")
    assert (first.status_code, second.status_code) == (201, 201)
    assert [r.json()["pool"] for r in (first, second)] == ["Service hours"] * 2
    (pool,) = api.get("/api/v1/pools/").json()["results"]
    assert (pool["slug"], pool["unit"], pool["rule"], pool["capacities"]) == (
        "Service hours",
        "hours",
        "best_evidence",
        [],
    )
    assert api.get("/api/v1/value-drivers/", {"pool": "SERVICE HOURS"}).json()["count"] == 2
    left = api.patch(f"/api/v1/value-drivers/{first.json()['id']}/", {"pool": ""}, format="json")
    assert left.json()["pool"] == ""


def test_who_claims_what_and_what_counts_is_said_by_driver_and_month(api, rivals, address):
    found = api.get(f"{address}claims/").json()
    assert [
        (c["driver"]["initiative"], c["claimed"], c["counted"], c["quantity_claimed"]) for c in found["claims"]
    ] == [
        ("support", "250.00", "250.00", 5.0),
        ("assistant", "2000.00", "0.00", 40.0),
    ]
    (month,) = found["months"]
    assert (month["month"], month["capacity"], month["over_capacity"]) == ("2026-04", None, False)
    (finding,) = found["findings"]
    assert (finding["code"], finding["initiatives"], finding["amount"]) == (
        "same_hours",
        ["support", "assistant"],
        "2000.00",
    )
    assert "“Assistant” claims do not count: “Support” claims the same" in finding["detail"]


def test_the_ledger_says_of_each_entry_what_is_claimed_and_what_counts(api, rivals):
    (entry,) = api.get("/api/v1/initiatives/assistant/ledger/").json()["results"]
    assert (entry["claimed"], entry["counted"], entry["amount"]) == ("2000.00", "0.00", "0.00")


def test_a_capacity_below_the_claims_is_found_with_all_initiatives_and_the_euros_at_stake(api, rivals, address):
    assert api.post(f"{address}capacities/", CAPACITY | {"quantity": "30.00"}, format="json").status_code == 200
    rivals.brought_up_to_date(IN_MAY)
    found = api.get(f"{address}claims/").json()
    over = next(f for f in found["findings"] if f["code"] == "over_capacity")
    assert (over["initiatives"], over["amount"]) == (["support", "assistant"], "2000.00")
    assert "in April 2026 45 h of 30 h" in over["detail"]
    assert (found["months"][0]["capacity"], found["months"][0]["limit"]) == (30.0, 24.0)


def test_capacity_rule_and_exceptions_are_stated_with_a_reason_that_stays_in_the_trail(api, rivals, address):
    for path, body in (
        (address, {"rule": "in_order"}),
        (f"{address}capacities/", CAPACITY | {"reason": " "}),
    ):
        response = (api.patch if path == address else api.post)(path, body, format="json")
        assert response.status_code in {400, 409, 422}, response.content
    assert not Capacity.objects.exists()

    answer = api.post(f"{address}capacities/", CAPACITY, format="json")
    assert answer.json()["capacities"] == [
        {"since": "2026-04-01", "quantity": "50.00", "owner": "Head of Service", "source": "Payroll"}
    ]
    changed = api.patch(address, {"rule": "in_order", "reason": "Other people"}, format="json")
    assert changed.json()["rule"] == "in_order"
    rivals.brought_up_to_date(IN_MAY)
    # 0.8 of 50 hours are 40, of which support has 5
    assert api.get(f"{address}claims/").json()["claims"][1]["counted"] == "1750.00"
    said = AuditEvent.objects.filter(what="pool.decided").values_list("details", flat=True)
    assert [each["reason"] for each in said] == ["Now", "Other people"]


def test_two_claims_are_set_apart_and_brought_together_again(api, rivals, address):
    pair = {
        "first": rivals.drivers["assistant"].pk,
        "second": rivals.drivers["support"].pk,
        "reason": "Night shift",
    }
    found = api.post(f"{address}apart/", pair | {"apart": True}, format="json").json()
    assert [each["reason"] for each in found["apart"]] == ["Night shift"]
    rivals.brought_up_to_date(IN_MAY)
    assert rivals.said("assistant") == [("2000.00", "2000.00")]
    assert api.post(f"{address}apart/", pair | {"apart": False}, format="json").json()["apart"] == []
    rivals.brought_up_to_date(IN_MAY)
    assert rivals.said("assistant") == [("2000.00", "0.00")]

    foreign = pair | {"second": 999_999, "apart": True}
    assert code_of(api.post(f"{address}apart/", foreign, format="json")) == "does_not_exist"
    same = pair | {"second": pair["first"], "apart": True}
    assert code_of(api.post(f"{address}apart/", same, format="json")) == "not_one_pool"


def test_what_is_out_of_sight_is_not_named_and_not_decided_about(client_with, rivals, address):
    own = rivals.drivers["assistant"].initiative
    limited = client_with("read", "manage", initiatives=[own], by=ControllerFactory())
    found = limited.get(f"{address}claims/").json()
    assert [claim["driver"]["initiative"] for claim in found["claims"]] == ["assistant"]
    assert (found["others_not_in_sight"], found["findings"]) == (True, [])
    assert "upport" not in json.dumps(found)
    assert code_of(limited.post(f"{address}capacities/", CAPACITY, format="json")) == "sight_is_limited"

    legal = rivals.joins("legal", pool=PoolFactory(slug="legal hours")).initiative
    elsewhere = client_with("read", initiatives=[legal])
    assert elsewhere.get(address).status_code == 404
    assert [pool["slug"] for pool in elsewhere.get("/api/v1/pools/").json()["results"]] == ["legal hours"]


def test_a_product_owner_names_pools_and_decides_nothing_about_them(client_with, address):
    owner = client_with("read", "manage", by=ProductOwnerFactory())
    assert owner.patch(address, {"rule": "in_order", "reason": "Mine"}, format="json").status_code == 403
    assert owner.post(f"{address}capacities/", CAPACITY, format="json").status_code == 403


def test_a_pool_is_made_once_whatever_the_case_of_its_name(api):
    body = {"slug": "cloud spend", "unit": "money", "currency": "EUR"}
    made = api.post("/api/v1/pools/", body, format="json")
    assert (made.status_code, made.json()["name"]) == (201, "cloud spend")
    again = api.post("/api/v1/pools/", body | {"slug": "Cloud Spend"}, format="json")
    assert (again.status_code, code_of(again)) == (409, "unique")
    assert Pool.objects.count() == 1
    more = api.post("/api/v1/pools/", {"slug": "more", "unit": "money"}, format="json").json()
    assert (more["currency"], more["unit"]) == ("EUR", "money")
    hours = api.patch(f"/api/v1/pools/{more['id']}/", {"unit": "hours", "reason": "A slip"}, format="json").json()
    assert (hours["currency"], hours["unit"]) == ("", "hours")


def test_the_list_of_pools_asks_as_often_for_nine_as_for_one(api, django_assert_num_queries):
    PoolFactory(slug="one")
    api.get("/api/v1/pools/")
    with django_assert_num_queries(3):  # count, page, capacities
        api.get("/api/v1/pools/")
    for n in range(8):
        PoolFactory(slug=f"pool {n}")
    with django_assert_num_queries(3):
        api.get("/api/v1/pools/")

"""Business cases over HTTP: written, approved by another, read beside what became of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.access.models import User
from kpis.api.plan_forms import PLAN
from tests.db.roi.conftest import book, driver
from tests.factories import ControllerFactory, CostEntryFactory, InitiativeFactory, OrganisationFactory, UserFactory

__all__ = ["book", "driver"]
NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house(at):
    with at(NOW):
        yield OrganisationFactory(zone="UTC", reporting_currency="EUR")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", started_on=date(2026, 3, 1), go_live_on=date(2026, 3, 1))


@pytest.fixture
def saved(initiative, driver):
    return driver(initiative, "month", name="Time saved")


CASES = "/api/v1/initiatives/support/business-cases/"


def body(driver, **more):
    benefit = {"driver": driver.pk, "volume_per_month": 1000, "effect": 2, "unit_value": 0.5, "unit_factor": 1}
    cost = {"name": "Seats", "cost_category": "licence", "amount": "300.00", "on": "2026-03-01"}
    given = {"go_live_on": "2026-03-01", "owner": "Dana", "source": "Steering", "benefits": [benefit], "costs": [cost]}
    return given | more


def code_of(response):
    found = json.loads(response.content)["errors"][0]
    return response.status_code, found["code"], found["attr"]


def test_a_case_is_written_read_approved_and_then_stays(api, client_with, saved):
    made = api.post(CASES, body(saved, ramp=[0.5, 1]), format="json")
    assert made.status_code == 201, made.content
    written = made.json()
    assert (written["version"], written["currency"], written["ramp"]) == (1, "EUR", [0.5, 1])
    assert written["benefits"][0] | {"driver": saved.pk, "name": "Time saved", "effect": 2} == written["benefits"][0]
    assert written["costs"][0]["amount"] == "300.00"

    other = client_with("manage", by=ControllerFactory())
    approved = other.post(f"{CASES}1/approve/").json()

    assert approved["approved_at"] and not approved["self_approved"]
    assert code_of(api.delete(f"{CASES}1/")) == (409, "business_case_is_frozen", None)
    assert api.get(CASES).json()["count"] == 1


def test_the_bridge_is_told_with_its_parts(api, client_with, initiative, saved, book):
    api.post(CASES, body(saved), format="json")
    client_with("manage", by=ControllerFactory()).post(f"{CASES}1/approve/")
    book(
        saved, "2026-03-01", 500, days=31, counterfactual=12, actual=10, volume=500,
        unit_factor=1, unit_value="0.5", realisation=1, attribution=1,
    )  # fmt: skip
    CostEntryFactory(initiative=initiative, amount=Decimal(310), on=date(2026, 3, 1))

    # approved on 10 June: as of then
    found = api.get("/api/v1/initiatives/support/plan-against-actual/").json()

    OAS31Validator(PLAN).validate(found)
    assert (found["business_case"], found["from"], found["until"]) == (1, "2026-03-01", "2026-05-31")
    assert (found["planned"]["net"], found["actual"]["net"]) == ("2700.00", "190.00")
    bars = {bar["cause"]: bar for bar in found["bridge"]}
    assert bars["volume"] == {
        "cause": "volume",
        "amount": "-500.00",
        "parts": [{"name": "Time saved", "amount": "-500.00"}],
    }
    assert bars["cost"]["parts"] == [{"name": "licence", "amount": "-10.00"}]
    assert sum(Decimal(bar["amount"]) for bar in found["bridge"]) == Decimal("190.00") - Decimal("2700.00")


def test_without_an_approved_case_each_member_is_null_with_a_reason(api, initiative):
    found = api.get("/api/v1/initiatives/support/plan-against-actual/").json()

    OAS31Validator(PLAN).validate(found)
    assert (found["planned"], found["bridge"]) == (None, [])
    assert found["reasons"] == {"plan": "No business case was approved, so there is no plan to compare with."}


def benefit(**more):
    return {"benefits": [{"name": "x", "volume_per_month": 1, "effect": 1, "unit_value": 1} | more]}


def cost(**more):
    return {"costs": [{"name": "x", "cost_category": "licence", "amount": "1.00", "on": "2026-03-01"} | more]}


@pytest.mark.parametrize(
    ("more", "code", "attr"),
    [
        ({"benefits": [], "costs": []}, "business_case_is_empty", "benefits"),
        ({"ramp": [1.5]}, "max_value", "ramp.0"),
        ({"go_live_on": "soon"}, "invalid", "go_live_on"),
        ({"source": ""}, "blank", "source"),
        (benefit(driver=999_999), "does_not_exist", "benefits.0.driver"),
        (benefit(driver=True), "invalid", "benefits.0.driver"),
        (benefit(volume_per_month=-1), "min_value", "benefits.0.volume_per_month"),
        (benefit(effect=None), "effect_once", "benefits.0.effect"),
        (benefit(from_month=3, to_month=2), "invalid", "benefits.0.to_month"),
        (cost(until="2026-04-01"), "invalid", "costs.0.until"),
        (cost(amount=1), "money_must_be_a_string", "costs.0.amount"),
        ({"go_live": "2026-03-01"}, "unknown_member", "go_live"),
    ],
)
def test_what_cannot_be_a_case_is_refused_by_name_and_nothing_is_stored(api, saved, more, code, attr):
    response = api.post(CASES, body(saved, **more), format="json")
    status, found, blamed = code_of(response)
    assert status in (400, 409) and (found, blamed) == (code, attr)
    assert api.get(CASES).json()["count"] == 0


@pytest.mark.parametrize("role", User.Role)
def test_who_may_write_a_case_and_who_may_approve_one(client_of, saved, api, role):
    api.post(CASES, body(saved), format="json")
    client = client_of(UserFactory(role=role))
    writes = {User.Role.PRODUCT_OWNER, User.Role.CONTROLLER, User.Role.ADMINISTRATOR}
    approves = writes - {User.Role.PRODUCT_OWNER}

    assert (client.post(CASES, body(saved), format="json").status_code == 201) is (role in writes)
    assert (client.post(f"{CASES}1/approve/").status_code == 200) is (role in approves)


def test_what_one_may_not_see_does_not_exist(client_with, saved):
    stranger = client_with("read", "manage", initiatives=[InitiativeFactory(slug="mine")])
    for path in (CASES, f"{CASES}1/", "/api/v1/initiatives/support/plan-against-actual/"):
        assert stranger.get(path).status_code == 404

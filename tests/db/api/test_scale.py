"""Pilot to scale over HTTP: on what was measured, with the month in which evidence ends; nothing is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.api.scale import SCALE
from tests.db.roi.conftest import book, driver, piloted
from tests.factories import InitiativeFactory, OrganisationFactory

__all__ = ["book", "driver", "piloted"]
ADDRESS = "/api/v1/initiatives/support/scale/"
ASKED = {
    "users_now": 100,
    "users_at_scale": 300,
    "months_to_scale": 12,
    "kept": 0.5,
    "months": 2,
    "users_by_month": [100, 300],
    "costs": [
        {"part": "licence", "basis": "user_month", "amount": "2.00"},
        {"part": "infrastructure", "basis": "block_month", "amount": "50.00", "block": 200},
    ],
}


@pytest.fixture(autouse=True)
def house(at):
    with at(datetime(2026, 6, 10, 10, tzinfo=UTC)):
        yield OrganisationFactory(zone="UTC", reporting_currency="EUR")


def test_each_month_brings_what_was_measured_for_a_user_and_later_users_what_is_stated(api, piloted):
    found = api.post(ADDRESS, ASKED, format="json").json()

    OAS31Validator(SCALE).validate(found)
    first, second = found["months"]
    assert (first["users"], first["benefit"], first["cost"], first["net"]) == (100, "1000.00", "250.00", "750.00")
    # 100 at 10 each and 200 at half; 300 licences and two blocks
    assert (second["users"], second["benefit"], second["cost"]) == (300, "2000.00", "700.00")
    assert second["net"] == "2050.00"
    assert (found["evidence_ends"], found["cost_ratio"]) == (2, 2.8)
    assert found["missing_costs"] == ["integration", "training", "support", "governance"]
    assert found["measured_months"] == ["2026-03-01", "2026-04-01", "2026-05-01"]


def test_without_three_full_months_there_is_no_projection_and_the_reason_is_said(api):
    InitiativeFactory(slug="support")
    found = api.post(ADDRESS, ASKED, format="json").json()

    OAS31Validator(SCALE).validate(found)
    assert (found["months"], found["evidence_ends"]) == ([], None)
    assert found["reasons"] == {"scale": "A projection needs three full months of booked benefits."}


@pytest.mark.parametrize(
    ("more", "code", "attr"),
    [
        ({"users_at_scale": 50}, "invalid", "users_at_scale"),
        ({"users_now": 0}, "min_value", "users_now"),
        ({"kept": 1.2}, "max_value", "kept"),
        ({"months_to_scale": 999}, "max_value", "months_to_scale"),
        ({"costs": [{"part": "fun", "basis": "month", "amount": "1.00"}]}, "invalid_choice", "costs.0.part"),
        ({"costs": [{"part": "licence", "basis": "month", "amount": "-1.00"}]}, "min_value", "costs.0.amount"),
        ({"users": 3}, "unknown_member", "users"),
    ],
)
def test_what_is_no_roll_out_is_refused_by_name(api, piloted, more, code, attr):
    response = api.post(ADDRESS, ASKED | more, format="json")
    error = json.loads(response.content)["errors"][0]
    assert (response.status_code, error["code"], error["attr"]) == (400, code, attr)


def test_every_reader_may_ask_and_nobody_of_what_they_do_not_see(client_with, piloted):
    assert client_with("read").post(ADDRESS, ASKED, format="json").status_code == 200
    stranger = client_with("read", initiatives=[InitiativeFactory(slug="mine")])
    assert stranger.post(ADDRESS, ASKED, format="json").status_code == 404

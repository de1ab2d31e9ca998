"""The register over HTTP: read, look at a change, change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis.ledger.models import Assumption
from tests.db.ledger.conftest import arrive, books, closed, stand_at
from tests.factories import ControllerFactory, InitiativeFactory, KpiFactory, UserFactory, ValueDriverFactory

__all__ = ["arrive", "books", "closed", "stand_at"]

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)
ADDRESS = "/api/v1/assumptions/"


@pytest.fixture
def hour(closed):
    return f"{ADDRESS}{closed.driver.unit_value_id}/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_the_list_names_each_assumption_once_with_what_rests_on_it(api, closed):
    ValueDriverFactory(kpi=closed.driver.kpi, unit_value=closed.driver.unit_value, name="Second")
    found = api.get(ADDRESS).json()
    (hour,) = [row for row in found["results"] if row["kinds"] == ["price"]]
    assert (hour["booked"], hour["currency"], hour["unit"], hour["likely"]) == ("240.00", "EUR", "EUR", "60")
    assert [driver["name"] for driver in hour["drivers"]] == ["Minutes saved", "Second"]
    # (4 hours · 60 € − 100.00) is 0 at 25 € an hour
    assert hour["break_even"] == pytest.approx(25)
    assert (hour["net_low"], hour["swing"]) == (None, "0.00")
    assert found["count"] == 5


def test_an_end_that_is_near_and_a_review_that_is_due_are_marked(api, closed, hour):
    Assumption.objects.filter(pk=closed.driver.unit_value_id).update(
        valid_to=date(2026, 5, 11), review_on=date(2026, 4, 10), owner=""
    )
    assert api.get(hour).json()["marks"] == {
        "expired": False,
        "expires_in_days": 31,
        "review_due": True,
        "no_owner": True,
        "no_source": False,
    }


def test_a_dry_run_says_what_the_change_does_then(api, closed, hour):
    body = {"low": "75", "likely": "90", "high": "95", "reason": "It was 90 all along"}
    seen = api.patch(f"{hour}?dry_run=true", body).json()

    assert (seen["dry_run"], seen["corrects"], seen["open_intervals"], seen["adjustments"]) == (True, True, 2, 2)
    (support,) = seen["initiatives"]
    assert (support["before"]["net"], support["after"]["net"]) == ("140.00", "260.00")
    assert support["months"] == [
        {"month": "2026-03", "status": "closed", "intervals": 2, "amount": "60.00"},
        {"month": "2026-04", "status": "open", "intervals": 2, "amount": "60.00"},
    ]
    assert seen["portfolio"]["after"]["net"] == "260.00"
    assert sum(closed.amounts()) == Decimal("240.00")

    changed = api.patch(hour, body | {"stamp": seen["stamp"]}).json()
    closed.bring_up_to_date(at=LATER)
    assert (changed["likely"], changed["version"], len(changed["versions"])) == ("90", 2, 2)
    assert changed["versions"][0]["reason"] == "It was 90 all along"
    assert api.get("/api/v1/initiatives/support/roi/").json()["net"] == "260.00"


def test_a_value_from_a_day_on_leaves_the_members_that_are_not_named(api, closed, hour):
    Assumption.objects.filter(pk=closed.driver.unit_value_id).update(valid_to=date(2026, 4, 1))
    body = {"low": "75", "likely": "75", "high": "75", "valid_from": "2026-04-02", "reason": "Sheet of April"}
    changed = api.patch(hour, body).json()
    assert (changed["likely"], changed["owner"], changed["valid_to"]) == ("75", "Carla Controller", None)
    closed.bring_up_to_date(at=LATER)
    assert closed.amounts("open") == [Decimal("60.00"), Decimal("75.00")]


def test_a_stale_look_is_refused(api, closed, hour):
    body = {"high": "95", "reason": "Wider"}
    stamp = api.patch(f"{hour}?dry_run=true", body).json()["stamp"]
    api.patch(hour, {"high": "99", "reason": "Somebody else was faster"})
    response = api.patch(hour, body | {"stamp": stamp})
    assert (response.status_code, code_of(response)) == (409, "changed_meanwhile")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"likely": "many"}, 400, "not_a_number"),
        ({"likely": "70"}, 409, "not_in_order"),
        ({"low": "59"}, 409, "reason_missing"),
        ({"valid_from": "2026-03-31", "reason": "x"}, 409, "period_closed"),
        ({"valid_from": "soon", "reason": "x"}, 400, "invalid"),
        ({"prize": "60"}, 400, "unknown_member"),
        ({"low": "1e400"}, 400, "not_a_number"),
        ({"owner": 5}, 400, "invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(api, hour, body, status, code):
    response = api.patch(hour, body)
    assert (response.status_code, code_of(response)) == (status, code)


def test_who_may_not_change_drivers_changes_no_assumption_and_what_is_out_of_sight_does_not_exist(
    client_with, client_of, closed, hour
):
    viewer = client_of(UserFactory())
    assert viewer.get(hour).status_code == 200
    assert viewer.patch(hour, {"high": "99", "reason": "x"}, format="json").status_code == 403
    other = ValueDriverFactory(kpi=KpiFactory(initiative=InitiativeFactory(slug="other")))
    limited = client_with("read", "manage", initiatives=[closed.initiative], by=ControllerFactory())
    assert limited.get(f"{ADDRESS}{other.unit_value_id}/").status_code == 404
    ValueDriverFactory(kpi=other.kpi, name="Third", unit_value=closed.driver.unit_value)
    response = limited.patch(f"{hour}?dry_run=true", {"high": "99"})
    assert (response.status_code, code_of(response)) == (409, "sight_is_limited")
    assert "other" not in limited.get(hour).content.decode()


def test_the_answers_are_what_the_schema_says(api, hour):
    from jsonschema import Draft202012Validator

    from kpis.api import assumption_forms

    Draft202012Validator(assumption_forms.ASSUMPTIONS).validate(api.get(ADDRESS).json())
    Draft202012Validator(assumption_forms.ASSUMPTION).validate(api.get(hour).json())
    seen = api.patch(f"{hour}?dry_run=true", {"high": "99"}).json()
    Draft202012Validator(assumption_forms.LOOKED_AT).validate(seen)

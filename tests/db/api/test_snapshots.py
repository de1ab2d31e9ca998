"""`snapshots/` over HTTP: what is kept, who may, and what changed since, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.access.models import AuditEvent, User
from kpis.api.snapshot_forms import DIFFERENCE, SNAPSHOT, SNAPSHOTS
from kpis.roi.models import Snapshot
from tests.db.ledger.conftest import arrive, books, march, stand_at
from tests.factories import InitiativeFactory, UserFactory

__all__ = ["arrive", "books", "march", "stand_at"]

ADDRESS = "/api/v1/snapshots/"
LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)
BOARD = {"title": "Board, 3 April", "note": "Shown on paper"}


def code_of(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_it_is_taken_read_and_compared(api, march, administrator):
    """Three days at 60.00 less 100.00; a late case makes one of them 120.00, and a day comes for 60.00."""
    made = api.post(ADDRESS, BOARD)
    assert made.status_code == 201, made.content
    taken = made.json()
    OAS31Validator(SNAPSHOT).validate(taken)
    assert (taken["initiative"], taken["initiatives"], taken["net"]) == (None, ["support"], "80.00")
    assert (taken["taken_by"], taken["as_taken"]) == (administrator.username, True)
    assert taken["as_of"] == "2026-04-03T11:00:00+02:00"

    march.measure(32, 8, event="late")
    march.measure(34, 16)
    march.bring_up_to_date(at=LATER)

    address = f"{ADDRESS}{taken['id']}/"
    assert api.get(address).json() == taken
    listed = api.get(ADDRESS).json()
    OAS31Validator(SNAPSHOTS).validate(listed)
    assert [row["title"] for row in listed["results"]] == ["Board, 3 April"]
    changed = api.get(f"{address}difference/").json()
    OAS31Validator(DIFFERENCE).validate(changed)
    assert changed["totals"]["then"] == {"benefit": "180.00", "invested": "100.00", "net": "80.00"}
    assert changed["totals"]["now"] == {"benefit": "300.00", "invested": "100.00", "net": "200.00"}
    assert changed["totals"]["difference"] == "120.00"
    why = {cause["causes"][0]: cause["amount"] for cause in changed["totals"]["benefit"]}
    assert why == {"late_data": "60.00", "earned_since": "60.00"}
    assert changed["results"][0]["initiative"] == "support"


def test_one_of_an_initiative_as_of_an_earlier_day(api, march):
    made = api.post(ADDRESS, BOARD | {"initiative": "support", "as_of": "2026-03-31"}).json()
    assert (made["initiative"], made["net"]) == ("support", "20.00")
    assert api.get(f"{ADDRESS}?initiative=support").json()["count"] == 1
    assert api.get(f"{ADDRESS}?initiative=other").json()["count"] == 0


def test_one_of_a_business_unit(api, march):
    InitiativeFactory(slug="other", business_unit="Sales")
    made = api.post(ADDRESS, BOARD | {"business_unit": "Sales"}).json()
    assert (made["initiatives"], made["filters"]) == (["other"], {"business_unit": "Sales"})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "required"),
        ({"title": ""}, 400, "blank"),
        ({"title": "x" * 161}, 400, "max_length"),
        ({"title": 5}, 400, "invalid"),
        ({"title": "x", "initiative": "nothing"}, 400, "does_not_exist"),
        ({"title": "x", "initiative": "support", "phase": "integration"}, 400, "filters_without_portfolio"),
        ({"title": "x", "phase": "often"}, 400, "invalid_phase"),
        ({"title": "x", "business_unit": "Nobody"}, 409, "nothing_to_keep"),
        ({"title": "x", "as_of": "yesterday"}, 400, "invalid_time"),
        ({"title": "x", "as_of": "2026-03-31T10:00:00"}, 400, "invalid_time"),
        ({"title": "x", "figures": {}}, 400, "unknown_member"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(api, march, body, status, code):
    answer = api.post(ADDRESS, body)
    assert code_of(answer) == (status, code), answer.content
    assert not Snapshot.objects.exists()


def test_nothing_changes_or_deletes_it(api, march):
    pk = api.post(ADDRESS, BOARD).json()["id"]
    for method in (api.put, api.patch, api.delete):
        assert method(f"{ADDRESS}{pk}/", {}).status_code == 405


def test_who_sees_a_part_of_it_only_does_not_see_it(api, client_of, march):
    InitiativeFactory(slug="other")
    pk = api.post(ADDRESS, BOARD).json()["id"]
    limited = client_of(UserFactory(initiatives=[march.initiative]))
    for address in (f"{ADDRESS}{pk}/", f"{ADDRESS}{pk}/difference/", f"{ADDRESS}999/"):
        assert limited.get(address).status_code == 404
    assert limited.get(ADDRESS).json()["count"] == 0


@pytest.mark.parametrize(("role", "status"), [
    (User.Role.VIEWER, 403), (User.Role.ENGINEER, 403), (User.Role.PRODUCT_OWNER, 201), (User.Role.CONTROLLER, 201),
])  # fmt: skip
def test_who_presents_may_take_one(client_of, march, role, status):
    assert client_of(UserFactory(role=role)).post(ADDRESS, BOARD).status_code == status


def test_what_is_taken_stays_in_ones_own_sight(client_of, march):
    InitiativeFactory(slug="other")
    limited = client_of(UserFactory(role="controller", initiatives=[march.initiative]))
    assert limited.post(ADDRESS, BOARD).json()["initiatives"] == ["support"]
    assert code_of(limited.post(ADDRESS, BOARD | {"initiative": "other"})) == (400, "does_not_exist")


def test_a_token_takes_one_as_its_maker_would_and_only_once_with_the_same_key(client_with, march, administrator):
    client = client_with("manage", "read")
    answers = [client.post(ADDRESS, BOARD, HTTP_IDEMPOTENCY_KEY="board") for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert AuditEvent.objects.filter(what="snapshot.taken").count() == 1
    assert client_with("read").post(ADDRESS, BOARD).status_code == 403

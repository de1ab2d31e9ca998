"""Closing over HTTP: a month worked out by hand, what is refused and why, and who sees what of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.access.models import AuditEvent, User
from kpis.api.statement_forms import LEDGER, PERIOD, PERIODS
from kpis.ledger.models import Period
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, arrive, books, march, open_books, stand_at
from tests.factories import ControllerFactory, CostEntryFactory, InitiativeFactory, UserFactory

__all__ = ["arrive", "books", "march", "stand_at"]

ADDRESS = "/api/v1/periods/"
LATER, EVEN_LATER = datetime(2026, 4, 10, 9, tzinfo=UTC), datetime(2026, 4, 20, 9, tzinfo=UTC)


@pytest.fixture
def api(client_with):
    """Sends, reads and manages."""
    return client_with("ingest", "read", "manage")


@pytest.fixture
def controller(client_of, march):
    return client_of(march.controller)


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def send(api, minutes: float, event: str) -> None:
    point = {"kpi": "support.minutes", "at": "2026-03-31T12:00:00+02:00", "value": minutes, "id": event}
    answer = api.post("/api/v1/measurements/", {"measurements": [point]})
    assert (answer.status_code, answer.json()["rejected"]) == (200, [])


def test_a_closed_month_a_late_point_and_its_correction_to_the_cent(api, march, controller):
    """Two days of 4 minutes · 30 cases · 60 € an hour · ½ are 60.00 each; costs of 100.00."""
    closed = controller.post(f"{ADDRESS}2026-03/close/", {})
    assert closed.status_code == 200, closed.content
    (account,) = closed.json()["accounts"]
    assert (account["entries"], account["benefit"], account["cost"], account["net"]) == (2, "120.00", "100.00", "20.00")

    send(api, 9.5, "ticket-9")  # (16 + 9.5) / 2 = 12.75 minutes, 7.25 less, at 15.00: 108.75, so 48.75 more
    march.bring_up_to_date(at=LATER)
    send(api, 16, "ticket-9")  # back to 60.00
    march.bring_up_to_date(at=EVEN_LATER)

    entries = api.get("/api/v1/initiatives/support/ledger/").json()
    OAS31Validator(LEDGER).validate(entries)
    frozen, late, back = (entries["results"][k] for k in (1, 3, 4))
    assert [e["amount"] for e in entries["results"]] == ["60.00", "60.00", "60.00", "48.75", "-48.75"]
    assert (late["status"], late["causes"], late["booked_at"]) == (
        "adjustment", ["late_data"], "2026-04-10T11:00:00+02:00",
    )  # fmt: skip
    assert late["corrects"] == back["corrects"] == {"entry": frozen["id"], "period": "2026-03"}
    assert (frozen["status"], frozen["corrects"], frozen["causes"]) == ("closed", None, [])
    assert back["causes"] == ["corrected_data"]
    exact = (Decimal(str(late["counterfactual"])) - Decimal(str(late["actual"]))) * Decimal(str(late["volume"]))
    exact *= Decimal(late["unit_factor"]) * Decimal(late["unit_value"]) * Decimal(str(late["realisation"]))
    assert round(exact, 2) == Decimal(frozen["amount"]) + Decimal(late["amount"])

    (account,) = api.get(f"{ADDRESS}2026-03/").json()["accounts"]
    assert account["benefit"] == "120.00"
    assert account["corrected_since"] == {"adjustments": 2, "amount": "0.00"}
    (account,) = api.get(f"{ADDRESS}2026-04/").json()["accounts"]
    assert (account["entries"], account["adjustments"], account["adjusted"]) == (1, 2, "0.00")
    assert [api.get(f"/api/v1/initiatives/support/roi/?as_of={on}").json()["net"] for on in (
        "2026-03-31", "2026-04-09", "2026-04-10", "2026-04-20",
    )] == ["20.00", "80.00", "128.75", "80.00"]  # fmt: skip


def test_the_ledger_as_of_a_day_is_what_was_booked_by_then(api, march, controller):
    controller.post(f"{ADDRESS}2026-03/close/", {})
    send(api, 8, "ticket-9")
    march.bring_up_to_date(at=LATER)

    def amounts(query):
        return [e["amount"] for e in api.get(f"/api/v1/initiatives/support/ledger/?{query}").json()["results"]]

    assert amounts("as_of=2026-04-09") == ["60.00"] * 3
    assert amounts("as_of=2026-03-31") == ["60.00"] * 2
    assert amounts("from=2026-03-01&to=2026-04-01") == ["60.00"] * 2  # the adjustment lies where it was booked
    assert amounts("from=2026-04-01&to=2026-05-01") == ["60.00", "60.00"]


def test_periods_are_listed_with_what_they_came_to(api, march, controller):
    controller.post(f"{ADDRESS}2026-03/close/", {})
    march.stand_at(IN_MAY)

    answer = api.get(ADDRESS).json()

    OAS31Validator(PERIODS).validate(answer)
    assert [(p["period"], p["status"]) for p in answer["results"]] == [
        ("2026-05", "running"),
        ("2026-04", "open"),
        ("2026-03", "closed"),
    ]
    closed = answer["results"][2]
    assert (closed["closed_by"], closed["closed_at"]) == (march.controller.username, "2026-04-03T11:00:00+02:00")
    assert (closed["first"], closed["last"], closed["kind"]) == ("2026-03-01", "2026-03-31", "month")
    assert [a["cost"] for a in closed["accounts"]] == ["100.00"]


def test_a_period_says_what_stands_in_its_way(api, march):
    answer = api.get(f"{ADDRESS}2026-04/").json()

    OAS31Validator(PERIOD).validate(answer)
    assert answer["status"] == "running"
    assert [o["code"] for o in answer["obstacles"]] == ["earlier_period_open"]
    assert api.get(f"{ADDRESS}2026-03/").json()["obstacles"] == []


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("2026-04", 409, "earlier_period_open"),
        ("2026-02", 409, "nothing_booked"),
        ("2026-01-to-2026-03", 409, "nothing_booked"),
        ("2026-13", 404, "not_found"),
        ("2026-02-to-2026-04", 404, "not_found"),
        ("sample-2026-03", 404, "not_found"),
    ],
)
def test_what_cannot_be_closed_is_refused_in_words(controller, key, status, code):
    answer = controller.post(f"{ADDRESS}{key}/close/", {})
    assert refusal(answer) == (status, code)
    assert answer.json()["detail"].endswith(".")
    assert not Period.objects.exists()


def test_gaps_need_a_reason_which_is_told(controller, march):
    march.minutes.kpi.initiative.go_live_on = date(2026, 3, 29)
    march.minutes.kpi.initiative.save()
    march.measure(28, 20)
    march.bring_up_to_date(at=IN_APRIL)

    assert refusal(controller.post(f"{ADDRESS}2026-03/close/", {})) == (409, "gaps_without_reason")
    answer = controller.post(f"{ADDRESS}2026-03/close/", {"reason": "Export down on the first day"})
    assert answer.json()["reason"] == "Export down on the first day"


def test_a_body_that_is_no_reason_is_refused(controller):
    assert refusal(controller.post(f"{ADDRESS}2026-03/close/", {"reason": 5})) == (400, "invalid")
    assert refusal(controller.post(f"{ADDRESS}2026-03/close/", {"reasons": "x"})) == (400, "unknown_member")
    assert refusal(controller.post(f"{ADDRESS}2026-03/close/", {"reason": "x" * 301})) == (400, "max_length")


@pytest.mark.parametrize("role", [User.Role.VIEWER, User.Role.ENGINEER, User.Role.PRODUCT_OWNER])
def test_who_is_no_controller_reads_and_does_not_close(client_of, march, role):
    client = client_of(UserFactory(role=role))
    assert client.get(f"{ADDRESS}2026-03/").status_code == 200
    assert client.post(f"{ADDRESS}2026-03/close/", {}).status_code == 403
    assert not Period.objects.exists()


def test_a_controller_who_sees_some_initiatives_only_is_refused(client_of, march):
    client = client_of(ControllerFactory(initiatives=[march.initiative]))
    assert refusal(client.post(f"{ADDRESS}2026-03/close/", {})) == (403, "sight_is_limited")


def test_a_token_closes_as_its_maker_would_and_is_in_the_trail(client_with, march):
    assert client_with("read", by=march.controller).post(f"{ADDRESS}2026-03/close/", {}).status_code == 403
    answer = client_with("manage", by=march.controller).post(f"{ADDRESS}2026-03/close/", {})
    assert answer.json()["closed_by"] == march.controller.username
    assert AuditEvent.objects.get(what="period.closed").actor.startswith("token:")


def test_sent_again_with_its_key_it_is_answered_again_and_without_it_is_refused(controller):
    key = {"HTTP_IDEMPOTENCY_KEY": "march"}
    first, again = (controller.post(f"{ADDRESS}2026-03/close/", {}, **key) for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert refusal(controller.post(f"{ADDRESS}2026-03/close/", {})) == (409, "period_closed")


def test_nothing_reopens_changes_or_deletes_a_period(controller):
    controller.post(f"{ADDRESS}2026-03/close/", {})
    for method in ("put", "patch", "delete", "post"):
        assert getattr(controller, method)(f"{ADDRESS}2026-03/", {}).status_code == 405


def test_one_sees_the_accounts_of_the_initiatives_in_sight_only(client_with, march, controller):
    other = InitiativeFactory(slug="secret")
    CostEntryFactory(initiative=other, on=date(2026, 3, 5))
    controller.post(f"{ADDRESS}2026-03/close/", {})

    limited = client_with("read", initiatives=[march.initiative])

    assert [a["initiative"] for a in limited.get(f"{ADDRESS}2026-03/").json()["accounts"]] == ["support"]
    assert "secret" not in limited.get(ADDRESS).content.decode()
    nobody = client_with("read", initiatives=[])
    assert nobody.get(ADDRESS).json()["count"] > 0
    assert client_with("ingest").get(ADDRESS).status_code == 403


def test_the_sample_s_periods_are_listed_apart_for_those_who_see_it(api, client_with, march, arrive, stand_at):
    sample = open_books(arrive, stand_at, "made-up", is_sample=True)
    assert {p["period"] for p in api.get(ADDRESS).json()["results"]} == {
        "2026-04", "2026-03", "sample-2026-04", "sample-2026-03",
    }  # fmt: skip
    limited = client_with("read", initiatives=[sample.initiative])
    assert all(p["sample"] for p in limited.get(ADDRESS).json()["results"])
    assert limited.get(f"{ADDRESS}2026-03/").status_code == 404


def test_costs_dated_into_a_closed_period_are_refused_with_the_member(api, controller):
    controller.post(f"{ADDRESS}2026-03/close/", {})
    body = {"initiative": "support", "name": "Late", "cost_category": "licence", "amount": "5.00", "on": "2026-03-31"}
    answer = api.post("/api/v1/costs/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"], answer.json()["errors"][0]["attr"]) == (
        409, "period_closed", "on",
    )  # fmt: skip


def test_what_hangs_on_closed_entries_is_not_deleted(api, march, controller):
    controller.post(f"{ADDRESS}2026-03/close/", {})
    for address in (f"value-drivers/{march.driver.pk}/", "kpis/support.minutes/", "initiatives/support/"):
        assert refusal(api.delete(f"/api/v1/{address}")) == (409, "period_closed")


@pytest.mark.parametrize("query", ["?month=3", "?page=0", "?page_size=900"])
def test_what_is_not_understood_is_refused(api, march, query):
    assert api.get(f"{ADDRESS}{query}").status_code in (400, 404)

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import OperationalError, connection

from kpis.access import audit
from kpis.access.models import Token
from kpis.api import costs
from kpis.ledger.models import CostEntry
from kpis.plumbing import answers, locks
from kpis.plumbing.models import IdempotentAnswer
from tests.factories import InitiativeFactory

ADDRESS = "/api/v1/costs/"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def body():
    initiative = InitiativeFactory(slug="support")
    return {
        "initiative": initiative.slug,
        "name": "Licences",
        "cost_category": "licence",
        "amount": "10.00",
        "on": "2026-03-02",
    }


def send(client, body, key="first", **headers):
    return client.post(ADDRESS, body, HTTP_IDEMPOTENCY_KEY=key, **headers)


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_the_same_request_again_gets_the_same_answer_and_is_not_done_twice(api, body):
    first, second = send(api, body), send(api, body)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert CostEntry.objects.count() == 1


def test_another_key_is_another_request(api, body):
    send(api, body, "first")
    send(api, body, "second")
    assert CostEntry.objects.count() == 2


def test_without_a_key_every_request_is_done(api, body):
    api.post(ADDRESS, body)
    api.post(ADDRESS, body)
    assert CostEntry.objects.count() == 2


def test_another_body_under_the_same_key_is_refused(api, body):
    send(api, body)
    response = send(api, body | {"amount": "11.00"})
    assert (response.status_code, code_of(response)) == (422, "idempotency_key_reused")
    assert CostEntry.objects.count() == 1


def test_another_address_under_the_same_key_is_refused(api, body):
    send(api, body)
    response = api.delete(f"{ADDRESS}{CostEntry.objects.get().pk}/", HTTP_IDEMPOTENCY_KEY="first")
    assert (response.status_code, code_of(response)) == (422, "idempotency_key_reused")
    assert CostEntry.objects.count() == 1


def test_two_tokens_may_use_the_same_key(api, client_with, body):
    send(api, body)
    assert send(client_with("manage"), body).status_code == 201
    assert CostEntry.objects.count() == 2


def test_a_refusal_is_an_answer_like_any_other(api, body):
    first = send(api, body | {"amount": "much"})
    second = send(api, body | {"amount": "much"})
    assert (first.status_code, second.status_code) == (400, 400)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content == first.content


def test_an_answer_of_our_own_failure_is_not_kept(api, body, monkeypatch):
    def out_of_reach(*_args, **_kwargs):
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(costs.spending, "create_cost", out_of_reach)
        assert send(api, body).status_code == 503
    assert send(api, body).status_code == 201
    assert CostEntry.objects.count() == 1


def test_a_process_that_dies_after_the_work_leaves_neither_work_nor_answer(api, body, monkeypatch):
    keep = answers.keep

    def dies(*_args, **_kwargs):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(answers, "keep", dies)
        with pytest.raises(SystemExit):
            send(api, body)
    assert answers.keep is keep
    assert not CostEntry.objects.exists()
    assert send(api, body).status_code == 201
    assert CostEntry.objects.count() == 1


def test_a_request_that_is_under_way_is_not_started_a_second_time(api, body):
    token = Token.objects.get()
    name = answers.Asked(audit.actor_of(token), "first", "POST", ADDRESS, b"").context
    parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    parameters.pop("context", None)
    with psycopg.connect(**parameters) as other:
        other.execute("select pg_advisory_lock(%s)", [locks.number_of(name)])
        response = send(api, body)
    assert (response.status_code, code_of(response)) == (409, "request_under_way")
    assert int(response.headers["Retry-After"]) >= 1
    assert not CostEntry.objects.exists()
    assert send(api, body).status_code == 201


def test_an_answer_is_forgotten_after_seven_days(api, body, at):
    with at(NOW):
        send(api, body)
    with at(NOW + timedelta(days=7) - timedelta(seconds=1)):
        assert send(api, body).headers.get("Idempotent-Replayed") == "true"
    with at(NOW + timedelta(days=7)):
        assert "Idempotent-Replayed" not in send(api, body).headers
    assert CostEntry.objects.count() == 2


def test_trimming_removes_what_is_older_than_seven_days_only(api, body, at):
    with at(NOW):
        send(api, body, "old")
    with at(NOW + timedelta(days=3)):
        send(api, body, "new")
    assert answers.trim(at=NOW + timedelta(days=7)) == 1
    assert IdempotentAnswer.objects.get().key == "new"


def test_the_text_of_a_new_token_is_not_readable_in_the_stored_answer(api):
    response = api.post("/api/v1/tokens/", {"name": "t", "scopes": ["read"]}, HTTP_IDEMPOTENCY_KEY="t")
    text = response.json()["token"]
    assert text.encode() not in bytes(IdempotentAnswer.objects.get().body)
    again = api.post("/api/v1/tokens/", {"name": "t", "scopes": ["read"]}, HTTP_IDEMPOTENCY_KEY="t")
    assert again.json()["token"] == text


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x01b", "schlüssel"])
def test_a_key_that_is_none_is_refused(api, body, key):
    response = send(api, body, key)
    assert (response.status_code, code_of(response)) == (400, "invalid_idempotency_key")


def test_a_revoked_token_gets_no_stored_answer(api, body):
    from kpis.access import tokens

    send(api, body)
    tokens.revoke(Token.objects.get(), by=None, at=NOW)
    assert send(api, body).status_code == 401


def test_a_deletion_sent_again_is_answered_as_the_first_time(api, body):
    send(api, body)
    address = f"{ADDRESS}{CostEntry.objects.get().pk}/"
    answers_given = [api.delete(address, HTTP_IDEMPOTENCY_KEY="gone").status_code for _ in range(2)]
    assert answers_given == [204, 204]

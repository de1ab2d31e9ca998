import json

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from kpis.api import initiatives
from tests.factories import CostEntryFactory, InitiativeFactory

MEMBERS = {"type", "title", "status", "detail", "errors"}


def problem_in(response):
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert set(problem) == MEMBERS
    assert problem["status"] == response.status_code
    assert all(set(error) == {"code", "detail", "attr"} for error in problem["errors"])
    return problem


def codes_in(response):
    return [error["code"] for error in problem_in(response)["errors"]]


def test_an_address_that_does_not_exist_is_a_problem(api):
    assert codes_in(api.get("/api/v1/nothing-here/")) == ["not_found"]


def test_an_address_without_its_slash_says_so(api):
    assert problem_in(api.get("/api/v1/costs"))["detail"].endswith("/api/v1/costs/")


def test_a_wrong_method_is_a_problem(api):
    response = api.delete("/api/v1/costs/")
    assert (response.status_code, codes_in(response)) == (405, ["method_not_allowed"])


def test_an_answer_other_than_json_is_refused(api):
    response = api.get("/api/v1/costs/", HTTP_ACCEPT="text/html")
    assert (response.status_code, codes_in(response)) == (406, ["not_acceptable"])


def test_a_body_that_is_not_json_by_its_name_is_refused(api):
    response = api.post("/api/v1/costs/", "name=x", content_type="application/x-www-form-urlencoded")
    assert (response.status_code, codes_in(response)) == (415, ["unsupported_media_type"])


def test_a_request_without_token_is_asked_for_one(db):
    response = APIClient().get("/api/v1/costs/")
    assert (response.status_code, codes_in(response)) == (401, ["not_authenticated"])
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("sent", ["Bearer roi_wrong", "Bearer ", "Basic YTpi", "Token x", "Bearer roi_\u00e9"])
def test_a_wrong_token_is_refused_before_anything_else(db, sent):
    response = APIClient().get("/api/v1/costs/", HTTP_AUTHORIZATION=sent)
    assert (response.status_code, codes_in(response)) == (401, ["invalid_token"])


def test_what_one_may_not_see_is_answered_like_what_does_not_exist(client_with):
    seen, hidden = InitiativeFactory(), InitiativeFactory()
    cost = CostEntryFactory(initiative=hidden)
    client = client_with("read", "manage", initiatives=[seen])
    answers = [
        client.get(f"/api/v1/costs/{cost.pk}/"),
        client.get(f"/api/v1/costs/{cost.pk + 1000}/"),
        client.delete(f"/api/v1/costs/{cost.pk}/"),
        client.get(f"/api/v1/initiatives/{hidden.slug}/"),
        client.get("/api/v1/initiatives/there-is-none/"),
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].status_code == 404


def test_several_wrong_members_are_all_named(api):
    response = api.post("/api/v1/costs/", {"initiative": "none", "amount": 5, "on": "soon"})
    attrs = {error["attr"] for error in problem_in(response)["errors"]}
    assert attrs == {"initiative", "name", "cost_category", "amount", "on"}


def test_a_session_without_its_csrf_token_is_refused(client_of, administrator):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(administrator, backend="django.contrib.auth.backends.ModelBackend")
    response = client.post("/api/v1/initiatives/", {"slug": "a", "name": "A"})
    assert (response.status_code, codes_in(response)) == (403, ["csrf_failed"])


def test_a_database_out_of_reach_is_503_and_says_when_to_come_again(api, monkeypatch):
    def out_of_reach(*_args, **_kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(initiatives, "initiatives_seen_by", out_of_reach)
    response = api.get("/api/v1/initiatives/")
    assert (response.status_code, codes_in(response)) == (503, ["storage_unavailable"])
    assert response.headers["Retry-After"] == "5"
    assert b"connection refused" not in response.content


def test_what_nobody_foresaw_is_500_without_its_reason(api, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(initiatives, "initiatives_seen_by", broken)
    response = api.get("/api/v1/initiatives/")
    assert (response.status_code, codes_in(response)) == (500, ["internal_error"])
    assert b"secret" not in response.content


def test_a_foreign_host_name_is_a_problem_as_well(db):
    response = APIClient().get("/api/v1/schema/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert problem_in(response)["status"] == 400


def test_errors_are_said_in_the_reader_s_language_where_it_is_known(api):
    response = api.post("/api/v1/initiatives/", {}, HTTP_ACCEPT_LANGUAGE="de")
    assert {error["code"] for error in problem_in(response)["errors"]} == {"required"}
    assert "Dieses Feld ist zwingend erforderlich." in {error["detail"] for error in problem_in(response)["errors"]}

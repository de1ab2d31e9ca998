import json
from datetime import UTC, datetime, timedelta

import pytest

from kpis.access.models import User
from kpis.baselines.models import Baseline
from tests.factories import (
    BaselineFactory,
    ControllerFactory,
    InitiativeFactory,
    IntervalValueFactory,
    KpiFactory,
    KpiStateFactory,
    OrganisationFactory,
    SeriesFactory,
    UserFactory,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


@pytest.fixture
def kpi():
    """Sixty days in January and February 2026, between 11 and 14 min."""
    OrganisationFactory(zone="UTC")
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), slug="handling-time")
    series = SeriesFactory(kpi=kpi)
    for day in range(60):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        IntervalValueFactory(series=series, start=start, mean=11 + (day * 7 % 13) / 4)
    KpiStateFactory(kpi=kpi, newest_at=datetime(2026, 3, 9, tzinfo=UTC))
    return kpi


def address(kpi, tail=""):
    return f"/api/v1/kpis/{kpi.key}/baselines/{tail}"


MEASURED = {"method": "measured", "window_start": "2026-01-01", "window_end": "2026-03-01"}
DECLARED = {"method": "declared", "value": 12.5, "low": 11, "high": 14, "source": "Estimate of the team lead"}


def test_a_measured_baseline_is_the_plain_mean_of_the_window(api, kpi, at):
    with at(NOW):
        response = api.post(address(kpi), MEASURED)
    made = response.json()
    assert response.status_code == 201, made
    days = [11 + (day * 7 % 13) / 4 for day in range(59)]
    assert made["value"] == pytest.approx(sum(days) / 59)
    assert (made["version"], made["intervals"], made["approved_at"]) == (1, 59, None)
    assert made["window_start"] == "2026-01-01T00:00:00Z"


def test_a_declared_baseline_has_its_source_and_no_spread(api, kpi):
    made = api.post(address(kpi), DECLARED).json()
    assert (made["value"], made["low"], made["high"], made["spread"]) == (12.5, 11, 14, None)


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "method", "required"),
        ({"method": "guessed"}, "method", "invalid_choice"),
        ({"method": "measured", "window_start": "2026-01-01"}, "window_end", "required"),
        (MEASURED | {"window_end": "2026-13-01"}, "window_end", "invalid_time"),
        (MEASURED | {"window_end": "2026-03-01T00:00:00"}, "window_end", "invalid_time"),
        (MEASURED | {"window_end": 20260301}, "window_end", "invalid_time"),
        (MEASURED | {"value": 5}, "value", "not_for_method"),
        (MEASURED | {"control": {"variant": 5}}, "control.variant", "invalid"),
        (MEASURED | {"treated": ["a"]}, "treated", "not_a_dict"),
        (MEASURED | {"treated": {"x" * 65: "a"}}, "treated", "invalid_labels"),
        ({"method": "declared", "value": 12.5}, "source", "required"),
        ({"method": "declared", "source": "x"}, "value", "required"),
        (DECLARED | {"value": "12.5"}, "value", "not_a_number"),
        (DECLARED | {"window_start": "2026-01-01"}, "window_start", "not_for_method"),
    ],
)
def test_a_body_that_does_not_fit_the_method_is_refused(api, kpi, body, attr, code):
    response = api.post(address(kpi), body)
    error = json.loads(response.content)["errors"][0]
    assert (response.status_code, error["attr"], error["code"]) == (400, attr, code)
    assert not Baseline.objects.exists()


def test_what_is_missing_for_a_baseline_is_said_with_numbers(api, kpi, at):
    with at(NOW):
        response = api.post(address(kpi), MEASURED | {"window_end": "2026-01-11"})
    assert (response.status_code, code_of(response)) == (422, "not_enough_intervals")
    assert "10 of 28" in json.loads(response.content)["detail"]


def test_a_declared_range_holds_its_value(api, kpi):
    response = api.post(address(kpi), DECLARED | {"low": 13})
    assert (response.status_code, code_of(response)) == (422, "range_without_value")


def test_a_baseline_is_approved_by_another_than_its_author(client_of, kpi):
    author, other = ControllerFactory(), ControllerFactory()
    client_of(author).post(address(kpi), DECLARED)
    own = client_of(author).post(address(kpi, "1/approve/"))
    assert (own.status_code, code_of(own)) == (409, "approval_by_author")
    answer = client_of(other).post(address(kpi, "1/approve/"))
    assert answer.status_code == 200
    assert (answer.json()["approved_by"], answer.json()["self_approved"]) == (other.username, False)


def test_while_only_one_person_may_the_own_approval_is_marked(client_with, kpi, administrator):
    token = client_with("manage")
    token.post(address(kpi), DECLARED)
    answer = token.post(address(kpi, "1/approve/"))
    assert (answer.status_code, answer.json()["self_approved"]) == (200, True)
    assert answer.json()["approved_by"] == administrator.username


@pytest.mark.parametrize("role", [User.Role.VIEWER, User.Role.ENGINEER, User.Role.PRODUCT_OWNER])
def test_who_has_not_the_right_approves_nothing(client_of, kpi, role):
    BaselineFactory(kpi=kpi)
    assert client_of(UserFactory(role=role)).post(address(kpi, "1/approve/")).status_code == 403


def test_a_draft_may_be_withdrawn_and_an_approved_baseline_not(api, kpi):
    BaselineFactory(kpi=kpi, version=1, approved=True)
    BaselineFactory(kpi=kpi, version=2)
    assert api.delete(address(kpi, "2/")).status_code == 204
    response = api.delete(address(kpi, "1/"))
    assert (response.status_code, code_of(response)) == (409, "baseline_is_frozen")


def test_a_baseline_is_not_changed_only_superseded(api, kpi):
    BaselineFactory(kpi=kpi)
    assert api.patch(address(kpi, "1/"), {"note": "x"}).status_code == 405
    assert api.post(address(kpi), DECLARED).json()["version"] == 2
    assert [row["version"] for row in api.get(address(kpi)).json()["results"]] == [2, 1]


def test_baselines_of_a_kpi_out_of_sight_do_not_exist(client_with, kpi):
    BaselineFactory(kpi=kpi)
    client = client_with("read", "manage", initiatives=[InitiativeFactory()])
    statuses = [
        client.get(address(kpi)).status_code,
        client.post(address(kpi), DECLARED).status_code,
        client.get(address(kpi, "1/")).status_code,
        client.post(address(kpi, "1/approve/")).status_code,
        client.delete(address(kpi, "1/")).status_code,
    ]
    assert statuses == [404] * 5

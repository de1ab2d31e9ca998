from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from kpis.ingest.columns import UNREADABLE_TIME
from kpis.sources.connectors.http_json.pages import HttpJson
from kpis.sources.fetching import FetchFailed, Order

ADDRESS = "https://desk.example/api"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TICKET = {"number": 4711, "closed": "2026-03-02T10:30:00+01:00", "minutes": 12.5, "team": {"name": "north"}}
FIELDS = {"at": "closed", "value": "minutes"}


def order(fields=FIELDS, *, points="tickets", query="tickets", zone="Europe/Berlin"):
    until = NINE + timedelta(hours=1)
    return Order("a.b", query, NINE, until, timedelta(hours=1), zone, points=points, fields=fields)


def pulled(asked, *pages):
    """The portions of one order against a server that answers with `pages` in turn."""
    with respx.mock, httpx.Client(headers={"Authorization": "Bearer s3cret"}) as client:
        answers = [
            httpx.Response(200, content=p) if isinstance(p, bytes) else httpx.Response(200, json=p) for p in pages
        ]
        route = respx.get(url__regex=r".*").mock(side_effect=answers)
        portions = list(HttpJson(ADDRESS, client).portions(asked))
        return portions, [str(call.request.url) for call in route.calls]


def points_of(row, fields=FIELDS, **more):
    (portion,), _ = pulled(order(fields, **more), {"tickets": [row]})
    return portion.points


def refusal(asked, *pages):
    with pytest.raises(FetchFailed) as caught:
        pulled(asked, *pages)
    return caught.value


def test_a_row_becomes_a_point_with_its_time_value_weight_identity_and_labels():
    fields = FIELDS | {"id": "number", "weight": "`3`", "labels": {"team": "team.name"}}
    points = points_of(TICKET, fields)
    assert points.at_us[0] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp() * 1e6
    assert (points.value[0], points.weight[0], points.event_id[0]) == (12.5, 3.0, "4711")
    assert points.label_sets[points.labels[0]] == {"team": "north"}


def test_without_an_id_a_row_is_a_sample_of_a_gauge_of_weight_one():
    points = points_of(TICKET)
    assert points.event_id is None
    assert points.weight.tolist() == [1.0]


def test_the_time_between_two_instants_of_a_row_can_be_the_value_in_seconds():
    row = {"opened": "2026-03-02T10:00:00+01:00", "closed": "2026-03-02T09:30:30Z"}
    points = points_of(row, {"at": "closed", "begun": "opened", "ended": "closed"})
    assert points.value.tolist() == [1830.0]


def test_an_open_ticket_has_no_time_between():
    row = {"opened": "2026-03-02T10:00:00+01:00", "closed": None}
    points = points_of(row, {"at": "opened", "begun": "opened", "ended": "closed"})
    assert math.isnan(points.value[0])


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-02T10:00:00+01:00", NINE),
        ("2026-03-02T09:00:00Z", NINE),
        (NINE.timestamp(), NINE),
        (int(NINE.timestamp()), NINE),
        (int(NINE.timestamp()) * 1000, NINE),
        ("2026-03-02", datetime(2026, 3, 1, 23, tzinfo=UTC)),  # midnight in Berlin
    ],
)
def test_a_time_is_understood_as_it_is_usually_written(written, instant):
    assert points_of(TICKET | {"closed": written}).at_us[0] == instant.timestamp() * 1e6


@pytest.mark.parametrize(
    "written", ["2026-03-02T10:00:00", "yesterday", "", None, True, [], 1e300, 10**400, "2026-13-01", "9999-12-31x"]
)
def test_what_is_no_instant_is_marked_and_nothing_else_is_touched(written):
    body = json.dumps({"tickets": [TICKET | {"closed": written}, TICKET]}).encode()
    (portion,), _ = pulled(order(), body)
    assert portion.points.at_us[0] == UNREADABLE_TIME
    assert portion.points.at_us[1] > 0


@pytest.mark.parametrize(("written", "value"), [("12.5", 12.5), (" 12 ", 12.0), ("-1e3", -1000.0), (7, 7.0)])
def test_a_number_written_as_text_counts_as_one(written, value):
    assert points_of(TICKET | {"minutes": written}).value[0] == value


@pytest.mark.parametrize("written", ["twelve", "1_000", "１２", "", None, True, [1], {"a": 1}, 10**400, "nan"])
def test_what_is_no_number_is_marked(written):
    assert math.isnan(points_of(TICKET | {"minutes": written}).value[0])


@pytest.mark.parametrize("number", [None, 1.5, True, ["x"]])
def test_an_identity_that_is_neither_text_nor_a_whole_number_is_marked(number):
    assert points_of(TICKET | {"number": number}, FIELDS | {"id": "number"}).event_id[0] is None


def test_a_label_that_is_a_structure_is_marked():
    points = points_of(TICKET, FIELDS | {"labels": {"team": "team"}})
    assert points.labels.tolist() == [-1]


def test_a_label_that_a_row_does_not_have_is_simply_absent():
    points = points_of(TICKET | {"team": None}, FIELDS | {"labels": {"team": "team.name"}})
    assert points.label_sets[points.labels[0]] == {}


@pytest.mark.parametrize("row", [None, 5, "text", [], [[]], {}])
def test_a_row_that_is_no_object_is_a_point_with_nothing_readable(row):
    points = points_of(row)
    assert points.at_us.tolist() == [UNREADABLE_TIME]


def test_a_rejected_row_can_be_shown_as_the_source_sent_it():
    assert json.loads(points_of(TICKET).point_as_sent(0)) == TICKET


@pytest.mark.parametrize("page", [{"items": []}, {"tickets": None}, {"tickets": {"a": 1}}, [], "text", None])
def test_a_path_that_finds_no_list_is_a_failure_and_never_a_quiet_day(page):
    assert refusal(order(), json.dumps(page).encode()).code == "rows_missing"


def test_an_empty_list_is_a_quiet_day():
    (portion,), _ = pulled(order(), {"tickets": []})
    assert len(portion.points) == 0


@pytest.mark.parametrize(
    ("fields", "points", "code"),
    [
        ({"value": "minutes"}, "tickets", "field_missing"),
        ({"at": "closed"}, "tickets", "field_missing"),
        ({"at": "closed", "begun": "opened"}, "tickets", "field_missing"),
        (FIELDS | {"begun": "a", "ended": "b"}, "tickets", "field_missing"),
        (FIELDS | {"vlaue": "minutes"}, "tickets", "field_unknown"),
        (FIELDS, "tickets[", "expression_wrong"),
        (FIELDS | {"weight": 3}, "tickets", "expression_wrong"),
        (FIELDS | {"labels": "team"}, "tickets", "expression_wrong"),
        (FIELDS | {"labels": {"team": "team["}}, "tickets", "expression_wrong"),
    ],
)
def test_an_order_that_can_never_work_is_refused_before_anything_is_asked(fields, points, code):
    with pytest.raises(FetchFailed) as caught:
        HttpJson.check(order(fields, points=points))
    assert caught.value.code == code

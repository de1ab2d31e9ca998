from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest
import respx

from kpis.sources.connectors.prometheus import Prometheus
from kpis.sources.fetching import FetchFailed, Order, SourceOutOfReach

ADDRESS = "http://prometheus.example:9090"
URL = ADDRESS + "/api/v1/query_range"
HOUR = timedelta(hours=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def order(query="up", *, start=NINE, until=NINE + 3 * HOUR, step=HOUR, zone="UTC", keep=()):
    return Order(kpi="a.b", query=query, start=start, until=until, step=step, zone=zone, keep_labels=tuple(keep))


def matrix(*series, **more):
    """An answer as the server gives it: series as (labels, [(at, text), …])."""
    result = [
        {"metric": labels, "values": [[at.timestamp(), text] for at, text in samples]} for labels, samples in series
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def pulled(asked, answer, status=200):
    """The portions of one order against one recorded answer, and the forms that were sent."""
    with respx.mock, httpx.Client() as client:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        route = respx.post(URL).mock(return_value=httpx.Response(status, content=body))
        portions = list(Prometheus(ADDRESS, client).portions(asked))
        forms = [{k: v[0] for k, v in parse_qs(call.request.content.decode()).items()} for call in route.calls]
    return portions, forms


def refusal(answer, status=200, asked=None):
    with pytest.raises(FetchFailed) as caught:
        pulled(asked or order(), answer, status)
    return caught.value


def at_of(portion):
    return [datetime.fromtimestamp(us / 1e6, UTC) for us in portion.points.at_us]


def test_a_sample_is_stored_at_its_instant_with_the_value_as_it_was_sent():
    (portion,), _ = pulled(order(), matrix(({}, [(NINE, "0.1"), (NINE + HOUR, "17")])))
    assert at_of(portion) == [NINE, NINE + HOUR]
    assert portion.points.value.tolist() == [0.1, 17.0]


def test_only_whole_steps_before_the_end_of_the_window_are_asked_for():
    asked = order(start=NINE + timedelta(minutes=20), until=NINE + timedelta(hours=3, minutes=59))
    _, (form,) = pulled(asked, matrix())
    assert (float(form["start"]), float(form["end"])) == ((NINE + HOUR).timestamp(), (NINE + 3 * HOUR).timestamp())
    assert form["step"] == "3600s"


def test_the_end_of_the_window_itself_belongs_to_the_next_one():
    _, (form,) = pulled(order(), matrix())
    assert float(form["end"]) == (NINE + 2 * HOUR).timestamp()


def test_two_windows_side_by_side_ask_for_each_step_once():
    asked = [
        order(start=NINE, until=NINE + timedelta(minutes=90)),
        order(start=NINE + timedelta(minutes=90), until=NINE + 4 * HOUR),
    ]
    instants = []
    for one in asked:
        _, (form,) = pulled(one, matrix())
        instants += list(np.arange(float(form["start"]), float(form["end"]) + 1, 3600))
    assert instants == [(NINE + k * HOUR).timestamp() for k in range(4)]


def test_a_window_without_a_whole_step_asks_nothing_and_counts_as_pulled():
    asked = order(start=NINE + timedelta(minutes=1), until=NINE + timedelta(minutes=50))
    (portion,), forms = pulled(asked, matrix())
    assert forms == []
    assert (len(portion.points), portion.until) == (0, asked.until)


def test_the_grid_holds_local_midnight_where_the_zone_is_half_an_hour_off():
    # 2 March 00:00 in Kolkata is 1 March 18:30 UTC.
    start = datetime(2026, 3, 1, 18, 1, tzinfo=UTC)
    _, (form,) = pulled(order(start=start, until=start + 3 * HOUR, zone="Asia/Kolkata"), matrix())
    assert datetime.fromtimestamp(float(form["start"]), UTC) == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def test_what_looks_back_over_its_step_is_stored_where_that_step_begins():
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    asked = order("sum(increase(tickets_total[$__interval]))", start=midnight - HOUR, until=midnight + HOUR)
    (portion,), (form,) = pulled(asked, matrix(({}, [(midnight, "5")])))
    assert form["query"] == "sum(increase(tickets_total[3600s]))"
    assert at_of(portion) == [midnight - HOUR]  # the last hour of 2 March counts in 2 March


def test_a_long_window_is_asked_for_in_requests_below_the_limit_of_eleven_thousand():
    asked = order(start=NINE, until=NINE + timedelta(seconds=25_000), step=timedelta(seconds=1))
    portions, forms = pulled(asked, matrix())
    counts = [round(float(form["end"]) - float(form["start"])) + 1 for form in forms]
    assert counts == [10_000, 10_000, 5_000]
    assert [float(b["start"]) - float(a["end"]) for a, b in pairwise(forms)] == [1.0, 1.0]
    assert [portion.until for portion in portions] == [
        NINE + timedelta(seconds=10_000),
        NINE + timedelta(seconds=20_000),
        NINE + timedelta(seconds=25_000),
    ]


def test_the_labels_that_are_kept_tell_the_series_apart():
    answer = matrix(({"team": "a", "pod": "x"}, [(NINE, "1")]), ({"team": "b", "pod": "y"}, [(NINE, "2")]))
    (portion,), _ = pulled(order(keep=["team"]), answer)
    sets = [portion.points.label_sets[place] for place in portion.points.labels]
    assert sets == [{"team": "a"}, {"team": "b"}]


def test_series_that_the_kept_labels_do_not_tell_apart_are_refused_rather_than_overwritten():
    answer = matrix(({"pod": "x"}, [(NINE, "1")]), ({"pod": "y"}, [(NINE, "2")]))
    assert refusal(answer).code == "series_alike"


def test_samples_that_are_no_number_are_left_out_and_counted():
    samples = [(NINE, "NaN"), (NINE + HOUR, "+Inf"), (NINE + 2 * HOUR, "3")]
    (portion,), _ = pulled(order(), matrix(({}, samples)))
    assert (portion.points.value.tolist(), portion.left_out) == ([3.0], 2)


def test_samples_outside_of_what_was_asked_are_left_out():
    (portion,), _ = pulled(order(), matrix(({}, [(NINE - HOUR, "1"), (NINE, "2"), (NINE + 9 * HOUR, "3")])))
    assert (portion.points.value.tolist(), portion.left_out) == ([2.0], 2)


def test_native_histograms_have_no_single_value_and_are_left_out():
    answer = matrix()
    answer["data"]["result"] = [{"metric": {}, "histograms": [[NINE.timestamp(), {"count": "3"}]]}]
    (portion,), _ = pulled(order(), answer)
    assert (len(portion.points), portion.left_out) == (0, 1)


def test_warnings_of_the_server_are_handed_on():
    (portion,), _ = pulled(order(), matrix(warnings=["store\nwas slow"]))
    assert portion.warnings == ("store was slow",)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "bad_data", "query_wrong"),
        (422, "execution", "query_failed"),
        (503, "timeout", "query_timeout"),
        (503, "unavailable", "source_busy"),
        (500, "internal", "source_answered_error"),
        (404, "not_found", "not_found"),
    ],
)
def test_each_kind_of_error_has_its_code_and_prometheus_own_words(status, kind, code):
    words = 'parse error: unexpected "}"\x07'
    error = refusal({"status": "error", "errorType": kind, "error": words}, status)
    assert error.code == code
    assert 'parse error: unexpected "}"' in error.detail
    assert "\x07" not in error.detail


def test_a_busy_server_is_not_asked_again_in_this_run():
    error = refusal({"status": "error", "errorType": "unavailable", "error": "starting"}, 503)
    assert isinstance(error, SourceOutOfReach)


def test_a_login_page_in_place_of_an_answer_says_that_we_were_not_let_in():
    assert refusal(b"<html>please sign in</html>", 401).code == "not_let_in"


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        b"[]",
        b'{"status": "success"}',
        b'{"status": "success", "data": {"resultType": "vector", "result": []}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": {"a": 1}}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [["x", "1"]]}]}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "one"]]}]}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1]]}]}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": ' + b"[" * 50_000,
    ],
)
def test_an_answer_of_another_shape_is_refused_in_words(answer):
    assert refusal(answer).code == "answer_unreadable"


def test_more_than_a_thousand_series_are_refused_with_the_way_out():
    answer = matrix(*[({"pod": str(n)}, [(NINE, "1")]) for n in range(1001)])
    error = refusal(answer, asked=order(keep=["pod"]))
    assert error.code == "too_many_series"
    assert "sum by" in error.detail


@pytest.mark.parametrize(
    ("query", "step", "code"),
    [("  ", HOUR, "query_missing"), ("up", timedelta(minutes=7), "step_uneven"), ("up", timedelta(0), "step_uneven")],
)
def test_an_order_that_can_never_work_is_refused_before_anything_is_asked(query, step, code):
    with pytest.raises(FetchFailed) as caught:
        Prometheus.check(order(query, step=step))
    assert caught.value.code == code

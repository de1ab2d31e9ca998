from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from kpis.ingest import accepting
from kpis.measurements.models import Batch, Measurement
from tests.bad_points import FORMS
from tests.factories import (
    InitiativeFactory,
    IntervalValueFactory,
    KpiFactory,
    OrganisationFactory,
    SeriesFactory,
    UserFactory,
    token_for,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "/api/v1/measurements/"


@pytest.fixture(autouse=True)
def noon(at):
    with at(NOW):
        yield


@pytest.fixture
def kpi():
    OrganisationFactory(zone="Europe/Berlin")
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


@pytest.fixture
def sender(kpi):
    return Client(headers={"Authorization": f"Bearer {token_for(['ingest'])}"})


@pytest.fixture
def reader(kpi):
    return Client(headers={"Authorization": f"Bearer {token_for(['read'])}"})


def point(minute: int = 30, **changes: object) -> dict[str, object]:
    return {"kpi": "support.time", "at": f"2026-03-01T09:{minute:02d}:00Z", "value": 312.4} | changes


def post(client: Client, content: object, query: str = "", media_type: str = "application/json", **headers: str):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(URL + query, body, content_type=media_type, headers=headers)


def codes(response) -> list[str]:
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return [error["code"] for error in problem["errors"]]


def test_a_batch_that_is_stored_whole_is_200_with_its_counts(sender):
    response = post(sender, {"measurements": [point(1), point(2)]})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == {"received": 2, "accepted": 2, "replaced": 0, "unchanged": 0, "rejected": []}


def test_a_batch_with_bad_points_is_207_and_names_each(sender):
    response = post(sender, {"measurements": [point(1), point(2, value=None)]})
    assert response.status_code == 207
    (entry,) = response.json()["rejected"]
    assert (entry["index"], entry["code"], entry["attr"]) == (1, "invalid_value", "value")
    assert entry["detail"].endswith(".")
    assert Measurement.objects.count() == 1


def test_a_batch_of_bad_points_is_422_with_the_same_members_inside_a_problem(sender):
    response = post(sender, {"measurements": [point(kpi="no.such"), point(value=None)]})
    assert response.status_code == 422
    assert codes(response) == ["unknown_kpi", "invalid_value"]
    answer = response.json()
    assert (answer["received"], answer["accepted"], len(answer["rejected"])) == (2, 0, 2)
    assert answer["errors"][1]["attr"] == "measurements.1.value"


def test_an_empty_list_is_200_with_zeros(sender):
    response = post(sender, {"measurements": []})
    assert response.status_code == 200
    assert response.json() == {"received": 0, "accepted": 0, "replaced": 0, "unchanged": 0, "rejected": []}


def test_all_or_nothing_is_422_and_says_how_many_good_points_were_withheld(sender):
    response = post(sender, {"measurements": [point(), point(value=None)]}, "?atomic=true")
    answer = response.json()
    assert (response.status_code, answer["accepted"], answer["withheld"]) == (422, 0, 1)
    assert [entry["index"] for entry in answer["rejected"]] == [1]
    assert not Measurement.objects.exists()


def test_a_dry_run_has_the_answer_of_the_real_one_and_stores_nothing(sender):
    sent = {"measurements": [point(), point(), point(value=None)]}
    dry = post(sender, sent, "?dry_run=true")
    assert (Batch.objects.count(), Measurement.objects.count()) == (0, 0)
    real = post(sender, sent)
    assert (dry.status_code, dry.json()) == (real.status_code, real.json())


@pytest.mark.parametrize("query", ["?atomic=yes", "?dry_run=2"])
def test_a_parameter_that_is_neither_true_nor_false_is_refused(sender, query):
    assert codes(post(sender, {"measurements": [point()]}, query)) == ["invalid_parameter"]
    assert not Measurement.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"measurements": [{"kpi": "support.time", "at": 1, "value": NaN}]}', "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 50_000, "invalid_json"),
        (b'{"measurements": [' + b"[" * 5_000 + b"]" * 5_000 + b"]}", "invalid_json"),
        (b"[]", "invalid_body"),
        (b'{"kpi": "support.time", "at": [1, 2], "value": [1]}', "unequal_lengths"),
    ],
)
def test_a_body_that_is_not_what_it_claims_is_400(sender, body, code):
    response = post(sender, body)
    assert (response.status_code, codes(response)) == (400, [code])


def test_a_body_beyond_the_limit_is_413_packed_or_not(sender, settings):
    settings.INGEST_MAX_BYTES = 10_000
    big = json.dumps({"measurements": [point()], "x": "y" * 10_000}).encode()
    for response in (post(sender, big), post(sender, gzip.compress(big), **{"Content-Encoding": "gzip"})):
        assert (response.status_code, codes(response)) == (413, ["body_too_large"])


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_another_media_type_is_415(sender, media_type):
    response = post(sender, b"kpi=support.time", media_type=media_type)
    assert (response.status_code, codes(response)) == (415, ["unsupported_media_type"])


def test_a_form_sent_by_a_signed_in_browser_is_415_too(kpi):
    client = Client()
    client.force_login(UserFactory(role="administrator"))
    response = client.post(URL, {"kpi": "support.time"})
    assert (response.status_code, codes(response)) == (415, ["unsupported_media_type"])


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken_packed_or_not_and_answers_alike(sender, form):
    media_type, rendered = FORMS[form]
    body = rendered([point(1), point(2, value=None), point(3, labels={"a": "b"})])
    packed = post(sender, gzip.compress(body), media_type=media_type, **{"Content-Encoding": "gzip"})
    plain = post(sender, body, media_type=media_type + "; charset=UTF-8")
    assert (packed.status_code, plain.status_code) == (207, 207)
    assert (packed.json()["accepted"], plain.json()["unchanged"]) == (2, 2)
    assert [(one["index"], one["code"]) for one in plain.json()["rejected"]] == [(1, "invalid_value")]
    assert plain.json()["rejected"] == packed.json()["rejected"]


@pytest.mark.parametrize(
    ("media_type", "body", "status", "code"),
    [
        ("text/csv", b"\n", 400, "missing_column"),
        ("text/csv", b"kpi,at,value,colour\n", 400, "unknown_column"),
        ("text/csv", b"kpi,at,value,kpi\n", 400, "doubled_column"),
        ("text/csv", b'kpi,at,value\n"', 400, "invalid_csv"),
        ("text/csv", b'{"measurements": []}', 400, "unknown_column"),
        ("text/csv", b"kpi,at,value\n", 200, None),
        ("text/csv", b"kpi,at,value\nx\n", 422, "invalid_row"),
        ("text/csv", b"kpi,at,value\n" + b"x" * 200_000, 413, "line_too_long"),
        ("text/csv; charset=iso-8859-1", b"kpi,at,value\n", 415, "unsupported_charset"),
        ("application/x-ndjson", b"\n", 200, None),
        ("application/x-ndjson", b'{"measurements": []}', 422, "unknown_kpi"),
        ("application/x-ndjson", b"kpi,at,value\n", 422, "invalid_row"),
        ("application/x-ndjson", b"[" * 5_000 + b"]" * 5_000, 422, "invalid_row"),
        ("application/x-ndjson", b"[" * 200_000, 413, "line_too_long"),
        ("application/json", b'{"kpi": "a.b", "at": 1, "value": 1}\n' * 2, 400, "invalid_json"),
    ],
)
def test_what_is_wrong_with_a_whole_body_is_said_by_status_and_code(sender, media_type, body, status, code):
    response = post(sender, body, media_type=media_type)
    assert response.status_code == status
    assert codes(response) == [code] if code else response.json()["received"] == 0


def test_what_unpacks_to_far_more_than_its_size_is_413(sender, settings):
    bomb = gzip.compress(b" " * 8_000_000)
    response = post(sender, bomb, **{"Content-Encoding": "gzip"})
    assert (response.status_code, codes(response)) == (413, ["compression_ratio_too_high"])
    assert "INGEST_MAX_RATIO" in response.json()["detail"]
    settings.INGEST_MAX_RATIO = 2_000
    assert codes(post(sender, bomb, **{"Content-Encoding": "gzip"})) == ["invalid_json"]


def test_gzip_is_unpacked(sender):
    body = gzip.compress(json.dumps({"measurements": [point()]}).encode())
    assert post(sender, body, **{"Content-Encoding": "gzip"}).json()["accepted"] == 1
    assert codes(post(sender, b"no gzip", **{"Content-Encoding": "gzip"})) == ["invalid_gzip"]
    assert post(sender, body, **{"Content-Encoding": "br"}).status_code == 415


def test_who_has_no_token_is_401_and_a_token_that_only_reads_is_403(kpi, reader):
    assert post(Client(), {"measurements": [point()]}).status_code == 401
    assert post(reader, {"measurements": [point()]}).status_code == 403
    assert not Measurement.objects.exists()


def test_a_database_out_of_reach_is_503_and_says_when_to_come_again(sender):
    sender.raise_request_exception = False
    with mock.patch.object(accepting.batches, "next_batch_id", side_effect=OperationalError("gone")):
        response = post(sender, {"measurements": [point()]})
    assert (response.status_code, codes(response)) == (503, ["storage_unavailable"])
    assert int(response["Retry-After"]) > 0


def test_the_same_idempotency_key_gets_the_stored_answer_and_stores_once(sender):
    sent = {"measurements": [point()]}
    first = post(sender, sent, **{"Idempotency-Key": "a"})
    again = post(sender, sent, **{"Idempotency-Key": "a"})
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert Batch.objects.count() == 1
    assert post(sender, {"measurements": []}, **{"Idempotency-Key": "a"}).status_code == 422


def test_the_rows_behind_come_page_by_page_with_their_origin(sender, reader):
    post(sender, {"measurements": [point(k, value=k, id=f"t-{k}", labels={"variant": "a"}) for k in range(5)]})
    url, found = "/api/v1/kpis/support.time/measurements/?page_size=2", []
    while url:
        page = reader.get(url).json()
        found += page["results"]
        url = page["next"]
    assert [row["value"] for row in found] == [0, 1, 2, 3, 4]
    assert found[0] == {
        "at": "2026-03-01T09:00:00Z",
        "value": 0.0,
        "weight": 1.0,
        "id": "t-0",
        "labels": {"variant": "a"},
        "source": None,
        "token": "test",
        "arrived_at": "2026-03-01T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        ("from=2026-03-01T10:01:00%2B01:00&to=2026-03-01T09:03:00Z", [1, 2]),
        ("from=2026-03-01T10:01:00+01:00&to=2026-03-01T09:03:00Z", [1, 2]),
        ("from=2026-03-01&to=2026-03-02", [0, 1, 2, 3]),
        ("to=2026-03-01", []),
        ("from=2026-03-02", []),
        ("label.variant=b", [3]),
        ("label.variant=c", []),
    ],
)
def test_rows_are_asked_for_by_a_half_open_span_and_by_labels(sender, reader, query, minutes):
    post(sender, {"measurements": [point(k, value=k, labels={"variant": "b"} if k == 3 else {}) for k in range(4)]})
    results = reader.get(f"/api/v1/kpis/support.time/measurements/?{query}").json()["results"]
    assert [row["value"] for row in results] == minutes


@pytest.mark.parametrize("what", ["measurements", "intervals"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=yesterday", "invalid_time"),
        ("from=2026-02-30", "invalid_time"),
        ("to=2026-03-01T09:00:00", "invalid_time"),
        ("from=2026-03-01%00", "invalid_time"),
        ("label.a=%00", "invalid_labels"),
        ("form=2026-03-01", "unknown_parameter"),
    ],
)
def test_a_span_that_cannot_be_read_is_400_and_names_the_parameter(reader, what, query, code):
    response = reader.get(f"/api/v1/kpis/support.time/{what}/?{query}")
    assert (response.status_code, codes(response)) == (400, [code])
    assert response.json()["errors"][0]["attr"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "query", ["from=0001-01-01", "to=9999-12-31T23:59:59-12:00", "from=0001-01-01T00:00:00%2B14:00"]
)
@pytest.mark.parametrize("what", ["measurements", "intervals"])
def test_the_ends_of_the_calendar_are_no_error(reader, what, query):
    assert reader.get(f"/api/v1/kpis/support.time/{what}/?{query}").status_code == 200


@pytest.mark.parametrize("query", ["page_size=0", "page_size=1001", "page_size=x", "cursor=x", "cursor=%00"])
def test_a_page_that_does_not_exist_is_400(reader, query):
    assert reader.get(f"/api/v1/kpis/support.time/measurements/?{query}").status_code == 400


@pytest.mark.parametrize("what", ["measurements", "intervals"])
def test_a_kpi_that_one_may_not_see_is_404_like_one_that_does_not_exist(kpi, what):
    other = InitiativeFactory(slug="other")
    limited = Client(headers={"Authorization": f"Bearer {token_for(['read'], [other])}"})
    mine, none = (limited.get(f"/api/v1/kpis/{key}/{what}/") for key in ("support.time", "no.such"))
    assert (mine.status_code, mine.content) == (none.status_code, none.content)
    assert mine.status_code == 404


def test_interval_values_come_in_the_organisations_zone_and_a_gap_is_absent(reader, kpi):
    series = SeriesFactory(kpi=kpi)
    for day in (1, 3):
        IntervalValueFactory(series=series, start=datetime(2026, 2, day, 23, tzinfo=UTC), mean=12.5, n=4)
    answer = reader.get("/api/v1/kpis/support.time/intervals/?from=2026-02-01&to=2026-03-01").json()
    assert (answer["kpi"], answer["unit"], answer["interval"]) == ("support.time", "min", "day")
    assert [(entry["start"], entry["end"], entry["value"], entry["count"]) for entry in answer["results"]] == [
        ("2026-02-02T00:00:00+01:00", "2026-02-03T00:00:00+01:00", 12.5, 4),
        ("2026-02-04T00:00:00+01:00", "2026-02-05T00:00:00+01:00", 12.5, 4),
    ]
    assert all(isinstance(entry["provisional"], bool) for entry in answer["results"])


def test_interval_values_can_be_asked_for_by_label_and_interval(reader, kpi):
    for variant, mean in (("a", 1.0), ("b", 2.0)):
        series = SeriesFactory(kpi=kpi, labels={"variant": variant})
        IntervalValueFactory(series=series, start=datetime(2026, 2, 1, 23, tzinfo=UTC), mean=mean)
    url = "/api/v1/kpis/support.time/intervals/"
    assert [entry["value"] for entry in reader.get(url + "?label.variant=b").json()["results"]] == [2.0]
    assert [entry["value"] for entry in reader.get(url).json()["results"]] == [1.5]
    assert reader.get(url + "?interval=week").json()["results"] == []
    assert codes(reader.get(url + "?interval=year")) == ["invalid_interval"]


def test_reading_rows_takes_few_queries_however_many_there_are(sender, reader, django_assert_max_num_queries):
    post(sender, {"measurements": [point(k, labels={"n": str(k)}) for k in range(50)]})
    reader.get("/api/v1/kpis/support.time/measurements/")
    with django_assert_max_num_queries(4):
        assert len(reader.get("/api/v1/kpis/support.time/measurements/").json()["results"]) == 50


def test_a_batch_takes_few_statements_however_many_points_and_series_it_has(sender, django_assert_max_num_queries):
    start = datetime(2026, 2, 1, tzinfo=UTC)
    rows = [
        point(at=(start + timedelta(minutes=k)).isoformat(), labels={"n": str(k % 20)}, value=k) for k in range(400)
    ]
    post(sender, {"measurements": rows[:20]})
    with django_assert_max_num_queries(10):
        assert post(sender, {"measurements": rows}).json()["accepted"] == 380

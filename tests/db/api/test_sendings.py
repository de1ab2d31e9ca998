"""What a sender sent, over the API: for those who may see tokens and sources, and for nobody else."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from rest_framework.test import APIClient

from kpis.access.models import AuditEvent, Token
from kpis.ingest import rates, samples
from kpis.ingest.models import RefusedMinute
from kpis.measurements.models import Measurement
from tests.bad_points import as_ndjson, point
from tests.factories import (
    BatchFactory,
    DataSourceFactory,
    InitiativeFactory,
    KpiFactory,
    RejectionFactory,
    UserFactory,
    token_for,
)

PAST = "2026-03-01T09:30:00Z"


@pytest.fixture(autouse=True)
def _nothing_remembered_of_senders():
    rates.forget_all()
    samples.forget_all()


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support")


@pytest.fixture
def sender(client_with):
    client_with_token = client_with("ingest")
    client_with_token.token = Token.objects.get()
    return client_with_token


def send(client, *points: object, **headers: str):
    return client.post("/api/v1/measurements/", as_ndjson(points), content_type="application/x-ndjson", headers=headers)


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_what_a_token_sent_is_told_with_reasons_lag_rate_and_the_start_of_the_body(initiative, sender, api):
    KpiFactory(initiative=initiative, slug="time")
    send(sender, point(), point(value="x"), point(kpi="support.none"))
    answer = api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()
    total = answer["hour"]["total"]
    assert (total["requests"], total["received"], total["accepted"], total["rejected"]) == (1, 3, 1, 2)
    assert answer["hour"]["reasons"] == {"invalid_value": 1, "unknown_kpi": 1}
    assert answer["month"]["total"]["received"] == sum(count["received"] for count in answer["month"]["counts"]) == 3
    assert (answer["last"]["newest_at"], answer["last"]["form"]) == (PAST, "ndjson")
    assert answer["last"]["lag_seconds"] > 0
    assert answer["points_a_minute_at_most"] == 60_000_000
    (sample,) = answer["samples"]
    assert sample["text"].startswith('{"kpi": "support.time"')


def test_a_token_that_never_sent_has_zeros_and_null(sender, api):
    answer = api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()
    assert (answer["last"], answer["hour"]["total"]["received"], answer["samples"]) == (None, 0, [])


def test_requests_refused_as_a_whole_are_counted_by_reason_in_one_row_a_minute(sender, api, at):
    path, form = "/api/v1/measurements/", "application/json"
    with at(datetime(2026, 11, 30, 12, 0, 10, tzinfo=UTC)):
        for body in (b"{", b"[", b"NaN"):
            sender.post(path, body, content_type=form)
        sender.post(path, b"x", content_type="image/png")
        told = api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()
    assert told["hour"]["refused"] == {"invalid_json": 3, "unsupported_media_type": 1}
    assert told["month"]["refused"] == told["hour"]["refused"]
    assert told["hour"]["total"]["requests"] == 0
    assert RefusedMinute.objects.count() == 2
    with at(datetime(2026, 11, 30, 13, 5, tzinfo=UTC)):
        told = api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()
    assert (told["hour"]["refused"], sum(told["month"]["refused"].values())) == ({}, 4)


def test_a_request_refused_for_a_source_counts_for_it_and_for_its_token(sender, api):
    source = DataSourceFactory(slug="prom", kind="push")
    answer = sender.post("/api/v1/prometheus/write?source=prom", b"x", content_type="text/plain")
    assert answer.status_code == 415
    for path in (f"tokens/{sender.token.pk}", f"sources/{source.slug}"):
        assert sum(api.get(f"/api/v1/{path}/sendings/").json()["hour"]["refused"].values()) == 1


def test_a_body_that_was_refused_as_a_whole_leaves_its_start_and_why(sender, api):
    sender.post("/api/v1/measurements/", b"kpi;at;value", content_type="text/csv")
    (sample,) = api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()["samples"]
    assert (sample["code"], sample["text"], sample["form"]) == ("unknown_column", "kpi;at;value", "csv")


def test_a_dry_run_leaves_no_sample(initiative, sender, api):
    body = as_ndjson([point()])
    sender.post("/api/v1/measurements/?dry_run=true", body, content_type="application/x-ndjson")
    assert api.get(f"/api/v1/tokens/{sender.token.pk}/sendings/").json()["samples"] == []


def test_rejected_points_are_listed_downloaded_and_sent_again(initiative, sender, api):
    send(sender, point(id="a"), point(id="b", value="x"))
    address = f"/api/v1/tokens/{sender.token.pk}/rejections/"
    listed = api.get(address).json()["results"]
    assert [(one["index"], one["code"]) for one in listed] == [(1, "unknown_kpi"), (0, "unknown_kpi")]
    lines = api.get(address + "?format=ndjson")
    assert lines["Content-Type"] == "application/x-ndjson"
    assert "attachment" in lines["Content-Disposition"]
    points = [json.loads(json.loads(line)["point"]) for line in lines.content.splitlines()]
    assert points == [point(id="b", value="x"), point(id="a")]
    table = list(csv.DictReader(io.StringIO(api.get(address + "?format=csv").content.decode())))
    assert [json.loads(row["point"]) for row in table] == points
    assert code_of(api.get(address + "?format=xlsx")) == "invalid_format"

    KpiFactory(initiative=initiative, slug="time")
    answer = api.post(address + "replay/").json()
    assert answer == {"stored": 1, "there": 0, "rejected": 1, "left": 0}
    assert [one["code"] for one in api.get(address).json()["results"]] == ["invalid_value"]
    assert Measurement.objects.get().event_id == "a"
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.what, event.subject, event.details) == (
        "rejections.replayed",
        f"token:{sender.token.pk}",
        answer,
    )


def test_a_revoked_token_sends_nothing_again(initiative, sender, api):
    send(sender, point())
    api.delete(f"/api/v1/tokens/{sender.token.pk}/")
    response = api.post(f"/api/v1/tokens/{sender.token.pk}/rejections/replay/")
    assert (response.status_code, code_of(response)) == (409, "token_revoked")


def test_a_source_tells_the_same_and_its_points_are_sent_again(initiative, api):
    source = DataSourceFactory(slug="desk", initiative=initiative)
    batch = BatchFactory(source=source, received=1, rejected=1, reasons={"unknown_kpi": 1})
    RejectionFactory(batch=batch, code="unknown_kpi", point=json.dumps(point()))
    KpiFactory(initiative=initiative, slug="time")
    answer = api.get("/api/v1/sources/desk/sendings/").json()
    assert (answer["last"]["form"], answer["points_a_minute_at_most"]) == ("", None)
    assert api.post("/api/v1/sources/desk/rejections/replay/").json()["stored"] == 1
    assert api.get("/api/v1/sources/desk/rejections/").json()["count"] == 0


@pytest.mark.parametrize("what", ["sendings/", "rejections/"])
def test_who_may_not_see_tokens_or_the_source_sees_nothing(initiative, sender, client_with, client_of, what):
    DataSourceFactory(slug="desk", initiative=initiative)
    address = f"/api/v1/tokens/{sender.token.pk}/{what}"
    assert APIClient().get(address).status_code == 401
    assert client_of(UserFactory(role="viewer")).get(address).status_code == 403
    assert client_with("read").get(address).status_code == 403
    limited = client_with("read", "manage", initiatives=[InitiativeFactory()])
    assert limited.get(address).status_code == 404
    assert limited.get(f"/api/v1/sources/desk/{what}").status_code == 404


def test_who_only_reads_sees_a_source_and_does_not_send_its_points_again(initiative, client_with):
    DataSourceFactory(slug="desk", initiative=initiative)
    reader = client_with("read")
    assert reader.get("/api/v1/sources/desk/rejections/").status_code == 200
    assert reader.post("/api/v1/sources/desk/rejections/replay/").status_code == 403


# -- points a minute -----------------------------------------------------------------------------------------------


def test_a_token_beyond_its_points_a_minute_is_429_until_it_may_send_again_and_nothing_is_lost(initiative, client_with):
    KpiFactory(initiative=initiative, slug="time")
    made = (
        client_with("manage", "ingest")
        .post("/api/v1/tokens/", {"name": "x", "scopes": ["ingest"], "points_a_minute": 60})
        .json()
    )
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {made['token']}")
    assert send(client, *[point(id=str(n)) for n in range(90)]).json()["accepted"] == 90
    refused = send(client, point(id="later"), **{"Idempotency-Key": "k"})
    assert (refused.status_code, code_of(refused)) == (429, "too_many_points_a_minute")
    assert 25 < int(refused["Retry-After"]) <= 32
    assert "60" in refused.json()["detail"]
    rates.forget_all()
    # The refusal is no answer to keep: the same key is carried out as soon as it may.
    assert send(client, point(id="later"), **{"Idempotency-Key": "k"}).json()["accepted"] == 1


def test_the_limit_of_a_token_is_changed_and_written_down(sender, api):
    address = f"/api/v1/tokens/{sender.token.pk}/"
    assert api.patch(address, {"points_a_minute": 5}).json()["points_a_minute"] == 5
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.what, event.details["points_a_minute"]) == ("token.limited", [None, 5])
    assert api.patch(address, {"points_a_minute": None}).json()["points_a_minute"] is None
    for wrong in ({"points_a_minute": 0}, {"points_a_minute": "x"}, {"scopes": ["manage"]}, {"name": "y"}):
        assert api.patch(address, wrong).status_code == 400
    assert Token.objects.get(pk=sender.token.pk).scopes == ["ingest"]


def test_another_tokens_points_do_not_count(initiative, client_with):
    KpiFactory(initiative=initiative, slug="time")
    text = token_for(["ingest"])
    made = (
        client_with("manage", "ingest")
        .post("/api/v1/tokens/", {"name": "x", "scopes": ["ingest"], "points_a_minute": 1})
        .json()
    )
    assert send(APIClient(HTTP_AUTHORIZATION=f"Bearer {made['token']}"), point(id="1")).status_code == 200
    assert send(APIClient(HTTP_AUTHORIZATION=f"Bearer {made['token']}"), point(id="2")).status_code == 429
    assert send(APIClient(HTTP_AUTHORIZATION=f"Bearer {text}"), point(id="3")).status_code == 200

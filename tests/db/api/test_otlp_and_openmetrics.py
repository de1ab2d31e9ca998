"""The other two forms with names and labels: OTLP over HTTP, and pages of metrics that are pushed."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from kpis.measurements.models import Measurement
from kpis.sources import receiving
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, MappingRuleFactory, token_for

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NS = int(NOON.timestamp()) * 10**9


@pytest.fixture(autouse=True)
def noon(at):
    with at(NOON):
        yield


@pytest.fixture(autouse=True)
def source():
    source = DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)
    kpi = KpiFactory(initiative__slug="support", slug="tickets")
    MappingRuleFactory(source=source, kpi=kpi, name="desk_tickets", kind="counter")
    MappingRuleFactory(source=source, kpi=kpi, name="desk_tickets_total", kind="counter")
    return source


@pytest.fixture
def sender():
    return Client(headers={"Authorization": f"Bearer {token_for(['ingest'])}"}, raise_request_exception=False)


def tickets(*points, temporality=2, name="desk.tickets"):
    data = [{"timeUnixNano": str(NS + 15 * 10**9 * n), "asInt": str(value)} for n, value in enumerate(points)]
    metric = {
        "name": name,
        "sum": {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": data},
    }
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}


def export(client, content, media_type="application/json", **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.generic("POST", "/api/v1/otlp/v1/metrics", body, content_type=media_type, headers=headers)


def push(client, page, media_type="text/plain", slug="cluster", **headers):
    return client.generic("POST", f"/api/v1/openmetrics/{slug}/", page, content_type=media_type, headers=headers)


def values():
    return list(Measurement.objects.order_by("at").values_list("value", flat=True))


def codes(response):
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return [error["code"] for error in response.json()["errors"]]


def test_a_counter_by_otlp_becomes_increases(sender):
    response = export(sender, tickets(100, 104, 110))
    assert (response.status_code, response.json(), values()) == (200, {}, [4, 6])


def test_what_is_sent_as_added_is_stored_as_added_though_the_rule_says_counter(sender):
    export(sender, tickets(100, 4, temporality=1))
    assert values() == [100, 4]


def test_protocol_buffers_are_answered_in_protocol_buffers(sender):
    body = json_format.ParseDict(tickets(1, 2), ExportMetricsServiceRequest()).SerializeToString()
    response = export(sender, gzip.compress(body), "application/x-protobuf", **{"Content-Encoding": "gzip"})
    assert response.headers["Content-Type"] == "application/x-protobuf"
    assert not ExportMetricsServiceResponse.FromString(response.content).HasField("partial_success")
    assert values() == [1]


def test_a_partial_success_says_how_many_points_were_not_stored_and_why(sender):
    content = tickets(1, 2)
    content["resourceMetrics"] += tickets(5, name="other")["resourceMetrics"]
    response = export(sender, content)
    partial = response.json()["partialSuccess"]
    assert (response.status_code, partial["rejectedDataPoints"]) == (200, "1")
    assert "unmapped_series" in partial["errorMessage"]
    assert "other" in partial["errorMessage"]
    assert values() == [1]


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"\x0a\x05", "application/x-protobuf", 400, "invalid_protobuf"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"--x", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
    ],
)
def test_otlp_that_cannot_be_read_is_refused_for_good(sender, content, media_type, status, code):
    response = export(sender, content, media_type)
    assert (response.status_code, codes(response)) == (status, [code])


def test_a_sender_is_told_to_come_again_when_the_storage_is_out_of_reach(sender):
    with mock.patch.object(receiving.memory, "known_series", side_effect=OperationalError("gone")):
        for response in (export(sender, tickets(1)), push(sender, b"desk_tickets_total 1\n")):
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0


def test_a_pushed_page_is_stored_at_the_instant_of_its_arrival(sender, at):
    assert push(sender, b"# TYPE desk_tickets_total counter\ndesk_tickets_total 10\n").json()["remembered"] == 1
    with at(datetime(2026, 3, 2, 12, 5, tzinfo=UTC)):
        response = push(
            sender, b"# TYPE desk_tickets counter\ndesk_tickets_total 12\n# EOF\n", "application/openmetrics-text"
        )
    assert (response.status_code, response.json()["accepted"], values()) == (200, 1, [2])
    assert Measurement.objects.get().at == datetime(2026, 3, 2, 12, 5, tzinfo=UTC)


def test_samples_of_a_page_that_can_never_be_stored_are_told_and_all_others_stored(sender):
    future = int(NOON.timestamp() + 3600) * 1000
    some = push(sender, f"desk_tickets_total 10\nother 1 {future}\n".encode())
    assert (some.status_code, {one["code"] for one in some.json()["rejected"]}) == (207, {"time_in_future"})
    none = push(sender, f"desk_tickets_total 10 {future}\n".encode())
    assert (none.status_code, codes(none)) == (422, ["time_in_future"])


@pytest.mark.parametrize(
    ("page", "media_type", "status", "code"),
    [
        (b"queue seven\n", "text/plain", 400, "invalid_page"),
        (b"queue 7\n", "application/openmetrics-text", 400, "invalid_page"),
        (b"queue 7\n", "application/json", 415, "unsupported_media_type"),
        (b"queue 7\n", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_page_of_metrics_is_refused(sender, page, media_type, status, code):
    response = push(sender, page, media_type)
    assert (response.status_code, codes(response)) == (status, [code])


def test_a_page_goes_to_a_pushing_source_in_sight(sender):
    DataSourceFactory(slug="prom")
    assert codes(push(sender, b"queue 1\n", slug="prom")) == ["unknown_source"]
    assert push(sender, b"queue 1\n", slug="nowhere").status_code == 404
    narrow = Client(headers={"Authorization": f"Bearer {token_for(['ingest'], [InitiativeFactory()])}"})
    assert push(narrow, b"queue 1\n").status_code == 404
    assert push(Client(), b"queue 1\n").status_code == 401

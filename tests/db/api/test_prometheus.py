"""Remote write 1.0 by the rules of its specification for receivers."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from unittest import mock

import cramjam
import pytest
from django.db import OperationalError
from django.test import Client

from kpis.ingest.models import Rejection
from kpis.measurements.models import Batch, Measurement
from kpis.sources import receiving
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, MappingRuleFactory, token_for
from tests.oracles.remote_write import HEADERS, STALE, body

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)
UP = {"__name__": "up", "job": "node"}


@pytest.fixture(autouse=True)
def noon(at):
    with at(NOON):
        yield


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


@pytest.fixture
def rule(source):
    return MappingRuleFactory(source=source, name="up", kpi=KpiFactory(initiative__slug="support", slug="up"))


def sender(*scopes, **more):
    return Client(
        headers={"Authorization": f"Bearer {token_for(scopes or ['ingest'], **more)}"}, raise_request_exception=False
    )


def write(client, content, *, query="", **headers):
    given = HEADERS | {name.replace("_", "-").title(): value for name, value in headers.items()}
    return client.generic(
        "POST",
        f"/api/v1/prometheus/write{query}",
        content,
        content_type=given.pop("Content-Type"),
        headers={name: value for name, value in given.items() if value is not None},
    )


def codes(response):
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return [error["code"] for error in response.json()["errors"]]


def test_samples_are_stored_before_the_answer(rule):
    response = write(sender(), body([(UP, [(MS, 1.0), (MS + 15_000, 0.0)])]))
    assert response.status_code == 200
    assert response.json() == {
        "received": 2,
        "accepted": 2,
        "replaced": 0,
        "unchanged": 0,
        "remembered": 0,
        "rejected": [],
    }
    assert list(Measurement.objects.order_by("at").values_list("value", "weight")) == [(1, 60), (0, 15)]
    batch = Batch.objects.get()
    assert (batch.form, batch.source.slug, batch.token.name) == ("remote_write", "cluster", "test")
    assert batch.size > 0
    assert batch.newest_at == NOON + timedelta(seconds=15)


def test_late_samples_and_stale_markers_are_accepted(rule):
    client = sender()
    write(client, body([(UP, [(MS, 1.0)])]))
    late = write(client, body([(UP, [(MS - 30_000, 4.0), (MS - 15_000, STALE)])]))
    assert (late.status_code, late.json()["accepted"], late.json()["remembered"]) == (200, 1, 1)
    assert list(Measurement.objects.order_by("at").values_list("value", "weight")) == [(4, 60), (1, 60)]


def test_samples_that_can_never_be_stored_are_answered_with_400_and_all_others_are_stored(rule):
    future = MS + 3_600_000
    response = write(sender(), body([(UP, [(MS, 1.0), (future, 1.0)]), ({"job": "nameless"}, [(MS, 1.0)])]))
    assert response.status_code == 400
    assert set(codes(response)) == {"time_in_future", "invalid_labels"}
    assert response.json()["accepted"] == 1
    assert Measurement.objects.count() == 1
    assert Rejection.objects.count() == 2


def test_what_no_rule_maps_or_is_no_number_is_no_error_of_the_sender(rule):
    response = write(sender(), body([({"__name__": "go_gc"}, [(MS, 1.0)]), (UP, [(MS, math.nan)])]))
    assert response.status_code == 200
    assert {one["code"]: one["count"] for one in response.json()["rejected"]} == {
        "unmapped_series": 1,
        "invalid_value": 1,
    }


def test_an_empty_request_is_fine(rule):
    assert write(sender(), body([])).status_code == 200
    assert write(sender(), body([(UP, [])])).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content_type": "application/json"}, "unsupported_media_type"),
        ({"content_type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, "unsupported_version"),
        ({"content_encoding": "gzip"}, "unsupported_encoding"),
        ({"content_encoding": None}, "unsupported_encoding"),
        ({"content_type": "multipart/form-data; boundary=x"}, "unsupported_media_type"),
    ],
)
def test_another_form_is_415_so_that_a_sender_of_version_2_falls_back(rule, changes, code):
    response = write(sender(), body([(UP, [(MS, 1.0)])]), **changes)
    assert (response.status_code, codes(response)) == (415, [code])


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"not snappy at all", 400, "invalid_snappy"),
        (body([(UP, [(MS, 1.0)])])[:-3], 400, "invalid_snappy"),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\x05\x0a")), 400, "invalid_protobuf"),
        (b"\x80\x80\x80\x80\x01" + b"\x00", 413, "body_too_large"),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\x00" * 4_000_000)), 413, "too_many_fields"),
        (b"\xff" * 100, 400, "invalid_snappy"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_never_retried(rule, content, status, code):
    response = write(sender(), content)
    assert (response.status_code, codes(response)) == (status, [code])
    assert not Measurement.objects.exists()


def test_storage_out_of_reach_is_503_so_that_the_sender_tries_again(rule):
    with mock.patch.object(receiving.memory, "known_series", side_effect=OperationalError("gone")):
        response = write(sender(), body([(UP, [(MS, 1.0)])]))
    assert (response.status_code, codes(response)) == (503, ["storage_unavailable"])
    assert int(response.headers["Retry-After"]) > 0


def test_the_source_is_named_where_a_token_sees_several(rule):
    DataSourceFactory(slug="other", kind="push", address="", every=None, overlap=None)
    client, content = sender(), body([(UP, [(MS, 1.0)])])
    assert codes(write(client, content)) == ["source_needed"]
    assert write(client, content, query="?source=cluster").status_code == 200
    missing = write(client, content, query="?source=nowhere")
    assert (missing.status_code, codes(missing)) == (400, ["unknown_source"])
    assert write(client, content, query="?source=%00").status_code == 400


def test_only_sources_in_sight_and_only_those_that_push_are_meant(rule):
    initiative = InitiativeFactory()
    client, content = sender(initiatives=[initiative]), body([(UP, [(MS, 1.0)])])
    assert codes(write(client, content)) == ["source_needed"]
    assert write(client, content, query="?source=cluster").status_code == 400
    DataSourceFactory(slug="prom")
    DataSourceFactory(slug="own", initiative=initiative, kind="push", address="", every=None, overlap=None)
    assert write(client, content).status_code == 200
    assert write(client, content, query="?source=prom").status_code == 400


def test_a_paused_source_says_so(source):
    source.enabled = False
    source.save()
    assert codes(write(sender(), body([(UP, [(MS, 1.0)])]))) == ["source_paused"]


def test_sending_needs_the_scope_to_send(rule):
    assert write(sender("read"), body([])).status_code == 403
    assert write(Client(), body([])).status_code == 401


def test_what_the_sender_would_like_to_be_answered_does_not_matter(rule):
    response = write(sender(), body([(UP, [(MS, 1.0)])]), accept="application/x-protobuf")
    assert (response.status_code, json.loads(response.content)["accepted"]) == (200, 1)

from __future__ import annotations

import gzip
import json
import math
import time

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from kpis.ingest.decoding import otlp
from kpis.ingest.decoding.otlp import JSON, PROTOBUF, samples_from
from kpis.ingest.named import as_text
from kpis.ingest.refusals import BatchRefused

AT = 1_772_353_800_000_000_000  # nanoseconds
DELTA, CUMULATIVE = 1, 2


def request(*metrics, resource=(("service.name", "desk"),), scope=""):
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource]
    scopes = [{"scope": {"name": scope}, "metrics": list(metrics)}]
    return {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": scopes}]}


def point(**members):
    return {"timeUnixNano": str(AT)} | members


def in_json(content, encoding=""):
    return samples_from(json.dumps(content).encode(), JSON, encoding)


def in_protobuf(content):
    message = json_format.ParseDict(content, ExportMetricsServiceRequest())
    return samples_from(message.SerializeToString(), PROTOBUF, "")


def said(named):
    """{series: (kind, value)}"""
    return {
        as_text(labels): (kind, value)
        for labels, kind, value in zip(named.labels, named.kinds, named.value.tolist(), strict=True)
    }


def sums(temporality, monotonic, *points):
    return {
        "name": "desk.tickets",
        "sum": {"aggregationTemporality": temporality, "isMonotonic": monotonic, "dataPoints": list(points)},
    }


@pytest.mark.parametrize(
    ("temporality", "monotonic", "kind"),
    [(CUMULATIVE, True, "counter"), (CUMULATIVE, False, "gauge"), (DELTA, True, "delta"), (DELTA, False, "delta")],
)
def test_a_sum_is_a_counter_a_gauge_or_what_was_added(temporality, monotonic, kind):
    found = in_json(request(sums(temporality, monotonic, point(asInt="7"))))
    assert said(found) == {'desk_tickets{service_name="desk"}': (kind, 7)}
    assert found.at_us.tolist() == [AT // 1000]


def test_a_gauge_is_a_gauge_and_its_attributes_are_labels():
    attributes = [
        {"key": "team", "value": {"stringValue": "a"}},
        {"key": "vip", "value": {"boolValue": True}},
        {"key": "floor.no", "value": {"intValue": "3"}},
        {"key": "share", "value": {"doubleValue": 0.5}},
        {"key": "tags", "value": {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": "1"}]}}},
        {"key": "service.name", "value": {"stringValue": "its own"}},
    ]
    gauge = {"name": "queue", "gauge": {"dataPoints": [point(asDouble=1.5, attributes=attributes)]}}
    (labels,) = in_json(request(gauge, scope="meter")).labels
    assert dict(labels) == {
        "__name__": "queue",
        "service_name": "its own",
        "otel_scope_name": "meter",
        "team": "a",
        "vip": "true",
        "floor_no": "3",
        "share": "0.5",
        "tags": '["x",1]',
    }


def test_two_attributes_that_come_to_one_name_stand_side_by_side():
    gauge = {"name": "queue", "gauge": {"dataPoints": [point(asInt=1)]}}
    (labels,) = in_json(request(gauge, resource=[("a.b", "1"), ("a_b", "2")])).labels
    assert dict(labels)["a_b"] == "1;2"


def test_a_histogram_is_sum_count_and_buckets_that_add_up_as_prometheus_has_them():
    one = point(count="6", sum=14.5, bucketCounts=["1", "2", "3"], explicitBounds=[0.5, 10])
    histogram = {"name": "wait", "histogram": {"aggregationTemporality": CUMULATIVE, "dataPoints": [one]}}
    assert said(in_protobuf(request(histogram, resource=()))) == {
        "wait_sum": ("counter", 14.5),
        "wait_count": ("counter", 6),
        'wait_bucket{le="0.5"}': ("counter", 1),
        'wait_bucket{le="10"}': ("counter", 3),
        'wait_bucket{le="+Inf"}': ("counter", 6),
    }


def test_an_exponential_histogram_is_its_sum_and_count_and_a_summary_its_quantiles_too():
    one = point(count="6", sum=14.5, scale=3, positive={"offset": 1, "bucketCounts": ["6"]})
    exponential = {"name": "wait", "exponentialHistogram": {"aggregationTemporality": DELTA, "dataPoints": [one]}}
    two = point(count="3", sum=2, quantileValues=[{"quantile": 0.99, "value": 1.25}])
    assert said(in_protobuf(request(exponential, {"name": "old", "summary": {"dataPoints": [two]}}, resource=()))) == {
        "wait_sum": ("delta", 14.5),
        "wait_count": ("delta", 6),
        "old_sum": ("counter", 2),
        "old_count": ("counter", 3),
        'old{quantile="0.99"}': ("gauge", 1.25),
    }


def test_a_point_without_a_recorded_value_ends_its_series():
    found = in_json(request(sums(CUMULATIVE, True, point(flags=1), point(asInt=1))))
    assert found.ended.tolist() == [True, False]
    assert math.isnan(found.value[0])


def test_a_point_without_an_instant_or_a_value_is_marked():
    gauge = {"name": "queue", "gauge": {"dataPoints": [{"asInt": "1"}, point()]}}
    found = in_json(request(gauge))
    assert found.at_us[0] == -(2**63)
    assert math.isnan(found.value[1])
    assert not found.ended.any()


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9))
def test_json_and_protocol_buffers_of_the_same_request_are_the_same_samples(whole, number, text):
    content = request(
        sums(CUMULATIVE, True, point(asInt=str(whole)), point(asDouble=number)), resource=[("service.name", text)]
    )
    one, other = in_json(content), in_protobuf(content)
    assert (one.labels, one.kinds, one.at_us.tolist()) == (other.labels, other.kinds, other.at_us.tolist())
    assert one.value.tolist() == other.value.tolist() == [float(whole), number]


def test_gzip_is_unpacked():
    body = gzip.compress(json.dumps(request(sums(CUMULATIVE, True, point(asInt=1)))).encode())
    assert len(samples_from(body, JSON, "gzip")) == 1


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"{", JSON, "invalid_json"),
        (b"[]", JSON, "invalid_json"),
        (b"null", JSON, "invalid_json"),
        (b'{"resourceMetrics": 5}', JSON, "invalid_json"),
        (b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 5}]}]}]}', JSON, "invalid_json"),
        (b'{"resourceMetrics": [NaN]}', JSON, "invalid_json"),
        (b'{"a": "\\ud800"}', JSON, "invalid_json"),
        (b"[" * 5000 + b"]" * 5000, JSON, "invalid_json"),
        (b'{"resourceMetrics":' + b"[" * 5000 + b"]" * 5000 + b"}", JSON, "invalid_json"),
        (b"\xff\xfe", JSON, "invalid_json"),
        (b"{},{}" * 2_000_000, JSON, "too_many_fields"),
        (b"\x0a\x05", PROTOBUF, "invalid_protobuf"),
        (b"\x0a\x00" * 4_000_000, PROTOBUF, "too_many_fields"),
        (b"not a message", PROTOBUF, "invalid_protobuf"),
        (b"{}", "text/plain", "unsupported_media_type"),
        (b"{}", "", "unsupported_media_type"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_name_and_at_once(body, media_type, code):
    started = time.process_time()
    with pytest.raises(BatchRefused) as refusal:
        samples_from(body, media_type, "")
    assert refusal.value.code == code
    assert time.process_time() - started < 10


def test_values_nested_without_end_are_refused():
    def nested(levels):
        message = ExportMetricsServiceRequest()
        value = message.resource_metrics.add().resource.attributes.add(key="a").value
        for _ in range(levels):
            value = value.array_value.values.add()
        return message.SerializeToString()

    assert len(samples_from(nested(10), PROTOBUF, "")) == 0
    with pytest.raises(BatchRefused) as refusal:
        samples_from(nested(30), PROTOBUF, "")
    assert refusal.value.code == "invalid_protobuf"


@given(st.binary(max_size=200), st.sampled_from([JSON, PROTOBUF]), st.sampled_from(["", "gzip"]))
def test_any_bytes_are_read_or_refused(data, media_type, encoding):
    try:
        samples_from(data, media_type, encoding)
    except BatchRefused as refused:
        assert refused.code.startswith(("invalid_", "too_many_"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceMetrics", "scopeMetrics", "metrics", "name", "sum", "dataPoints", "attributes"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.just("resourceMetrics"), anything))
def test_any_json_is_read_or_refused(content):
    try:
        in_json(content)
    except BatchRefused as refused:
        assert refused.code == "invalid_json"


def test_more_points_than_the_limit_are_refused_by_its_name(settings):
    settings.INGEST_MAX_POINTS = 20
    with pytest.raises(BatchRefused, match="INGEST_MAX_POINTS"):
        in_json(request(sums(CUMULATIVE, True, *[point(asInt=n) for n in range(21)])))


def test_a_name_is_written_as_prometheus_writes_it():
    assert otlp.fit("http.server-duration/s") == "http_server_duration_s"
    assert otlp.fit("9lives") == "_9lives"
    assert [otlp.bound_as_text(bound) for bound in (0.1, 10.0, 1e-9, float("inf"))] == ["0.1", "10", "1e-09", "+Inf"]

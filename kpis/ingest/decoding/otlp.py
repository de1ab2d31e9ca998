"""OTLP metrics (OpenTelemetry), protocol buffers or JSON, as named samples in Prometheus' way.

Names and labels are written with letters, digits and underscores, resource attributes and the scope's name become
labels. A histogram is `name_sum`, `name_count` and `name_bucket`; an exponential one its sum and count. What grows is a
counter, what was added since the last time a delta.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2

from kpis.ingest import limits
from kpis.ingest.columns import UNREADABLE_TIME
from kpis.ingest.decoding import unpacking, wire
from kpis.ingest.named import NAME, Kind, Labels, NamedSamples, sound_labels
from kpis.ingest.refusals import UnreadableBody, UnsupportedMediaType

PROTOBUF, JSON = "application/x-protobuf", "application/json"
DEEPEST = 50
UNFIT = re.compile(r"[^a-zA-Z0-9_]")
NO_RECORDED_VALUE = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
DELTA = metrics_pb2.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
SCOPE = "otel_scope_name"


def samples_from(body: bytes, media_type: str, encoding: str) -> NamedSamples:
    """The samples of a request. Refuses another form, and what is damaged or too large (BatchRefused)."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence not in (PROTOBUF, JSON):
        raise UnsupportedMediaType(
            "unsupported_media_type", f"OTLP is read as {PROTOBUF} or {JSON}; name it in Content-Type."
        )
    unpacked = unpacking.unpacked(body, encoding, at_most=limits.bytes_at_most())
    return decoded(_message(unpacked) if essence == PROTOBUF else _message_of_json(unpacked))


def decoded(request: Any) -> NamedSamples:
    """The samples of an `ExportMetricsServiceRequest`. Refuses (BodyTooLarge) too many of them."""
    found = _Samples()
    for resource in request.resource_metrics:
        of_resource = _labels(resource.resource.attributes)
        for scope in resource.scope_metrics:
            labels = of_resource | ({SCOPE: scope.scope.name} if scope.scope.name else {})
            for metric in scope.metrics:
                _READERS.get(metric.WhichOneof("data"), _nothing)(found, metric, labels)
    return found.as_named()


def _message(data: bytes) -> Any:
    _refuse_too_many_fields(data, 0, len(data), ExportMetricsServiceRequest.DESCRIPTOR, wire.Budget(), DEEPEST)
    try:
        return ExportMetricsServiceRequest.FromString(data)
    except DecodeError as error:
        raise wire.unreadable() from error


def _refuse_too_many_fields(
    data: bytes, start: int, end: int, of: Descriptor, budget: wire.Budget, deepest: int
) -> None:
    """The library makes an object of each message: count them before. Refuses (BatchRefused) also what is none."""
    if deepest < 0:
        raise UnreadableBody("invalid_protobuf", f"The message is nested more than {DEEPEST} levels deep.")
    for number, kind, at, stop in wire.fields(data, start, end, budget):
        field = of.fields_by_number.get(number)
        if kind == wire.MESSAGE and field is not None and field.type == FieldDescriptor.TYPE_MESSAGE:
            _refuse_too_many_fields(data, at, stop, field.message_type, budget, deepest - 1)


def _message_of_json(body: bytes) -> Any:
    if body.count(b",") + body.count(b"{") + body.count(b"[") > limits.values_at_most():
        raise wire.too_many_fields()
    request = ExportMetricsServiceRequest()
    try:
        return json_format.ParseDict(msgspec.json.decode(body, type=dict), request, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        said = str(error)[:200]
        raise UnreadableBody("invalid_json", f"The body is not an OTLP metrics request in JSON: {said}") from error


class _Samples:
    """Collects samples, each with the labels of its series."""

    def __init__(self) -> None:
        self.labels: list[Labels | None] = []
        self.kinds: list[Kind] = []
        self.at_us: list[int] = []
        self.value: list[float] = []
        self.ended: list[bool] = []

    def add(self, name: str, labels: Mapping[str, str], kind: Kind, point: Any, value: float) -> None:
        if len(self.labels) >= limits.points_at_most():
            raise limits.too_many_points()
        whole = {**labels, **_labels(point.attributes), NAME: fit(name)}
        ended = bool(point.flags & NO_RECORDED_VALUE)
        self.labels.append(sound_labels(list(whole.items())))
        self.kinds.append(kind)
        self.at_us.append(point.time_unix_nano // 1000 if point.time_unix_nano else UNREADABLE_TIME)
        self.value.append(float("nan") if ended else float(value))
        self.ended.append(ended)

    def as_named(self) -> NamedSamples:
        return NamedSamples(
            labels=self.labels,
            kinds=self.kinds,
            series=np.arange(len(self.labels), dtype=np.int32),
            at_us=np.array(self.at_us, np.int64),
            value=np.array(self.value, np.float64),
            ended=np.array(self.ended, np.bool_),
        )


def _read_gauge(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    for point in metric.gauge.data_points:
        found.add(metric.name, labels, "gauge", point, _number(point))


def _read_sum(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    kind = _kind(metric.sum.aggregation_temporality)
    if kind == "counter" and not metric.sum.is_monotonic:
        kind = "gauge"
    for point in metric.sum.data_points:
        found.add(metric.name, labels, kind, point, _number(point))


def _read_histogram(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    kind = _kind(metric.histogram.aggregation_temporality)
    for point in metric.histogram.data_points:
        _add_sum_and_count(found, metric, labels, kind, point)
        sound = len(point.bucket_counts) == len(point.explicit_bounds) + 1
        bounds = [*(bound_as_text(bound) for bound in point.explicit_bounds), "+Inf"] if sound else []
        for bound, count in zip(bounds, itertools.accumulate(point.bucket_counts), strict=False):
            found.add(f"{metric.name}_bucket", {**labels, "le": bound}, kind, point, count)


def _read_exponential(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    kind = _kind(metric.exponential_histogram.aggregation_temporality)
    for point in metric.exponential_histogram.data_points:
        _add_sum_and_count(found, metric, labels, kind, point)


def _read_summary(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    for point in metric.summary.data_points:
        found.add(f"{metric.name}_sum", labels, "counter", point, point.sum)
        found.add(f"{metric.name}_count", labels, "counter", point, point.count)
        for one in point.quantile_values:
            quantile = {**labels, "quantile": bound_as_text(one.quantile)}
            found.add(metric.name, quantile, "gauge", point, one.value)


def _nothing(found: _Samples, metric: Any, labels: Mapping[str, str]) -> None:
    """A metric without data."""


_READERS = {
    "gauge": _read_gauge,
    "sum": _read_sum,
    "histogram": _read_histogram,
    "exponential_histogram": _read_exponential,
    "summary": _read_summary,
}


def _add_sum_and_count(found: _Samples, metric: Any, labels: Mapping[str, str], kind: Kind, point: Any) -> None:
    if point.HasField("sum") or point.flags & NO_RECORDED_VALUE:
        found.add(f"{metric.name}_sum", labels, kind, point, point.sum)
    found.add(f"{metric.name}_count", labels, kind, point, point.count)


def _kind(temporality: int) -> Kind:
    if temporality == DELTA:
        return "delta"
    return "counter" if temporality == CUMULATIVE else "unknown"


def _number(point: Any) -> float:
    if point.WhichOneof("value") is None:
        return 0.0 if point.flags & NO_RECORDED_VALUE else float("nan")
    return float(point.as_int if point.WhichOneof("value") == "as_int" else point.as_double)


def _labels(attributes: Iterable[Any]) -> dict[str, str]:
    """Attributes as labels; of two that come to the same name the values stand side by side, as in Prometheus."""
    found: dict[str, str] = {}
    for one in attributes:
        name, text = fit(one.key), _text(one.value)
        found[name] = f"{found[name]};{text}" if name in found else text
    return found


def fit(name: str) -> str:
    """A name as Prometheus writes it: `http.server.duration` is `http_server_duration`."""
    fitting = UNFIT.sub("_", name)
    return f"_{fitting}" if fitting[:1].isdigit() else fitting


def bound_as_text(bound: float) -> str:
    """A number as Prometheus writes it in `le` and `quantile`."""
    return "+Inf" if bound == float("inf") else f"{bound:.15g}"


def _text(value: Any) -> str:
    which = value.WhichOneof("value")
    if which == "string_value":
        return str(value.string_value)
    if which == "bool_value":
        return "true" if value.bool_value else "false"
    if which == "double_value":
        return bound_as_text(value.double_value)
    return "" if which is None else _plain_text(_plain(value))


def _plain_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> object:
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_plain(one) for one in value.array_value.values]
    if which == "kvlist_value":
        return {one.key: _plain(one.value) for one in value.kvlist_value.values}
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None if which is None else getattr(value, which)

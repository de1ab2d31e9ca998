"""Remote write 1.0 as its published messages say, written by the protocol buffers library: our decoder's other side."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "Prometheus/2.53",
}
MESSAGES: dict[str, list[tuple[str, int, Any, bool, str]]] = {
    "Label": [("name", 1, FIELD.TYPE_STRING, False, ""), ("value", 2, FIELD.TYPE_STRING, False, "")],
    "Sample": [("value", 1, FIELD.TYPE_DOUBLE, False, ""), ("timestamp", 2, FIELD.TYPE_INT64, False, "")],
    "Exemplar": [("value", 2, FIELD.TYPE_DOUBLE, False, "")],
    "TimeSeries": [
        ("labels", 1, FIELD.TYPE_MESSAGE, True, "Label"),
        ("samples", 2, FIELD.TYPE_MESSAGE, True, "Sample"),
        ("exemplars", 3, FIELD.TYPE_MESSAGE, True, "Exemplar"),
    ],
    "MetricMetadata": [("help", 4, FIELD.TYPE_STRING, False, "")],
    "WriteRequest": [
        ("timeseries", 1, FIELD.TYPE_MESSAGE, True, "TimeSeries"),
        ("metadata", 3, FIELD.TYPE_MESSAGE, True, "MetricMetadata"),
    ],
}


def _write_request() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    for name, members in MESSAGES.items():
        message = file.message_type.add(name=name)
        for member, number, kind, repeated, of in members:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            field = message.field.add(name=member, number=number, type=kind, label=label)
            if of:
                field.type_name = f".prometheus.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _write_request()


def message(series: Iterable[tuple[Mapping[str, str], Iterable[tuple[int, float]]]]) -> Any:
    """A request of (labels with `__name__`, samples of (milliseconds, value))."""
    request = WriteRequest()
    for labels, samples in series:
        one = request.timeseries.add()
        for name, value in sorted(labels.items()):
            one.labels.add(name=name, value=value)
        for at, value in samples:
            one.samples.add(timestamp=at, value=value)
    return request


def body(series: Iterable[tuple[Mapping[str, str], Iterable[tuple[int, float]]]]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message(series).SerializeToString()))

"""Prometheus remote write 1.0: snappy-compressed protocol buffers, one message `WriteRequest` a request.

Exemplars, metadata and native histograms are passed over: no KPI is made of them.
"""

from __future__ import annotations

import struct

import cramjam
import numpy as np

from kpis.ingest import limits
from kpis.ingest.columns import UNREADABLE_TIME
from kpis.ingest.decoding import unpacking, wire
from kpis.ingest.named import Labels, NamedSamples, sound_labels
from kpis.ingest.refusals import UnreadableBody, UnsupportedMediaType

STALE = struct.pack("<Q", 0x7FF0_0000_0000_0002)  # the NaN that ends a series; every other NaN is a value
EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999

_double = struct.Struct("<d").unpack_from


def samples_from(body: bytes, media_type: str, encoding: str) -> NamedSamples:
    """The samples of a request. Refuses another form, and what is damaged or too large (BatchRefused)."""
    _refuse_other_forms(media_type, encoding)
    return decoded(_unsnapped(body))


def decoded(data: bytes) -> NamedSamples:
    """The samples of a `WriteRequest`. Refuses (BatchRefused) what is none, and too many samples or series."""
    reader = _Reader(data)
    for number, kind, start, end in wire.fields(data, 0, len(data), reader.budget):
        if number == 1:
            _refuse_unless(kind == wire.MESSAGE)
            reader.read_series(start, end)
    return reader.samples()


class _Reader:
    """Collects what one message says, series by series."""

    def __init__(self, data: bytes) -> None:
        self.data, self.budget = data, wire.Budget()
        self.labels: list[Labels | None] = []
        self.series: list[int] = []
        self.at_ms: list[int] = []
        self.value: list[float] = []
        self.ended: list[bool] = []

    def read_series(self, start: int, end: int) -> None:
        pairs: list[tuple[bytes, bytes]] = []
        for number, kind, at, stop in wire.fields(self.data, start, end, self.budget):
            if number == 1:
                _refuse_unless(kind == wire.MESSAGE)
                pairs.append(self._label(at, stop))
            elif number == 2:
                _refuse_unless(kind == wire.MESSAGE)
                self._read_sample(at, stop)
        self.labels.append(_decoded_labels(pairs))
        if len(self.series) > limits.points_at_most():
            raise limits.too_many_points()

    def _label(self, start: int, end: int) -> tuple[bytes, bytes]:
        name = value = b""
        for number, kind, at, stop in wire.fields(self.data, start, end, self.budget):
            if number in (1, 2):
                _refuse_unless(kind == wire.MESSAGE)
                if number == 1:
                    name = self.data[at:stop]
                else:
                    value = self.data[at:stop]
        return name, value

    def _read_sample(self, start: int, end: int) -> None:
        instant, value, ended = 0, 0.0, False  # what is not there has its default
        for number, kind, at, stop in wire.fields(self.data, start, end, self.budget):
            if number == 1:
                _refuse_unless(kind == wire.FIXED64)
                value, ended = _double(self.data, at)[0], self.data[at:stop] == STALE
            elif number == 2:
                _refuse_unless(kind == wire.VARINT)
                instant = wire.signed(at)
        self.series.append(len(self.labels))
        self.at_ms.append(instant)
        self.value.append(value)
        self.ended.append(ended)

    def samples(self) -> NamedSamples:
        return NamedSamples(
            labels=self.labels,
            kinds=["unknown"] * len(self.labels),
            series=np.array(self.series, np.int32),
            at_us=np.array([_microseconds(ms) for ms in self.at_ms], np.int64),
            value=np.array(self.value, np.float64),
            ended=np.array(self.ended, np.bool_),
        )


def _decoded_labels(pairs: list[tuple[bytes, bytes]]) -> Labels | None:
    try:
        return sound_labels([(name.decode(), value.decode()) for name, value in pairs])
    except UnicodeDecodeError:
        return None


def _refuse_unless(sound: bool) -> None:
    if not sound:
        raise wire.unreadable()


def _microseconds(ms: int) -> int:
    return ms * 1000 if EARLIEST_MS <= ms <= LATEST_MS else UNREADABLE_TIME


def _refuse_other_forms(media_type: str, encoding: str) -> None:
    essence, _, parameters = media_type.partition(";")
    proto = next((p.partition("=")[2] for p in parameters.split(";") if p.strip().lower().startswith("proto=")), "")
    if essence.strip().lower() != "application/x-protobuf":
        raise UnsupportedMediaType(
            "unsupported_media_type", "Remote write is sent as application/x-protobuf; name it in Content-Type."
        )
    if proto.strip().strip('"').lower() not in ("", "prometheus.writerequest"):
        raise UnsupportedMediaType(
            "unsupported_version",
            "Remote write is read in version 1.0 (proto=prometheus.WriteRequest); the sender falls back to it, or set "
            "protobuf_message: prometheus.WriteRequest.",
        )
    if encoding.strip().lower() != "snappy":
        raise UnsupportedMediaType(
            "unsupported_encoding", "Remote write is compressed with snappy; name it in Content-Encoding."
        )


def _unsnapped(body: bytes) -> bytes:
    """Refuses a body that says that it is too large before anything is unpacked."""
    length, shift = 0, 0
    for byte in body[:5]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 128:
            break
    else:
        raise _not_snappy()
    if length > limits.bytes_at_most():
        raise unpacking.too_large(limits.bytes_at_most())
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise _not_snappy() from error


def _not_snappy() -> UnreadableBody:
    return UnreadableBody("invalid_snappy", "The body is not valid snappy, although Content-Encoding says so.")

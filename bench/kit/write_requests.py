"""Bodies of Prometheus remote write 1.0, written by hand: a sender's side that shares no code with our receiver."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import cramjam

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
Samples = Sequence[tuple[int, float]]  # milliseconds since 1970, value


def body(series: Sequence[tuple[Mapping[str, str], Samples]]) -> bytes:
    """A `WriteRequest` of these series, compressed."""
    return bytes(cramjam.snappy.compress_raw(b"".join(_field(1, _series(*one)) for one in series)))


def _series(labels: Mapping[str, str], samples: Samples) -> bytes:
    named = [_field(1, _field(1, name.encode()) + _field(2, labels[name].encode())) for name in sorted(labels)]
    values = [_field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at)) for at, value in samples]
    return b"".join(named + values)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])

"""Protocol buffers' wire format, read field by field, so that a limit stops a hostile message before it is large.

A library makes an object of each empty submessage, and a small body can hold millions of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from kpis.ingest import limits
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody

VARINT, FIXED64, MESSAGE, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10

# Number, type, and: a varint's value, or where the field's bytes begin; where they end.
Field = tuple[int, int, int, int]


class Budget:
    """How many fields may still be read of one request."""

    def __init__(self) -> None:
        self.left = limits.values_at_most()


def fields(data: bytes, at: int, end: int, budget: Budget) -> Iterator[Field]:
    """The fields of the message in `data[at:end]`. Refuses (BatchRefused) what is none, and more than the budget."""
    try:
        while at < end:
            budget.left -= 1
            if budget.left < 0:
                raise too_many_fields()
            tag = data[at]
            at += 1
            if tag > 127:
                tag, at = _varint(data, at - 1)
            kind = tag & 7
            if kind == MESSAGE:
                length = data[at]
                at += 1
                if length > 127:
                    length, at = _varint(data, at - 1)
                start, at = at, at + length
                if at > end:
                    raise cut_off()
                yield tag >> 3, kind, start, at
            elif kind == VARINT:
                value, at = _varint(data, at)
                yield tag >> 3, kind, value, at
            elif kind in (FIXED64, FIXED32):
                start, at = at, at + (8 if kind == FIXED64 else 4)
                if at > end:
                    raise cut_off()
                yield tag >> 3, kind, start, at
            else:
                raise unreadable()
    except IndexError as error:
        raise cut_off() from error
    if at != end:
        raise cut_off()


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def too_many_fields() -> BodyTooLarge:
    return BodyTooLarge(
        "too_many_fields",
        f"The message has more than {limits.values_at_most():,} fields, 12 times the limit INGEST_MAX_POINTS. "
        "Send it in several requests.",
    )


def cut_off() -> UnreadableBody:
    return UnreadableBody("invalid_protobuf", "The protocol buffer message ends before it is complete.")


def unreadable() -> UnreadableBody:
    return UnreadableBody("invalid_protobuf", "The body is not the protocol buffer message that Content-Type names.")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 128:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift >= 7 * LONGEST_VARINT:
            raise unreadable()

"""What the forms of one point a line have in common: where lines end, and how long one may be."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from kpis.ingest import limits
from kpis.ingest.refusals import BodyTooLarge

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEWLINE = ord("\n")


def without_mark(body: bytes) -> bytes:
    return body.removeprefix(BYTE_ORDER_MARK)


def refuse_long(body: bytes) -> None:
    """Refuses (BodyTooLarge) a body of which one line is longer than the limit, and says which line from 1."""
    most = limits.line_at_most()
    if len(body) <= most:
        return
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == NEWLINE)
    lengths = np.diff(ends, prepend=-1, append=len(body)) - 1
    if int(lengths.max()) > most:
        raise BodyTooLarge(
            "line_too_long",
            f"Line {int(np.argmax(lengths > most)) + 1} has more than {most:,} bytes, the limit INGEST_MAX_LINE_BYTES.",
        )


def that_say_something(body: bytes) -> Iterator[bytes]:
    """The lines that are not blank, one after the other: a body may have many more than are wanted."""
    return (line for line in io.BytesIO(body) if not line.isspace())

"""What the forms of one point a line have in common: where lines end, and how long one may be."""

from __future__ import annotations

import io
from collections.abc import Iterator

from kpis.ingest import limits
from kpis.ingest.refusals import BodyTooLarge

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_mark(body: bytes) -> bytes:
    return body.removeprefix(BYTE_ORDER_MARK)


def refuse_long(body: bytes) -> None:
    """Refuses (BodyTooLarge) a body of which one line is longer than the limit, and says which line from 1."""
    most, start = limits.line_at_most(), 0
    while len(body) - start > most:
        end = body.rfind(b"\n", start, start + most + 1)  # as many whole lines at once as surely are not too long
        if end < 0:
            number = body.count(b"\n", 0, start) + 1
            raise BodyTooLarge(
                "line_too_long", f"Line {number} has more than {most:,} bytes, the limit INGEST_MAX_LINE_BYTES."
            )
        start = end + 1


def refuse_many(body: bytes, separators: bytes = b"\n") -> None:
    """Refuses (BodyTooLarge) more lines, or values between separators, than the points of a request may have.

    Blank lines do not count as points, but each one costs time.
    """
    most = limits.cells_at_most()
    if len(body) > most and sum(body.count(separator) for separator in separators) > most:
        raise BodyTooLarge(
            "too_many_values",
            f"The body has more than {most:,} lines and values, as many as INGEST_MAX_POINTS leaves room for.",
        )


def that_say_something(body: bytes) -> Iterator[bytes]:
    """The lines that are not blank, one after the other: a body may have many more than are wanted."""
    return (line for line in io.BytesIO(body) if not line.isspace())

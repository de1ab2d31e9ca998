"""NDJSON to columns: one point a line, as in `measurements` of JSON. Blank lines are passed over and do not count.

All lines at once, strictly typed; where that fails, line by line. A line that is no JSON is an `invalid_row`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kpis.ingest import limits
from kpis.ingest.columns import Columns
from kpis.ingest.decoding import lines, plain_json
from kpis.ingest.decoding.json import Point, from_points
from kpis.ingest.refusals import UnreadableBody

STRICT = msgspec.json.Decoder(Point)


def columns_from(body: bytes) -> Columns:
    """The points of a body, bad ones marked. Refuses (BodyTooLarge) what exceeds a limit; no body is unreadable."""
    body = lines.without_mark(body)
    lines.refuse_long(body)
    lines.refuse_many(body)
    if body.count(b"\n") >= limits.points_at_most() < sum(1 for _ in lines.that_say_something(body)):
        raise limits.too_many_points()  # before they are objects: most of them would be in vain
    columns = strictly(body)
    return plainly(body) if columns is None else columns


def strictly(body: bytes) -> Columns | None:
    """None where any line is not exactly one good point."""
    try:
        points = STRICT.decode_lines(body)
        return from_points(points) if _each_on_its_line(body, len(points)) else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError):
        return None


def plainly(body: bytes) -> Columns:
    """Bears anything in any line."""
    plain_json.refuse_many_values(body)
    return plain_json.from_rows([_row(line) for line in lines.that_say_something(body)])


def _row(line: bytes) -> Any:
    """What stands on the line; its text where that is no JSON, which is no point either."""
    try:
        return plain_json.read(line)
    except UnreadableBody:
        return line.decode("utf-8", "replace").rstrip("\r\n")


def _each_on_its_line(body: bytes, points: int) -> bool:
    """Two points never stand on one line here, but one may stand on two; then the numbers differ."""
    if points == body.count(b"\n") + (not body.endswith(b"\n")):  # the usual body has no blank line
        return True
    return points == sum(1 for _ in lines.that_say_something(body))

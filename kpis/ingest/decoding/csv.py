"""CSV to columns: a head of names, then a point a row. Commas, quotes as in RFC 4180, UTF-8.

A cell has no type. In `at`, digits are epoch milliseconds and all else is RFC 3339; `value` and `weight` are numbers as
JSON writes them. An empty cell says what leaving the member out says. Blank lines are passed over and do not count.
Columns are read all at once; one with a bad cell once more, cell by cell.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpis.ingest import limits
from kpis.ingest.columns import UNREADABLE_TIME, Columns, objects
from kpis.ingest.decoding import lines, plain_json
from kpis.ingest.decoding.json import Instant, microseconds, numbered
from kpis.ingest.refusals import UnreadableBody

NEEDED, OPTIONAL, LABEL = ("kpi", "at", "value"), ("weight", "id"), "label."
MILLISECONDS = re.compile(r"-?[0-9]{1,18}", re.ASCII)
LONGEST_SHOWN = 40

Cells = Sequence[str]


class Head(NamedTuple):
    """Where each column stands. labels : place of the column by name of the label."""

    places: dict[str, int]
    labels: dict[str, int]
    width: int


def columns_from(body: bytes) -> Columns:
    """The points of a body, bad ones marked. Refuses (UnreadableBody) a head that says not what the columns are, and a
    quote that never ends; (BodyTooLarge) what exceeds a limit."""
    body = lines.without_mark(body)
    lines.refuse_long(body)
    lines.refuse_many(body, b",\n\r")
    # Bytes that are no UTF-8 become halves of surrogate pairs, which no member may have: they cost their own point.
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", errors="surrogateescape", newline="")
    csv.field_size_limit(limits.line_at_most())
    reader = csv.reader(text, strict=True)
    head = _head(reader)
    rows = list(islice(_rows(reader), limits.points_at_most() + 1))
    if len(rows) > limits.points_at_most():
        raise limits.too_many_points()
    return _columns(head, rows)


def _head(reader: Iterator[list[str]]) -> Head:
    try:
        names = next(filter(_says_something, reader), [])
    except csv.Error as error:
        raise UnreadableBody("invalid_csv", f"The head of the CSV cannot be read: {error}.") from error
    seen: set[str] = set()
    for name in names:
        shown = json.dumps(name[:LONGEST_SHOWN])
        if name in seen:
            raise UnreadableBody("doubled_column", f"The column {shown} stands twice in the head.")
        if name not in NEEDED + OPTIONAL and not (name.startswith(LABEL) and len(name) > len(LABEL)):
            raise UnreadableBody(
                "unknown_column",
                f"There is no column {shown}: the columns are kpi, at, value, weight, id and label.NAME, with commas.",
            )
        seen.add(name)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise UnreadableBody("missing_column", f"The head, the first line, lacks the column {missing[0]}.")
    labels = {name.removeprefix(LABEL): place for place, name in enumerate(names) if name.startswith(LABEL)}
    return Head({name: place for place, name in enumerate(names)}, labels, len(names))


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank; an empty one for each whose quotes cannot be read."""
    while True:
        try:
            yield from filter(_says_something, reader)
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise UnreadableBody("invalid_csv", "A quote is opened that never ends.") from error
            if "field limit" in str(error):
                raise limits.line_too_long() from error
            yield []


def _says_something(row: list[str]) -> bool:
    return len(row) > 1 or (bool(row) and bool(row[0].strip()))


def _columns(head: Head, rows: list[list[str]]) -> Columns:
    unreadable = np.array([len(row) != head.width for row in rows], np.bool_)
    if unreadable.any():
        empty = [""] * head.width
        read = [empty if bad else row for row, bad in zip(rows, unreadable.tolist(), strict=True)]
    else:
        read = rows
    columns: list[Cells] = list(zip(*read, strict=True)) if read else [()] * head.width
    kpi_keys, kpi = numbered(columns[head.places["kpi"]])
    label_sets, labels = _label_sets(head, columns, len(rows))
    ids = columns[head.places["id"]] if "id" in head.places else ()
    return Columns(
        kpi_keys=kpi_keys,
        label_sets=label_sets,
        kpi=kpi,
        labels=labels,
        at_us=_instants(columns[head.places["at"]]),
        value=_numbers(columns[head.places["value"]]),
        weight=_weights(columns[head.places["weight"]]) if "weight" in head.places else np.ones(len(rows)),
        event_id=objects(ids) if any(ids) else None,
        unreadable=unreadable if unreadable.any() else None,
        sent=lambda index: _as_json(head, rows[index]),
    )


def _label_sets(head: Head, columns: list[Cells], n: int) -> tuple[list[dict[str, str]], NDArray[np.int32]]:
    if not head.labels:
        return [{}], np.zeros(n, np.int32)
    together, index = numbered(list(zip(*(columns[place] for place in head.labels.values()), strict=True)))
    return [{name: cell for name, cell in zip(head.labels, cells, strict=True) if cell} for cells in together], index


def _instants(cells: Cells) -> NDArray[np.int64]:
    try:
        return microseconds(msgspec.convert(cells, list[Instant]))
    except (msgspec.ValidationError, UnicodeEncodeError):
        return np.array([_instant(cell) for cell in cells], np.int64)


def _instant(cell: str) -> int:
    if MILLISECONDS.fullmatch(cell):
        return plain_json.instant(int(cell))
    return plain_json.instant(cell) if cell else int(UNREADABLE_TIME)


def _weights(cells: Cells) -> NDArray[np.float64]:
    return _numbers([cell or "1" for cell in cells])


def _numbers(cells: Cells) -> NDArray[np.float64]:
    """The cells are the elements of a JSON array, all at once; one that is no number, or two, is found one by one."""
    numbers = _read_numbers(",".join(cells))
    if len(numbers) != len(cells):
        numbers = [_number(cell) for cell in cells]
    return np.array(numbers, np.float64)


def _number(cell: str) -> float:
    numbers = _read_numbers(cell)
    return numbers[0] if len(numbers) == 1 else np.nan


def _read_numbers(cells: str) -> list[float]:
    """None at all where one is no number."""
    try:
        return msgspec.json.decode(f"[{cells}]", type=list[float])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return []


def _as_json(head: Head, row: Cells) -> str:
    """The point as JSON would say it, so that it can be sent again; a row of the wrong length as its cells."""
    if len(row) != head.width:
        return json.dumps(list(row))
    point: dict[str, object] = {name: row[head.places[name]] for name in NEEDED + OPTIONAL if name in head.places}
    point = {name: cell for name, cell in point.items() if cell or name in NEEDED}
    for name in ("value", "weight"):
        numbers = _read_numbers(str(point.get(name, "")))
        if len(numbers) == 1:
            point[name] = numbers[0]
    if MILLISECONDS.fullmatch(str(point["at"])):
        point["at"] = int(str(point["at"]))
    labels = {name: row[place] for name, place in head.labels.items() if row[place]}
    return json.dumps(point | ({"labels": labels} if labels else {}))

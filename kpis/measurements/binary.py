"""PostgreSQL's binary forms of numpy arrays: rows for COPY, arrays for parameters, rows back.

Python lists of values cost more than the database does; these cost a fiftieth of a microsecond a value. The formats
are PostgreSQL's documented ones ("Frontend/Backend Protocol", COPY): everything big-endian, times since 2000.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray
from psycopg import pq

# Object identifiers of the types, and of arrays of them; they never change.
INT4, FLOAT8, TEXT, TIMESTAMPTZ = 23, 701, 25, 1184
ARRAY_OF = {INT4: 1007, FLOAT8: 1022, TEXT: 1009, TIMESTAMPTZ: 1185}
ELEMENT = {INT4: ">i4", FLOAT8: ">f8", TIMESTAMPTZ: ">i8"}

SINCE_2000_US = 946_684_800_000_000
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TAIL = struct.pack(">h", -1)

Parameter = tuple[int, bytes]  # type and value


def int4s(values: NDArray[np.int32]) -> Parameter:
    return _array(INT4, values)


def float8s(values: NDArray[np.float64]) -> Parameter:
    return _array(FLOAT8, values)


def instants(at_us: NDArray[np.int64]) -> Parameter:
    """timestamptz[] of microseconds since 1970."""
    return _array(TIMESTAMPTZ, at_us - SINCE_2000_US)


def instant(at_us: int) -> Parameter:
    return TIMESTAMPTZ, struct.pack(">q", at_us - SINCE_2000_US)


def texts(values: Sequence[str]) -> Parameter:
    encoded = [text.encode() for text in values]
    lengths = _lengths(encoded)
    body = b"".join([part for pair in zip(lengths, encoded, strict=True) for part in pair])
    return ARRAY_OF[TEXT], _array_head(TEXT, len(encoded)) + body


def bigint(value: int) -> Parameter:
    return 20, struct.pack(">q", value)


def _array(kind: int, values: NDArray[np.generic]) -> Parameter:
    element = np.dtype(ELEMENT[kind])
    cells = np.empty(len(values), np.dtype([("length", ">i4"), ("value", element)]))
    cells["length"], cells["value"] = element.itemsize, values
    return ARRAY_OF[kind], _array_head(kind, len(values)) + cells.tobytes()


def _array_head(kind: int, n: int) -> bytes:
    """One dimension (none where it is empty), no NULLs, type of the elements, length, first index."""
    return struct.pack(">iii", 0, 0, kind) if n == 0 else struct.pack(">iiiii", 1, 0, kind, n, 1)


def _lengths(encoded: Sequence[bytes]) -> list[bytes]:
    return np.array([len(text) for text in encoded], ">i4").view("V4").tolist()


def copy_rows(cells: Sequence[tuple[str, NDArray[np.generic] | int]], last: Sequence[str] | None, n: int) -> bytes:
    """n rows for COPY FROM: cells of fixed width by numpy type (`>i4`, `>i8`, `>f8`), then one text cell.

    last : the texts, None where all are empty.
    """
    layout = [("cells", ">i2")]
    for position, (kind, _) in enumerate(cells):
        layout += [(f"length{position}", ">i4"), (f"value{position}", kind)]
    layout.append(("length_of_text", ">i4"))
    rows = np.empty(n, np.dtype(layout))
    rows["cells"] = len(cells) + 1
    for position, (kind, values) in enumerate(cells):
        rows[f"length{position}"], rows[f"value{position}"] = np.dtype(kind).itemsize, values
    if last is None:
        rows["length_of_text"] = 0
        return b"".join((COPY_HEAD, rows.tobytes(), COPY_TAIL))
    encoded = [text.encode() for text in last]
    rows["length_of_text"] = [len(text) for text in encoded]
    fixed = rows.view(f"V{rows.dtype.itemsize}").tolist()
    return b"".join([COPY_HEAD, *[part for pair in zip(fixed, encoded, strict=True) for part in pair], COPY_TAIL])


def copied_rows(data: bytes, kinds: Sequence[str]) -> NDArray[np.void]:
    """The rows of a COPY TO with cells of fixed width and no NULLs, fields named value0, value1, …"""
    layout = [("cells", ">i2")]
    for position, kind in enumerate(kinds):
        layout += [(f"length{position}", ">i4"), (f"value{position}", kind)]
    return np.frombuffer(data[len(COPY_HEAD) : len(data) - len(COPY_TAIL)], np.dtype(layout))


def execute(sql: bytes, parameters: Sequence[Parameter]) -> pq.abc.PGresult:
    """Run one statement with binary parameters in the running transaction; a binary result.

    Past Django's cursor, which binds on the client as text. Raises psycopg's own errors, as Django's cursor would
    before it wraps them: call it inside `connection.wrap_database_errors`.
    """
    result = connection.connection.pgconn.exec_params(
        sql, [value for _, value in parameters], [kind for kind, _ in parameters], [1] * len(parameters), 1
    )
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        raise _error_of(result)
    return result


def _error_of(result: pq.abc.PGresult) -> psycopg.Error:
    code = result.error_field(pq.DiagnosticField.SQLSTATE)
    message = result.get_error_message()
    try:
        return psycopg.errors.lookup((code or b"").decode())(message)
    except KeyError:
        return psycopg.OperationalError(message)

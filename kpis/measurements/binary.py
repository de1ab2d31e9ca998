"""PostgreSQL's binary forms of numpy arrays: rows for COPY, arrays for parameters, rows back; and statements of them.

Python lists of values cost more than the database does; these cost a fiftieth of a microsecond a value. The formats
are PostgreSQL's documented ones ("Frontend/Backend Protocol", COPY): everything big-endian, times since 2000.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray
from psycopg import pq

# Object identifiers of the types, and of arrays of them; they never change.
BYTEA, INT8, INT4, TEXT, FLOAT8, TIMESTAMPTZ, JSONB = 17, 20, 23, 25, 701, 1184, 3802
ARRAY_OF = {INT8: 1016, INT4: 1007, TEXT: 1009, FLOAT8: 1022, TIMESTAMPTZ: 1185}
ELEMENT = {INT8: ">i8", INT4: ">i4", FLOAT8: ">f8", TIMESTAMPTZ: ">i8"}

SINCE_2000 = datetime(2000, 1, 1, tzinfo=UTC)
SINCE_2000_US = 946_684_800_000_000
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TAIL = struct.pack(">h", -1)
ARRAY_HEAD = 20  # bytes, of an array that is not empty

Parameter = tuple[int, bytes | None]  # type and value, None for NULL


def int8s(values: NDArray[np.int64]) -> Parameter:
    return _array(INT8, values)


def int4s(values: NDArray[np.int32]) -> Parameter:
    return _array(INT4, values)


def float8s(values: NDArray[np.float64]) -> Parameter:
    return _array(FLOAT8, values)


def instants(at_us: NDArray[np.int64]) -> Parameter:
    """timestamptz[] of microseconds since 1970."""
    return _array(TIMESTAMPTZ, at_us - SINCE_2000_US)


def instant(at_us: int | None) -> Parameter:
    return TIMESTAMPTZ, None if at_us is None else struct.pack(">q", at_us - SINCE_2000_US)


def texts(values: Sequence[str]) -> Parameter:
    encoded = [text.encode() for text in values]
    lengths = _lengths(encoded)
    body = b"".join([part for pair in zip(lengths, encoded, strict=True) for part in pair])
    return ARRAY_OF[TEXT], _array_head(TEXT, len(encoded)) + body


def int8(value: int | None) -> Parameter:
    return INT8, None if value is None else struct.pack(">q", value)


def int4(value: int) -> Parameter:
    return INT4, struct.pack(">i", value)


def text(value: str) -> Parameter:
    return TEXT, value.encode()


def jsonb(value: object) -> Parameter:
    """None is NULL."""
    return JSONB, None if value is None else b"\x01" + json.dumps(value).encode()


def bytea(value: bytes) -> Parameter:
    return BYTEA, value


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


def elements(result: pq.abc.PGresult, row: int, column: int, kind: int) -> NDArray[np.generic]:
    """An array, of numbers or instants and without NULLs, as it stands in the result; empty where it is NULL."""
    data = result.get_value(row, column) or b""
    cells = np.dtype([("length", ">i4"), ("value", ELEMENT[kind])])
    return np.frombuffer(data, cells, offset=min(len(data), ARRAY_HEAD))["value"]


def whole_number(result: pq.abc.PGresult, row: int, column: int) -> int:
    """An int4 or int8 that is not NULL."""
    return int.from_bytes(result.get_value(row, column) or b"", "big", signed=True)


def moment(result: pq.abc.PGresult, row: int, column: int) -> datetime:
    """A timestamptz that is not NULL."""
    return SINCE_2000 + timedelta(microseconds=whole_number(result, row, column))


def document(result: pq.abc.PGresult, row: int, column: int) -> Any:
    """What a jsonb says; None where it is NULL."""
    data = result.get_value(row, column)
    return None if data is None else json.loads(data[1:])


def planned_for(sql: str, parameters: Sequence[Parameter]) -> pq.abc.PGresult:
    """Run `sql` ($1, $2, …) with a plan made for just these values; a binary result. Else as `Statement.run`.

    For what reads many rows: the months that it needs, and how, depend on the values.
    """
    connection.ensure_connection()
    _note(sql)
    with connection.wrap_database_errors:
        raw = connection.connection
        if not raw.autocommit and raw.pgconn.transaction_status == pq.TransactionStatus.IDLE:
            _checked(raw.pgconn.exec_(b"begin"))
        values, kinds = [value for _, value in parameters], [kind for kind, _ in parameters]
        return _checked(raw.pgconn.exec_params(sql.encode(), values, kinds, [1] * len(values), 1))


class Statement:
    """SQL with parameters in braces, planned once for each connection and given binary values.

    Past Django's cursor, which binds on the client as text, and past psycopg's, which looks at every value.
    """

    def __init__(self, sql: str) -> None:
        names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(sql) if name)
        self.names = list(names)
        self.sql = sql.format_map({name: f"${number}" for number, name in enumerate(names, start=1)})
        self._prepared: WeakKeyDictionary[object, bytes] = WeakKeyDictionary()  # its name on each connection

    def run(self, parameters: Mapping[str, Parameter]) -> pq.abc.PGresult:
        """Run it in the running transaction, or by itself where there is none; a binary result.

        Every name needs its parameter, and others are passed over. Raises django.db's errors, as Django's cursor does.
        """
        given = [parameters[name] for name in self.names]
        connection.ensure_connection()
        _note(self.sql)
        with connection.wrap_database_errors:
            raw = connection.connection
            if not raw.autocommit and raw.pgconn.transaction_status == pq.TransactionStatus.IDLE:
                _checked(raw.pgconn.exec_(b"begin"))
            name = self._prepared.get(raw) or self._prepare(raw, [kind for kind, _ in given])
            values = [value for _, value in given]
            return _checked(raw.pgconn.exec_prepared(name, values, [1] * len(values), 1))

    def _prepare(self, raw: psycopg.Connection[Any], kinds: list[int]) -> bytes:
        name = b"statement_%x" % id(self)
        _checked(raw.pgconn.prepare(name, self.sql.encode(), kinds))
        self._prepared[raw] = name
        return name


def _note(sql: str) -> None:
    """Whoever counts a page's queries (the tests do) counts these too."""
    if connection.queries_logged:
        connection.queries_log.append({"sql": sql, "time": ""})


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
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

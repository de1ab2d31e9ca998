"""Statements that run for every batch of points: planned once for each connection, with parameters bound on the server.

Django's own cursor binds on the client and has each statement planned anew, which for a join of five tables costs
more than carrying it out. A pooler between here and PostgreSQL must know prepared statements (PgBouncer does from
1.21 on).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


def execute(sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run `sql` in the running transaction, or by itself where there is none. Give every parameter a cast.

    Raises django.db's errors, as Django's cursor does.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return psycopg.Cursor(connection.connection).execute(sql.encode(), parameters, prepare=True, binary=True)


@contextmanager
def together() -> Iterator[None]:
    """Send the statements of the block as one message; the first that fails is raised at the end of the block.

    Each statement costs both sides more for the message than for the work. Only `execute` is allowed inside.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield

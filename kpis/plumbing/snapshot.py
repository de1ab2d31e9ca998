"""One unchanging look at the whole database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def read_only() -> Iterator[None]:
    """Everything read in the block is of one instant, whatever others commit meanwhile; a write in it is refused."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
        yield


@contextmanager
def read_only_unless_within() -> Iterator[None]:
    """The same; within a caller's transaction everything is read as that one sees it."""
    if connection.in_atomic_block:
        yield
    else:
        with read_only():
            yield

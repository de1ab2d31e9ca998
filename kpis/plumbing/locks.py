"""Locks that all processes share, kept by PostgreSQL: they end with the session or the transaction that took them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection


def number_of(name: str) -> int:
    """The lock's number, a signed 64-bit hash of its name (Python's own hash differs from process to process)."""
    return int.from_bytes(hashlib.blake2b(f"roi:{name}".encode(), digest_size=8).digest(), "big", signed=True)


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """True for the one who got the lock, False at once for everybody else. Held until the end of the block.

    It belongs to the session: where a pooler in transaction mode stands in between, it holds nothing.
    """
    number = number_of(name)
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [number])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            _give_back(number)


def _give_back(number: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [number])
    except DatabaseError:
        # The session is gone (and the lock with it) or unusable: ending it frees the lock for certain.
        if not connection.in_atomic_block:
            connection.close()


def in_transaction(name: str) -> None:
    """Wait for the lock and keep it until the running transaction ends. Refuses (RuntimeError) outside of one."""
    if not connection.in_atomic_block:
        raise RuntimeError("A lock for a transaction needs a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number_of(name)])

"""Answers that were given to requests with an Idempotency-Key, kept for seven days.

Bodies are sealed: the answer to the making of a token holds its text. A request that is under way holds a lock and
has no row yet, so a process that dies leaves nothing behind that would have to expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from kpis.plumbing import locks, secrets
from kpis.plumbing.models import IdempotentAnswer

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes two requests the same one: who, under which key, and what they sent."""

    owner: str
    key: str
    method: str
    path: str
    fingerprint: bytes

    @property
    def context(self) -> str:
        return f"answer:{self.owner}:{self.key}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class KeyReused(Exception):
    """The key stands for another request already."""


def fingerprint(query: str, body: bytes) -> bytes:
    digest = hashlib.sha256(query.encode() + b"\0")
    digest.update(body)
    return digest.digest()


@contextmanager
def under_way(asked: Asked, *, in_transaction: bool) -> Iterator[bool]:
    """True for the only one who works on this key, False for everybody else at the same time.

    in_transaction : the work and its answer are one transaction: after a crash there are both or neither. Without it
    the work commits by itself, which is right only where doing it again changes nothing.
    """
    if not in_transaction:
        with locks.only_one(asked.context) as mine:
            yield mine
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [locks.number_of(asked.context)])
            mine = bool(cursor.fetchone()[0])
        yield mine


def stored(asked: Asked, *, at: datetime) -> Answer | None:
    """The answer that was given, None where there is none or it is older than seven days.

    Refuses (KeyReused) where the key was used for another request.
    """
    row = IdempotentAnswer.objects.filter(owner=asked.owner, key=asked.key).first()
    if row is None:
        return None
    if row.started_at <= at - KEPT:
        row.delete()
        return None
    if (row.method, row.path, bytes(row.body_sha256)) != (asked.method, asked.path, asked.fingerprint):
        raise KeyReused
    body = secrets.unseal(row.body, context=asked.context).encode()
    return Answer(row.status or 0, row.content_type, body)


def keep(asked: Asked, answer: Answer, *, at: datetime) -> None:
    """Store the answer; one that stands there already stays."""
    row = IdempotentAnswer(
        owner=asked.owner,
        key=asked.key,
        method=asked.method,
        path=asked.path,
        body_sha256=asked.fingerprint,
        status=answer.status,
        content_type=answer.content_type,
        body=secrets.seal(answer.body.decode(), context=asked.context),
        started_at=at,
    )
    IdempotentAnswer.objects.bulk_create([row], ignore_conflicts=True)


def trim(*, at: datetime) -> int:
    """Forget what is older than seven days; answers how many."""
    return IdempotentAnswer.objects.filter(started_at__lte=at - KEPT).delete()[0]

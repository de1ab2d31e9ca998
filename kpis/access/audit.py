"""Who changed what, when: rows that are only ever added, each one's digest covering the row before it.

Whoever alters, removes, swaps or slips in a row breaks the chain at that place. Only the end of the chain can be
cut unseen, so `head` is written down elsewhere (the digest mail, a colleague's notebook) and asked for again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from kpis.access.models import AuditEvent, Token, User
from kpis.plumbing import locks

BEGINNING = bytes(32)
SYSTEM = "system"
LONGEST_SUBJECT = 200


def record(
    what: str,
    *,
    by: User | Token | None,
    subject: str,
    details: dict[str, Any] | None = None,
    at: datetime,
) -> AuditEvent:
    """Add one row in the running transaction, so that a change and its trail come or go together.

    what : "baseline.approved"; subject : "baseline:support-triage.handling-time:1"; by : None is the system itself.
    Rows wait for each other: the chain has one end, held until the transaction of the one before is over.
    """
    with transaction.atomic():
        locks.in_transaction("audit")
        last = AuditEvent.objects.order_by("-sequence").values_list("digest", flat=True).first()
        event = AuditEvent(
            at=at.astimezone(UTC),
            actor=actor_of(by),
            what=what,
            subject=_storable(subject)[:LONGEST_SUBJECT],
            details=_plain(details or {}),
            previous=BEGINNING if last is None else bytes(last),
        )
        event.digest = digest_of(event)
        event.save(force_insert=True)
    return event


def actor_of(by: User | Token | None) -> str:
    """A pseudonym: a person's name may be erased without breaking the chain."""
    if by is None:
        return SYSTEM
    return f"{'token' if isinstance(by, Token) else 'user'}:{by.pk}"


def digest_of(event: AuditEvent) -> bytes:
    """SHA-256 over the digest before and the row's own words, in one fixed spelling."""
    words = {
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor,
        "what": event.what,
        "subject": event.subject,
        "details": event.details,
    }
    spelling = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(bytes(event.previous) + spelling.encode()).digest()


def first_break() -> AuditEvent | None:
    """The first row that does not follow from the one before it; None when the chain is whole."""
    previous = BEGINNING
    for event in _in_order():
        if bytes(event.previous) != previous or bytes(event.digest) != digest_of(event):
            return event
        previous = bytes(event.digest)
    return None


def details_of(what: str, subject: str) -> dict[str, Any] | None:
    """What the newest row of this kind says about a subject; None where there is none."""
    rows = AuditEvent.objects.filter(what=what, subject=subject).order_by("-sequence")
    return rows.values_list("details", flat=True).first()


def head() -> tuple[int, str]:
    """Number of rows and the last row's digest in hex: what is written down outside to notice a cut end."""
    last = AuditEvent.objects.order_by("-sequence").first()
    return AuditEvent.objects.count(), bytes(last.digest).hex() if last else BEGINNING.hex()


def knows(digest: str) -> bool:
    """Whether a head that was written down earlier is still part of the chain. Not hex: it is not."""
    try:
        wanted = bytes.fromhex(digest)
    except ValueError:
        return False
    return wanted == BEGINNING or AuditEvent.objects.filter(digest=wanted).exists()


def _in_order() -> Iterator[AuditEvent]:
    return AuditEvent.objects.order_by("sequence").iterator(chunk_size=2000)


def _plain(value: Any) -> Any:
    """Only what comes back from the database letter for letter: a float or a Decimal is kept as its text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {_storable(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return _storable(str(value))


def _storable(text: str) -> str:
    """PostgreSQL keeps neither NUL nor half of a surrogate pair; the trail must not fail because of either."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")

"""Mails: written in the transaction that decides on them, sent afterwards, each with one Message-ID for ever.

No process can know whether a server that fell silent after the last dot has taken a mail. So one may arrive twice, with
the same Message-ID and the same bytes, but none is lost: a mail stays `waiting` until the server has said yes, is tried
again with growing pauses, and is `failed` with its reason where the server has refused it for good.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F

from kpis.plumbing import postman
from kpis.plumbing.models import OutboxMail
from kpis.plumbing.postman import Undelivered

State = OutboxMail.State
LEASE = timedelta(minutes=5)  # a mail whose worker has died is taken by another after so long
PAUSES = (15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)  # seconds after each failed attempt
MOST_ATTEMPTS = len(PAUSES) + 1
AT_MOST = 200  # mails of one tick
LONGEST_ERROR = 500
LONGEST_SUBJECT = 300
LINE_BREAKS = "\u2028\u2029"


def is_sent() -> bool:
    """Whether a mail server is configured; without one mails are files."""
    return bool(settings.MAIL_IS_SENT)


class HeaderRefused(ValueError):
    """A value that could break out of its header line."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a room wants it sent. `images`: PNG by content id, referred to as `cid:…` in the HTML."""

    recipient: str  # empty: the person has no address yet
    subject: str
    text: str
    html: str
    images: Mapping[str, bytes] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def queue(mail: Mail, *, identity: str, at: datetime) -> OutboxMail:
    """Write the mail into the running transaction; of one `identity` there is one mail.

    Refuses (HeaderRefused) control characters and line separators in anything that becomes a header.
    """
    for value in (mail.recipient, mail.subject, *mail.headers, *mail.headers.values()):
        _refuse_control_characters(value)
    row = OutboxMail(
        message_id=message_id_of(identity),
        recipient=mail.recipient,
        subject=mail.subject[:LONGEST_SUBJECT],
        text=mail.text,
        html=mail.html,
        images={name: base64.b64encode(png).decode() for name, png in mail.images.items()},
        headers=dict(mail.headers),
        written_at=at,
        next_attempt_at=at,
    )
    row.save(force_insert=True)
    return row


def message_id_of(identity: str) -> str:
    """The same for the same thing to say, from this portal; another elsewhere."""
    digest = hashlib.blake2b(f"{settings.PUBLIC_URL}\0{identity}".encode(), digest_size=16).hexdigest()
    return f"<{digest}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def send_due(*, at: datetime, at_most: int = AT_MOST) -> int:
    """Send what waits, the longest waiting first; answers how many were tried. Any number of workers may do so."""
    with postman.round_trip() as carry:
        for tried in range(at_most):
            row = claim(at=at)
            if row is None:
                return tried
            _settle(row, carry, at=at)
    return at_most


@transaction.atomic
def claim(*, at: datetime) -> OutboxMail | None:
    """Take one mail that is due for as long as the lease; None where none is. The attempt counts from here on."""
    due = OutboxMail.objects.filter(state=State.WAITING, next_attempt_at__lte=at).order_by("next_attempt_at", "pk")
    # Each attempt that was settled has moved the mail on: one that is still here may be what kills the workers.
    due.filter(attempts__gte=MOST_ATTEMPTS).update(state=State.FAILED, error_code="worker_died")
    row = due.select_for_update(skip_locked=True).first()
    if row is None:
        return None
    row.attempts += 1
    row.next_attempt_at = at + LEASE
    row.save(update_fields=["attempts", "next_attempt_at"])
    return row


@transaction.atomic
def try_again(row: OutboxMail, *, at: datetime, recipient: str | None = None) -> None:
    """Let a mail that has failed, or waits for its next attempt, be sent now; to another address if one is given."""
    if recipient is not None:
        _refuse_control_characters(recipient)
    standing = OutboxMail.objects.select_for_update().get(pk=row.pk)
    if standing.state not in (State.FAILED, State.WAITING):
        return
    standing.state, standing.next_attempt_at, standing.attempts = State.WAITING, at, 0
    standing.recipient = standing.recipient if recipient is None else recipient
    standing.save(update_fields=["state", "next_attempt_at", "attempts", "recipient"])


def forget(mail_ids: list[int]) -> int:
    """Remove mails whose content shall not stay; answers how many."""
    return OutboxMail.objects.filter(pk__in=mail_ids).delete()[0]


def _settle(row: OutboxMail, carry: postman.Carry, *, at: datetime) -> None:
    """Carry one claimed mail and write down how it went; a worker whose lease has gone to another writes nothing."""
    mine = OutboxMail.objects.filter(pk=row.pk, state=State.WAITING, attempts=row.attempts)
    try:
        state = carry(row)
    except Undelivered as error:
        final = error.final or row.attempts >= MOST_ATTEMPTS
        mine.update(
            state=State.FAILED if final else State.WAITING,
            next_attempt_at=at if final else at + timedelta(seconds=PAUSES[row.attempts - 1]),
            error_code=error.code,
            last_error=error.detail[:LONGEST_ERROR],
        )
    else:
        mine.update(state=state, sent_at=at, next_attempt_at=F("written_at"), error_code="", last_error="")


def _refuse_control_characters(value: str) -> None:
    if any(unicodedata.category(letter) == "Cc" or letter in LINE_BREAKS for letter in value):
        raise HeaderRefused("A header value may hold neither control characters nor line breaks.")

"""From a due edition to a mail in the outbox: once, however many workers try and wherever one of them dies."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from kpis.digests import edition, mail
from kpis.digests.models import Edition
from kpis.plumbing import outbox

LEASE = timedelta(minutes=5)  # times the attempt: what fails again waits longer each time
ATTEMPTS = 5


def waiting(*, at: datetime) -> list[int]:
    """The ids of the editions that are to be made now, the longest waiting first."""
    due = Edition.objects.filter(mail__isnull=True, next_attempt_at__lte=at)
    return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True))


def deliver_once(edition_id: int, *, at: datetime) -> bool:
    """Compile the edition and put its mail into the outbox, both in one transaction; False where that is done already.

    An error is written on the edition, where the page shows it, and raised for the log; after five attempts it rests.
    """
    row = _claim(edition_id, at=at)
    if row is None:
        return False
    try:
        contents = edition.compile_edition(row, at=at)
        letter = mail.render(contents, recipient=row.user.email)
    except Exception as error:
        Edition.objects.filter(pk=row.pk).update(last_error=f"{type(error).__name__}: {error}"[:500])
        raise
    return _hand_over(row, contents, letter, at=at)


@transaction.atomic
def _claim(edition_id: int, *, at: datetime) -> Edition | None:
    """Count the attempt and keep others away for as long as it may take."""
    due = Edition.objects.select_for_update(skip_locked=True, of=("self",)).select_related("digest", "user")
    row = due.filter(pk=edition_id, mail__isnull=True, next_attempt_at__lte=at).first()
    if row is None:
        return None
    row.attempts += 1
    row.next_attempt_at = at + LEASE * row.attempts if row.attempts < ATTEMPTS else None
    row.save(update_fields=["attempts", "next_attempt_at"])
    return row


@transaction.atomic
def _hand_over(row: Edition, contents: edition.Contents, letter: outbox.Mail, *, at: datetime) -> bool:
    standing = Edition.objects.select_for_update().get(pk=row.pk)
    if standing.mail_id is not None or standing.attempts != row.attempts:
        return False  # another worker took over while this one was away
    standing.mail = outbox.queue(letter, identity=identity_of(row), at=at)
    standing.as_of, standing.told = at, contents.told
    standing.next_attempt_at, standing.last_error = None, ""
    standing.save(update_fields=["mail", "as_of", "told", "next_attempt_at", "last_error"])
    return True


def identity_of(row: Edition) -> str:
    """What makes it one mail: which digest, to whom, due when."""
    return f"digest:{row.digest_id}:{row.user_id}:{row.due_at.isoformat()}"

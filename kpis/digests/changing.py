"""Setting up digests: each change in one transaction with its audit row, and due again by what holds from then on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions import changing, organisation
from kpis.definitions.changing import ChangeRefused
from kpis.digests import schedule
from kpis.digests.models import Digest, Edition, Recipient
from kpis.plumbing import outbox, wakeup
from kpis.plumbing.models import OutboxMail

Actor = User | Token | None
SEVEN = time(7)


def create_digest(fields: Mapping[str, Any], *, recipients: Collection[User], by: Actor, at: datetime) -> Digest:
    """A new digest, due for the first time at its next weekday and time: Monday at seven where none is given.

    Refuses (ChangeRefused) an unknown zone or language.
    """
    digest = Digest(**{"at": SEVEN, "language": organisation.current().language, **fields})
    if digest.slug == "new":  # its page would be the form for a new one
        raise ChangeRefused("slug_is_taken", _("This slug is taken by the portal itself."), "slug")
    _refuse_unworkable(digest)
    digest.next_due_at = schedule.next_due(digest, after=at)
    with transaction.atomic():
        changing.create(digest, by=by, at=at)
        _set_recipients(digest, recipients, by=by, at=at)
    return digest


def change_digest(
    digest: Digest, fields: Mapping[str, Any], *, recipients: Collection[User] | None = None, by: Actor, at: datetime
) -> None:
    """Change what is given; a digest that is switched on, or moved, is due at its next instant and not for the past."""
    if fields.get("slug", digest.slug) != digest.slug:
        raise ChangeRefused("slug_is_fixed", _("A slug stays as it is: links use it."), "slug")
    wished = Digest(**{name: getattr(digest, name) for name in RHYTHM} | {n: fields[n] for n in RHYTHM if n in fields})
    _refuse_unworkable(wished)
    moves = any(fields.get(name, getattr(digest, name)) != getattr(digest, name) for name in (*RHYTHM, "enabled"))
    with transaction.atomic():
        changing.change(digest, fields, by=by, at=at)
        if moves:
            digest.next_due_at = schedule.next_due(digest, after=at)
            digest.save(update_fields=["next_due_at"])
        if recipients is not None:
            _set_recipients(digest, recipients, by=by, at=at)


@transaction.atomic
def delete_digest(digest: Digest, *, by: Actor, at: datetime) -> None:
    """Remove it with its editions and their mails; what has been sent stays in people's mailboxes."""
    mails = list(digest.editions.exclude(mail=None).values_list("mail_id", flat=True))
    changing.delete(digest, by=by, at=at)
    outbox.forget(mails)


@transaction.atomic
def leave(digest: Digest, *, by: User, at: datetime) -> None:
    """Stop sending it to the one who asks."""
    if digest.recipients.filter(user=by).delete()[0]:
        details = {"removed": [f"user:{by.pk}"]}
        audit.record("digest.recipients_changed", by=by, subject=changing.subject_of(digest), details=details, at=at)


@transaction.atomic
def request_edition(digest: Digest, *, for_whom: User, by: Actor, at: datetime) -> Edition:
    """An edition now, outside of the schedule, for one person under that person's sight."""
    row = Edition.objects.create(digest=digest, user=for_whom, due_at=at, on_request=True, next_attempt_at=at)
    details = {"for": f"user:{for_whom.pk}"}
    audit.record("digest.edition_requested", by=by, subject=changing.subject_of(digest), details=details, at=at)
    wakeup.after_commit("kpis.send_edition", row.pk)
    return row


@transaction.atomic
def send_again(row: Edition, *, by: Actor, at: datetime) -> None:
    """Try a mail that did not leave once more, now, at the person's present address; or make the edition again."""
    if row.mail is None:
        Edition.objects.filter(pk=row.pk, mail__isnull=True).update(next_attempt_at=at, attempts=0)
        wakeup.after_commit("kpis.send_edition", row.pk)
    elif row.mail.state in (OutboxMail.State.FAILED, OutboxMail.State.WAITING):
        outbox.try_again(row.mail, at=at, recipient=row.user.email)
        wakeup.after_commit("kpis.send_outbox")
    audit.record("digest.sent_again", by=by, subject=f"edition:{row.pk}", at=at)


RHYTHM = ("weekday", "at", "zone", "language")


def _refuse_unworkable(digest: Digest) -> None:
    if digest.zone not in available_timezones():
        raise ChangeRefused("zone_unknown", _("This is no time zone; write a name like Europe/Berlin."), "zone")
    if not 0 <= int(digest.weekday) <= 6:
        raise ChangeRefused("weekday_unknown", _("A weekday is 0, Monday, to 6, Sunday."), "weekday")
    if digest.language not in dict(settings.LANGUAGES):
        raise ChangeRefused("language_unknown", _("The portal does not speak this language."), "language")
    if not isinstance(digest.at, time) or digest.at.tzinfo is not None:
        raise ChangeRefused("time_wrong", _("A time of day is written as 07:00."), "at")


def _set_recipients(digest: Digest, people: Collection[User], *, by: Actor, at: datetime) -> None:
    standing = set(digest.recipients.values_list("user_id", flat=True))
    wished = {person.pk for person in people}
    if standing == wished:
        return
    digest.recipients.filter(user_id__in=standing - wished).delete()
    Recipient.objects.bulk_create(Recipient(digest=digest, user_id=pk) for pk in sorted(wished - standing))
    details = {
        "added": [f"user:{pk}" for pk in sorted(wished - standing)],
        "removed": [f"user:{pk}" for pk in sorted(standing - wished)],
    }
    audit.record("digest.recipients_changed", by=by, subject=changing.subject_of(digest), details=details, at=at)

"""Who gets what when, and did it arrive: what pages and the API may show of digests, and to whom.

Whoever may change digests sees all of them and how each mail fared. Everybody else sees the digests that list them.
What an edition says is read by its recipient alone, as far as that person still sees what it names, and by
administrators, who see every initiative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from kpis.access import rights
from kpis.access.models import Token, User
from kpis.access.rights import Action
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.digests.models import Digest, Edition
from kpis.plumbing.models import OutboxMail

TO_BE_MADE, NOT_MADE = "to_be_made", "not_made"


@dataclass(frozen=True, slots=True)
class Fate:
    """How an edition stands. `state`: to_be_made, not_made, waiting, sent, file or failed."""

    edition: Edition
    state: str
    at: datetime | None
    error_code: str
    error: str

    @property
    def is_trouble(self) -> bool:
        return self.state in (NOT_MADE, OutboxMail.State.FAILED) or bool(self.error_code or self.error)


def digests_seen_by(actor: Actor) -> QuerySet[Digest]:
    if isinstance(actor, User | Token) and rights.may(actor, Action.CHANGE_DIGESTS):
        return Digest.objects.all()
    if isinstance(actor, User) and actor.is_active:
        return Digest.objects.filter(Q(recipients__user=actor) | Q(editions__user=actor)).distinct()
    return Digest.objects.none()


def editions_seen_by(actor: Actor) -> QuerySet[Edition]:
    """Newest first, with digest, person and mail."""
    rows = Edition.objects.select_related("digest", "user", "mail").order_by("-due_at", "-pk")
    if isinstance(actor, User | Token) and rights.may(actor, Action.CHANGE_DIGESTS):
        return rows
    return rows.filter(user=actor) if isinstance(actor, User) and actor.is_active else rows.none()


def may_read(row: Edition, actor: Actor) -> bool:
    """Whether `actor` may see what the edition says, not only that it was sent."""
    if not isinstance(actor, User) or not actor.is_active:
        return False
    if rights.is_administrator(actor):
        return True
    named = set(row.told.get("initiatives", []))
    return row.user_id == actor.pk and named <= set(initiatives_seen_by(actor).values_list("pk", flat=True))


def fate_of(row: Edition) -> Fate:
    mail = row.mail
    if mail is None:
        state = NOT_MADE if row.next_attempt_at is None else TO_BE_MADE
        return Fate(row, state, row.next_attempt_at, "", row.last_error)
    at = mail.sent_at if mail.sent_at else mail.next_attempt_at
    return Fate(row, mail.state, at, mail.error_code, mail.last_error)


def as_page(row: Edition) -> str:
    """The mail's HTML with its pictures inside, to be shown in a frame; empty where nothing was made."""
    if row.mail is None:
        return ""
    html = row.mail.html.replace("<head>", '<head><base target="_blank">', 1)  # links leave the frame
    for name, png in row.mail.images.items():
        html = html.replace(f'src="cid:{name}"', f'src="data:image/png;base64,{png}"')
    return html


def latest_fates(digest: Digest, rows: Iterable[Edition]) -> list[Fate]:
    """Of each recipient's newest edition of this digest, troubles first."""
    newest: dict[int, Edition] = {}
    for row in rows:
        if row.digest_id == digest.pk:
            newest.setdefault(row.user_id, row)
    return sorted((fate_of(row) for row in newest.values()), key=lambda fate: not fate.is_trouble)

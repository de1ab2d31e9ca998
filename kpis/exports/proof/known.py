"""Which proof files this portal has handed out: by the digests that stand in its audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kpis.access.models import AuditEvent, Token, User
from kpis.definitions.models import Initiative
from kpis.exports.proof.making import MADE

SHA256 = re.compile(r"[0-9a-f]{64}")
NEWEST = 20


@dataclass(frozen=True, slots=True)
class HandedOut:
    """One proof file: `digest` is the SHA-256 of its manifest, `period` "" where it is of all until `as_of`."""

    digest: str
    at: datetime
    by: str
    period: str
    as_of: datetime


def newest_of(initiative: Initiative) -> list[HandedOut]:
    """The proof files of an initiative that is in sight, the newest first."""
    return _told(_made(initiative)[:NEWEST])


def handed_out(initiative: Initiative, digest: str) -> HandedOut | None:
    """The proof file of this initiative whose manifest has this digest; None where this portal has made none."""
    if not SHA256.fullmatch(digest):
        return None
    return next(iter(_told(_made(initiative).filter(details__manifest=digest)[:1])), None)


def as_digest(text: str) -> str:
    """As the script prints it, or as somebody copied it: without blanks, in small letters."""
    return "".join(text.split()).lower()


def _made(initiative: Initiative) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(what=MADE, subject=f"initiative:{initiative.slug}").order_by("-sequence")


def _told(events: Iterable[AuditEvent]) -> list[HandedOut]:
    rows = list(events)
    names = _names({row.actor for row in rows})
    return [
        HandedOut(
            digest=row.details["manifest"],
            at=row.at,
            by=names.get(row.actor, ""),
            period=row.details["period"],
            as_of=datetime.fromisoformat(row.details["as_of"]),
        )
        for row in rows
    ]


def _names(actors: set[str]) -> dict[str, str]:
    """The trail holds pseudonyms; who has left has no name any more."""
    ids = {kind: [a.split(":")[1] for a in actors if a.startswith(f"{kind}:")] for kind in ("user", "token")}
    people = {f"user:{u.pk}": u.get_full_name() or u.get_username() for u in User.objects.filter(pk__in=ids["user"])}
    return people | {f"token:{t.pk}": t.name for t in Token.objects.filter(pk__in=ids["token"])}

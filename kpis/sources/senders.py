"""Who sends, a token or a source: what pages and the API say about one, and sending again what was rejected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions.changing import ChangeRefused
from kpis.ingest import rates, replaying, samples, sendings
from kpis.ingest.models import PayloadSample, Rejection
from kpis.ingest.replaying import Replayed
from kpis.ingest.sendings import Kind, Last, Sendings
from kpis.sources.models import DataSource

Sender = Token | DataSource


@dataclass(frozen=True, slots=True)
class LastSent:
    """The newest batch. lag_seconds : from its newest point's own time to its arrival, None where that is not known."""

    arrived_at: datetime
    newest_at: datetime | None
    form: str
    lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a sender sent. last : None where nothing ever came. points_a_minute_at_most : None for no limit."""

    last: LastSent | None
    hour: Sendings
    month: Sendings
    points_a_minute_at_most: int | None
    samples: list[PayloadSample]


def report(sender: Sender, *, now: datetime, zone: str) -> Report:
    """Eight short queries, whatever was sent."""
    kind = _kind(sender)
    return Report(
        _last(sendings.last_of(kind, sender.pk)),
        sendings.of_last_hour(kind, sender.pk, now=now),
        sendings.of_last_month(kind, sender.pk, now=now, zone=zone),
        (rates.limit_of(sender) or None) if isinstance(sender, Token) else None,
        samples.samples_of(name_of(sender)),
    )


def rejections_of(sender: Sender) -> QuerySet[Rejection]:
    """The points that were not stored, as they were sent, each with its batch; the newest first."""
    of = {"batch__token": sender} if isinstance(sender, Token) else {"batch__source": sender}
    return Rejection.objects.filter(**of).select_related("batch").order_by("-pk")


def replay(sender: Sender, *, by: User | Token | None, at: datetime) -> Replayed:
    """Send its rejected points once more. Refuses (ChangeRefused) for a token that may not send any more."""
    if isinstance(sender, Token) and (sender.revoked_at or (sender.expires_at and sender.expires_at <= at)):
        raise ChangeRefused("token_revoked", "The token was revoked or has expired: nothing is sent in its name.")
    replayed = replaying.replay(rejections_of(sender), at=at)
    with transaction.atomic():
        audit.record("rejections.replayed", by=by, subject=name_of(sender), details=asdict(replayed), at=at)
    return replayed


def name_of(sender: Sender) -> str:
    """As samples and the audit trail know it: "token:5", "source:3"."""
    return f"{_kind(sender)}:{sender.pk}"


def _kind(sender: Sender) -> Kind:
    return "token" if isinstance(sender, Token) else "source"


def _last(last: Last | None) -> LastSent | None:
    if last is None:
        return None
    lag = last.lag
    return LastSent(last.arrived_at, last.newest_at, last.form, None if lag is None else lag.total_seconds())

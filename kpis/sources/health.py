"""Does the data flow? What pages and the API say about a source, its runs and what was rejected. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, QuerySet

from kpis.access import rights
from kpis.access.models import Token, User
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ingest.models import Rejection
from kpis.measurements.models import Batch
from kpis.sources.models import DataSource, Pull

PUSHED_DATA_MAY_WAIT = timedelta(days=1)
RHYTHMS_MISSED = 3

State = Literal["flowing", "partial", "silent", "failing", "waiting", "paused"]


@dataclass(frozen=True, slots=True)
class Health:
    """How a source stands.

    flowing : data as new as expected. partial : so, but a part of the last run failed. silent : no data newer than
    `silent_after` allows. failing : the last run failed. waiting : nothing has come yet. paused : switched off.
    since : from when on it has been so, where that is known.
    """

    state: State
    since: datetime | None
    newest_at: datetime | None
    last_run: Pull | None


@dataclass(frozen=True, slots=True)
class RejectedPoint:
    """A point of the source that was not stored, as it was sent."""

    arrived_at: datetime
    code: str
    detail: str
    attr: str | None
    point: str


def sources_seen_by(actor: Actor) -> QuerySet[DataSource]:
    """The sources in the actor's sight; one of no initiative is seen by those who see all."""
    sources = DataSource.objects.select_related("initiative")
    if isinstance(actor, User | Token) and not rights.is_limited(actor) and not _is_disabled(actor):
        return sources
    return sources.filter(initiative__in=initiatives_seen_by(actor))


def health_of(source: DataSource, *, now: datetime) -> Health:
    """How `source` stands at `now`."""
    runs = source.pulls.exclude(state=Pull.State.RUNNING).order_by("-started_at", "-pk")
    last = runs.first()
    newest = source.last_data_at or _last_arrival(source)
    if not source.enabled:
        return Health("paused", None, newest, last)
    if last is not None and last.state == Pull.State.FAILED:
        return Health("failing", _failing_since(source, last), newest, last)
    if newest is None:
        return Health("waiting", None, None, last)
    if now - newest > silent_after(source):
        return Health("silent", newest, newest, last)
    if last is not None and last.state == Pull.State.PARTIAL:
        return Health("partial", last.started_at, newest, last)
    return Health("flowing", None, newest, last)


def silent_after(source: DataSource) -> timedelta:
    """How old the newest point may be before the source counts as silent.

    Not stated: three missed rhythms, and the hour that the samples of a query are apart; a day where others push.
    """
    if source.stale_after is not None:
        return source.stale_after
    if source.every is None:
        return PUSHED_DATA_MAY_WAIT
    return RHYTHMS_MISSED * source.every + timedelta(hours=1)


def runs_of(source: DataSource) -> QuerySet[Pull]:
    """The runs, the newest first."""
    return source.pulls.order_by("-due_at", "-pk")


def latest_rejections(source: DataSource, *, at_most: int) -> list[RejectedPoint]:
    """What was rejected last, and why."""
    rows = Rejection.objects.filter(batch__source=source).select_related("batch").order_by("-pk")[:at_most]
    return [RejectedPoint(row.batch.arrived_at, row.code, row.detail, row.attr, row.point) for row in rows]


def rejections_by_code(source: DataSource, *, since: datetime) -> dict[str, int]:
    """How many points were rejected for which reason since then, the most frequent first."""
    rows = Rejection.objects.filter(batch__source=source, batch__arrived_at__gte=since).values("code")
    counted = rows.annotate(n=Count("pk")).order_by("-n", "code")
    return {row["code"]: row["n"] for row in counted}


def _failing_since(source: DataSource, last: Pull) -> datetime:
    """The start of the first failed run after the last one that brought anything."""
    failed = source.pulls.filter(state=Pull.State.FAILED)
    good = source.pulls.filter(state__in=[Pull.State.OK, Pull.State.PARTIAL]).order_by("-started_at").first()
    if good is not None:
        failed = failed.filter(started_at__gt=good.started_at)
    first = failed.order_by("started_at").first()
    return first.started_at if first is not None else last.started_at


def _last_arrival(source: DataSource) -> datetime | None:
    """For those who push the portal knows only when something came."""
    batch = Batch.objects.filter(source=source, accepted__gt=0).order_by("-arrived_at").first()
    return batch.arrived_at if batch is not None else None


def _is_disabled(actor: User | Token) -> bool:
    return isinstance(actor, User) and not actor.is_active

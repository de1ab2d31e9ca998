"""Does the data flow? What pages and the API say about a source, its runs and what was rejected. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery

from kpis.access import rights
from kpis.access.models import Token, User
from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ingest.models import Rejection
from kpis.measurements.models import Batch
from kpis.sources.models import DataSource, Feed, Pull

PUSHED_DATA_MAY_WAIT = timedelta(days=1)
RHYTHMS_MISSED = 3

State = Literal["flowing", "partial", "silent", "failing", "waiting", "paused"]


@dataclass(frozen=True, slots=True)
class Health:
    """How a source stands.

    flowing : data as new as expected. partial : so, but a part of the last run failed. silent : no data newer than
    `silent_after` allows. failing : the last run failed. waiting : nothing has come yet. paused : switched off.
    since : from when on it has been so, where that is known. newest_at : the newest point's own time.
    """

    state: State
    since: datetime | None
    newest_at: datetime | None
    last_run: Pull | None
    age: timedelta | None = None  # of the newest point


def sources_seen_by(actor: Actor) -> QuerySet[DataSource]:
    """The sources in the actor's sight; one of no initiative is seen by those who see all."""
    sources = DataSource.objects.select_related("initiative")
    if isinstance(actor, User | Token) and not rights.is_limited(actor) and not _is_disabled(actor):
        return sources
    return sources.filter(initiative__in=initiatives_seen_by(actor))


def sources_of(initiatives: Iterable[Initiative]) -> list[DataSource]:
    """The enabled sources of these initiatives."""
    return list(DataSource.objects.filter(initiative__in=list(initiatives), enabled=True).select_related("initiative"))


def health_of(source: DataSource, *, now: datetime) -> Health:
    """How `source` stands at `now`."""
    return health_of_all([source], now=now)[source.pk]


def health_of_all(sources: Iterable[DataSource], *, now: datetime) -> dict[int, Health]:
    """How each source stands at `now`, by its id; three queries however many there are."""
    by_id = {source.pk: source for source in sources}
    last_runs = _last_runs(by_id)
    arrivals = _last_arrivals([pk for pk, source in by_id.items() if source.last_data_at is None])
    failing_since = _failing_since([pk for pk, run in last_runs.items() if run.state == Pull.State.FAILED])
    found = {}
    for pk, source in by_id.items():
        newest, last = source.last_data_at or arrivals.get(pk), last_runs.get(pk)
        state, since = _state(source, newest, last, now)
        age = now - newest if newest is not None else None
        found[pk] = Health(state, failing_since.get(pk) if state == "failing" else since, newest, last, age)
    return found


def with_health(sources: Iterable[DataSource], *, now: datetime) -> list[DataSource]:
    """The same sources, each with its `health`."""
    listed = list(sources)
    found = health_of_all(listed, now=now)
    for source in listed:
        source.health = found[source.pk]  # type: ignore[attr-defined]
    return listed


def _state(
    source: DataSource, newest: datetime | None, last: Pull | None, now: datetime
) -> tuple[State, datetime | None]:
    if not source.enabled:
        return "paused", None
    if last is not None and last.state == Pull.State.FAILED:
        return "failing", last.started_at
    if newest is None:
        return "waiting", None
    if now - newest > silent_after(source):
        return "silent", newest
    if last is not None and last.state == Pull.State.PARTIAL:
        return "partial", last.started_at
    return "flowing", None


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


def feeds_of(source: DataSource) -> QuerySet[Feed]:
    """What the source is asked for, each with its KPI."""
    return source.feeds.select_related("kpi").order_by("pk")


def rejections_of(source: DataSource) -> QuerySet[Rejection]:
    """The points that were not stored, as they were sent, each with its batch; the newest first."""
    return Rejection.objects.filter(batch__source=source).select_related("batch").order_by("-pk")


def rejections_by_code(source: DataSource, *, since: datetime) -> dict[str, int]:
    """How many points were rejected for which reason since then, the most frequent first."""
    rows = Rejection.objects.filter(batch__source=source, batch__arrived_at__gte=since).values("code")
    counted = rows.annotate(n=Count("pk")).order_by("-n", "code")
    return {row["code"]: row["n"] for row in counted}


def _last_runs(source_ids: Collection[int]) -> dict[int, Pull]:
    """The last finished run of each source."""
    finished = Pull.objects.filter(source__in=source_ids).exclude(state=Pull.State.RUNNING)
    last = finished.order_by("source_id", "-started_at", "-pk").distinct("source_id")
    return {run.source_id: run for run in last}


def _failing_since(source_ids: Collection[int]) -> dict[int, datetime]:
    """The start of the first failed run after the last one that brought anything."""
    if not source_ids:
        return {}
    good = Pull.objects.filter(source=OuterRef("source"), state__in=[Pull.State.OK, Pull.State.PARTIAL])
    failed = Pull.objects.filter(source__in=source_ids, state=Pull.State.FAILED).annotate(
        last_good=Subquery(good.order_by("-started_at").values("started_at")[:1])
    )
    rows = failed.filter(Q(last_good__isnull=True) | Q(started_at__gt=F("last_good")))
    return dict(rows.order_by().values_list("source").annotate(Min("started_at")))


def _last_arrivals(source_ids: Collection[int]) -> dict[int, datetime]:
    """For those who push the portal knows only when something came."""
    if not source_ids:
        return {}
    batches = Batch.objects.filter(source__in=source_ids, accepted__gt=0).order_by()
    return dict(batches.values_list("source").annotate(Max("arrived_at")))


def _is_disabled(actor: User | Token) -> bool:
    return isinstance(actor, User) and not actor.is_active

"""What a sender, a token or a source, has sent: counts by minute and by day, reasons, lag. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.db import connection

from kpis.ingest import refused_requests
from kpis.ingest.quarters import EDGE
from kpis.measurements.models import Batch

HOUR, MONTH = timedelta(hours=1), timedelta(days=30)
Kind = Literal["token", "source"]
BY_MINUTE = """
select date_trunc('minute', arrived_at) as start, count(*), sum(received), sum(accepted), sum(replaced), sum(unchanged),
       sum(rejected), sum(size)
from kpis_batch where {sender} = %(id)s and arrived_at >= %(since)s and arrived_at < %(until)s
group by start order by start
"""
# Quarters of an hour as far as they are added up, batches from there on; both in one look, so that none counts twice.
BY_DAY = """
with edge as (select {edge} as at), sent as (
    select start as at, requests, received, accepted, replaced, unchanged, rejected, size from kpis_sentquarter, edge
     where {sender} = %(id)s and start >= %(since)s and start < edge.at
    union all
    select arrived_at, 1, received, accepted, replaced, unchanged, rejected, size from kpis_batch, edge
     where {sender} = %(id)s and arrived_at >= greatest(%(since)s, edge.at) and arrived_at < %(until)s
)
select date_trunc('day', at, %(zone)s) as start, sum(requests), sum(received), sum(accepted), sum(replaced),
       sum(unchanged), sum(rejected), sum(size)
from sent group by start order by start
"""
REASONS = """
select key, sum(value::int8) as n from kpis_batch, jsonb_each_text(reasons)
where {sender} = %(id)s and arrived_at >= %(since)s and arrived_at < %(until)s and reasons is not null
group by key order by n desc, key
"""
REASONS_OF_DAYS = """
with edge as (select {edge} as at), sent as (
    select reasons from kpis_sentquarter, edge
     where {sender} = %(id)s and start >= %(since)s and start < edge.at and reasons is not null
    union all
    select reasons from kpis_batch, edge
     where {sender} = %(id)s and arrived_at >= greatest(%(since)s, edge.at) and arrived_at < %(until)s
       and reasons is not null
)
select key, sum(value::int8) as n from sent, jsonb_each_text(reasons) group by key order by n desc, key
"""
COLUMN = {"token": "token_id", "source": "source_id"}


@dataclass(frozen=True, slots=True)
class Count:
    """What was sent within a minute or a day, and what became of it. size : bytes as sent."""

    start: datetime
    requests: int = 0
    received: int = 0
    accepted: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Sendings:
    """What a sender sent within a span: counts by its minutes or days (those without any are absent), and in all.

    reasons : rejected points by code, the most frequent first. refused : requests refused as a whole, likewise; they
    are no requests of the counts.
    """

    since: datetime
    until: datetime
    counts: list[Count]
    reasons: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Count:
        return total_of(self.counts, self.since)

    @property
    def points_a_minute(self) -> float:
        return self.total.received / ((self.until - self.since).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class Last:
    """The newest batch of a sender: when it came, in which form, and how old its newest point was then."""

    arrived_at: datetime
    newest_at: datetime | None
    form: str

    @property
    def lag(self) -> timedelta | None:
        return None if self.newest_at is None else self.arrived_at - self.newest_at


def of_last_hour(kind: Kind, sender_id: int, *, now: datetime) -> Sendings:
    """By minute; the first one is whole."""
    since = (now - HOUR).replace(second=0, microsecond=0)
    return _counted((BY_MINUTE, REASONS), kind, sender_id, since, now, "UTC")


def of_last_month(kind: Kind, sender_id: int, *, now: datetime, zone: str) -> Sendings:
    """By local day of `zone`, thirty of them and today."""
    since = (now.astimezone(ZoneInfo(zone)) - MONTH).replace(hour=0, minute=0, second=0, microsecond=0)
    return _counted((BY_DAY, REASONS_OF_DAYS), kind, sender_id, since, now, zone)


def last_of(kind: Kind, sender_id: int) -> Last | None:
    """None where nothing was ever sent."""
    batches = Batch.objects.filter(**{COLUMN[kind]: sender_id}).order_by("-arrived_at")
    row = batches.values_list("arrived_at", "newest_at", "form").first()
    return None if row is None else Last(*row)


def total_of(counts: Sequence[Count], start: datetime) -> Count:
    """All of them as one."""
    columns = ("requests", "received", "accepted", "replaced", "unchanged", "rejected", "size")
    return Count(start, *(sum(getattr(count, name) for count in counts) for name in columns))


def _counted(sql: tuple[str, str], kind: Kind, sender_id: int, since: datetime, now: datetime, zone: str) -> Sendings:
    asked: dict[str, int | str | datetime] = {"id": sender_id, "since": since, "until": now, "zone": zone}
    counted, told = (statement.format(sender=COLUMN[kind], edge=EDGE) for statement in sql)
    with connection.cursor() as cursor:
        cursor.execute(counted, asked)
        counts = [Count(start, *map(int, numbers)) for start, *numbers in cursor.fetchall()]
        cursor.execute(told, asked)
        reasons = {code: int(n) for code, n in cursor.fetchall()}
    return Sendings(since, now, counts, reasons, refused_requests.by_code(f"{kind}:{sender_id}", since, now))

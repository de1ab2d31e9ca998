"""Batches of quarters of an hour that are over, added up for each sender: a month of a busy one is a million batches.

Nothing is added to a request: a tick adds up what lies half an hour back, when no transaction of then is still under
way. What is newer is read from the batches. The rows follow from the batches at any time (`deviations`), so a tick that
is killed, doubled or late changes no number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from kpis.ingest.models import SentQuarter

KEPT = timedelta(days=32)  # a month is shown, from the midnight before it
STILL_UNDER_WAY = timedelta(minutes=30)  # longer than a transaction that takes points in may last
# Where the rows end, and batches have to be read.
EDGE = "(select coalesce(max(start) + interval '15 minutes', '-infinity') from kpis_sentquarter)"
ADDED_UP = """
with batch as (
    select date_bin('15 minutes', arrived_at, 'epoch'::timestamptz) as start, token_id, source_id, received, accepted,
           replaced, unchanged, rejected, size, reasons
      from kpis_batch where arrived_at >= %(since)s and arrived_at < %(until)s
), sent as (
    select start, token_id, null::int8 as source_id, received, accepted, replaced, unchanged, rejected, size, reasons
      from batch where token_id is not null
    union all
    select start, null::int8, source_id, received, accepted, replaced, unchanged, rejected, size, reasons
      from batch where source_id is not null
), told as (
    select start, token_id, source_id, jsonb_object_agg(code, n) as reasons
      from (select start, token_id, source_id, key as code, sum(value::int8) as n
              from sent, jsonb_each_text(reasons) where reasons is not null group by 1, 2, 3, 4) as by_code
     group by 1, 2, 3
), counted as (
    select start, token_id, source_id, count(*) as requests, sum(received)::int8 as received,
           sum(accepted)::int8 as accepted, sum(replaced)::int8 as replaced, sum(unchanged)::int8 as unchanged,
           sum(rejected)::int8 as rejected, sum(size)::int8 as size
      from sent group by 1, 2, 3
)
select counted.*, told.reasons
  from counted left join told on told.start = counted.start
   and (told.token_id = counted.token_id or told.source_id = counted.source_id)
"""
COLUMNS = "start, token_id, source_id, requests, received, accepted, replaced, unchanged, rejected, size, reasons"
ADD_UP = f"insert into kpis_sentquarter ({COLUMNS}) {ADDED_UP} on conflict do nothing"
SINCE = f"select greatest(%s, {EDGE})"
SPAN = "select min(start), max(start) + interval '15 minutes' from kpis_sentquarter"
UNLIKE = """
with due as ({due}), standing as (
    select {columns} from kpis_sentquarter where start >= %(since)s and start < %(until)s
)
select coalesce(due.start, standing.start), coalesce(due.token_id, standing.token_id),
       coalesce(due.source_id, standing.source_id), to_jsonb(standing)::text, to_jsonb(due)::text
  from due full join standing on (due.start, coalesce(due.token_id, 0), coalesce(due.source_id, 0))
                               = (standing.start, coalesce(standing.token_id, 0), coalesce(standing.source_id, 0))
 where due is distinct from standing
 order by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Unlike:
    """A row that is not what its batches come to; either is None where it is missing."""

    start: datetime
    sender: str
    stored: str | None
    recomputed: str | None


def add_up(*, at: datetime) -> int:
    """Add up what is over and not yet added up; answers how many rows are new."""
    with connection.cursor() as cursor:
        cursor.execute(SINCE, [_quarter(at - KEPT)])
        since = cursor.fetchone()[0]
        cursor.execute(ADD_UP, {"since": since, "until": _quarter(at - STILL_UNDER_WAY)})
        return cursor.rowcount


def begin_anew() -> None:
    """Batches of the past were written: the next tick adds up everything."""
    SentQuarter.objects.all().delete()


def trim(*, at: datetime) -> int:
    """Forget what no page shows any more; answers how many."""
    return SentQuarter.objects.filter(start__lt=at - KEPT).delete()[0]


def count() -> int:
    """How many rows there are."""
    return SentQuarter.objects.count()


def deviations() -> Iterator[Unlike]:
    """The rows that are not what their batches come to, and those that are missing."""
    with connection.cursor() as cursor:
        cursor.execute(SPAN)
        first, edge = cursor.fetchone()
        if first is None:
            return
        cursor.execute(UNLIKE.format(due=ADDED_UP, columns=COLUMNS), {"since": first, "until": edge})
        for start, token, source, stored, recomputed in cursor.fetchall():
            sender = ", ".join(f"{kind} {pk}" for kind, pk in (("token", token), ("source", source)) if pk is not None)
            yield Unlike(start, sender, stored, recomputed)


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)

"""Measurements that somebody takes back: rows go, and exactly the intervals that they lay in are computed anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions.changing import subject_of
from kpis.definitions.models import Kpi
from kpis.plumbing import wakeup

ROWS_AT_MOST = 1_000_000

WHICH = """
from kpis_measurement m
where m.series_id in (select id from kpis_series where kpi_id = %(kpi)s and labels @> %(labels)s::jsonb)
  and m.at >= %(start)s and m.at < %(end)s
"""
COUNT = f"select count(*) from (select {WHICH} limit %(limit)s) found"  # noqa: S608 - constants only
# Stamped when the rows have gone, as `store` does: a repeat of what brought them is looked at anew (`ingest.repeats`).
REMOVE = f"""
with gone as (delete {WHICH} returning m.series_id, m.at), arrived as (
    insert into kpis_arrival (series_id, slots, arrived_at)
    select series_id, array_agg(distinct floor(date_part('epoch', at) / 900)::int4), %(now)s
    from gone group by series_id order by series_id
), rewritten as (
    insert into kpis_seriesrewrite (series_id, stamp)
    select series_id, nextval(pg_get_serial_sequence('kpis_batch', 'id'))
    from (select distinct series_id from gone order by series_id) changed
    on conflict (series_id) do update set stamp = excluded.stamp
)
select count(*) from gone
"""  # noqa: S608 - constants only


class TooManyRows(Exception):
    """More rows in the span than one request may remove."""


def remove(
    kpi: Kpi,
    start: datetime,
    end: datetime,
    *,
    labels: Mapping[str, str],
    dry_run: bool = False,
    by: User | Token | None,
    at: datetime,
) -> int:
    """Remove the KPI's measurements in `[start, end)` that have all of `labels`; answers how many rows went.

    All of it in one transaction with its audit row. dry_run : say how many would go, and leave them.
    Refuses (TooManyRows) more than a million at once.
    """
    asked: dict[str, Any] = {"kpi": kpi.pk, "labels": json.dumps(dict(labels)), "start": start, "end": end}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COUNT, asked | {"limit": ROWS_AT_MOST + 1})
        found = int(cursor.fetchone()[0])
        if found > ROWS_AT_MOST:
            raise TooManyRows
        if dry_run or not found:
            return found
        cursor.execute(REMOVE, asked | {"now": at})
        removed = int(cursor.fetchone()[0])
        details = {"from": start.astimezone(UTC), "to": end.astimezone(UTC), "labels": dict(labels), "rows": removed}
        audit.record("measurements.removed", by=by, subject=subject_of(kpi), details=details, at=at)
        wakeup.gathered_after_commit("kpis.bring_up_to_date")
    return removed

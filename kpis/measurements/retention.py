"""Measurements that have been kept long enough: their rows go, the interval values and the ledger stay for ever.

    said (`rows_from`)  ──►  a pause, in which what was accepted before is still rolled up  ──►  gone (`gone_until`)

From the first instant on, points for these days are refused. From the second on, no day before is ever computed anew,
so a day whose rows are half removed harms nothing. Rows go in small transactions of their own; a month's table that
nobody needs goes as a whole. Whatever is stopped in between is taken up by the next tick.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, QuerySet
from psycopg import errors

from kpis.calculations.intervals import epoch_us
from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Kpi
from kpis.measurements import partitions
from kpis.measurements.models import Arrival, Retention, Series

# Longer than a process remembers what it may take in, and than any request takes.
PAUSE = timedelta(minutes=15)
ROWS_AT_ONCE = 20_000
# To change these, measurements would be needed that are gone.
NEEDS_ROWS = {
    "aggregation": {"p50", "p90", "p95", "p99"},
    "interval": {"hour"},
}

OLDER = """
select exists (select from kpis_series s where s.kpi_id = %s
               and exists (select from kpis_measurement m where m.series_id = s.id and m.at < %s))
"""
LOCK_SERIES = "select id from kpis_series where kpi_id = %s order by id for no key update"
TO_REMOVE = "select count(*) from kpis_measurement where series_id = any(%s) and at < %s"
# Batches are not known by their digest any more (`ingest.repeats`).
REWRITTEN = """
insert into kpis_seriesrewrite (series_id, stamp)
select unnest(%s::int[]), nextval(pg_get_serial_sequence('kpis_batch', 'id'))
on conflict (series_id) do update set stamp = excluded.stamp
"""
REMOVE = """
delete from kpis_measurement where (series_id, at, event_id) in (
    select series_id, at, event_id from kpis_measurement where series_id = any(%s) and at < %s limit %s
)
"""
NEEDED = """
select exists (
    select from kpis_series s left join kpis_retention r on r.kpi_id = s.kpi_id
    where coalesce(r.gone_until, '-infinity') < %s and exists (select from {part} m where m.series_id = s.id)
)
"""
COUNT_OF_EACH = "select s.kpi_id, count(*) from {part} m join kpis_series s on s.id = m.series_id group by s.kpi_id"


# -- what others ask ------------------------------------------------------------------------------------------------


def gone_until_us(series_ids: Collection[int]) -> dict[int, int]:
    """Series to the instant (microseconds since 1970) before which no day may be computed anew; most have none."""
    rows = Series.objects.filter(pk__in=series_ids, kpi__retention__gone_until__isnull=False)
    found = rows.values_list("pk", "kpi__retention__gone_until")
    return {pk: epoch_us(until) for pk, until in found if until is not None}


def retention_of(kpi: Kpi) -> Retention | None:
    """None where all measurements of the KPI are there."""
    return Retention.objects.filter(kpi=kpi).first()


def rows_from(kpi_ids: Collection[int] | QuerySet[Any]) -> dict[int, datetime]:
    """KPI id to the instant before which its rows are gone, for those that have one."""
    return dict(Retention.objects.filter(kpi__in=kpi_ids).values_list("kpi_id", "rows_from"))


def refuse_what_needs_rows(kpi: Kpi, fields: Mapping[str, Any]) -> None:
    """Refuses (ChangeRefused) a percentile or hours for a KPI of which measurements are gone."""
    for name, values in NEEDS_ROWS.items():
        was, wanted = getattr(kpi, name), fields.get(name, getattr(kpi, name))
        if wanted != was and (wanted in values or (name == "interval" and was in values)) and retention_of(kpi):
            sentence = "This would have to be computed from measurements that are not kept any more."
            raise ChangeRefused("rows_gone", sentence, name)


# -- what the tick does ---------------------------------------------------------------------------------------------


def remove_old_rows(*, at: datetime, chunks: int = 50) -> bool:
    """Say what is to go, remove some of what was said long enough ago; True when more is to be removed now."""
    for kpi in Kpi.objects.filter(rows_kept_for__isnull=False).order_by("pk"):
        _say(kpi, at)
    for retention in Retention.objects.exclude(gone_until=F("rows_from")).order_by("pk"):
        if retention.since + PAUSE <= at:
            _let_go(retention)
    drop_months_without_need()
    for retention in Retention.objects.filter(finished_at__isnull=True, gone_until__isnull=False).order_by("pk"):
        while chunks > 0:
            chunks -= 1
            if not _remove_chunk(retention):
                Retention.objects.filter(pk=retention.pk).update(finished_at=at)
                break
    return Retention.objects.filter(finished_at__isnull=True, gone_until__isnull=False).exists()


def _say(kpi: Kpi, at: datetime) -> None:
    """Whole days in the organisation's zone, and only where there are rows: history may be brought in until then."""
    calendar = organisation.calendar()
    target = calendar.local_midnight(calendar.local_date(at) - timedelta(days=kpi.rows_kept_for or 0))
    standing = retention_of(kpi)
    if standing is not None and standing.rows_from >= target:
        return
    with connection.cursor() as cursor:
        cursor.execute(OLDER, [kpi.pk, target])
        if not cursor.fetchone()[0]:
            return
    Retention.objects.update_or_create(kpi=kpi, defaults={"rows_from": target, "since": at})


@transaction.atomic
def _let_go(retention: Retention) -> None:
    """Nothing that was accepted before may wait for its rolling up; whoever computes the KPI anew is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SERIES, [retention.kpi_id])
        series = [row[0] for row in cursor.fetchall()]
        if Arrival.objects.filter(series__in=series).exists():
            return
        cursor.execute(TO_REMOVE, [series, retention.rows_from])
        left = int(cursor.fetchone()[0])
        cursor.execute(REWRITTEN, [series])
    Retention.objects.filter(pk=retention.pk).update(
        gone_until=retention.rows_from, to_remove=F("removed") + left, finished_at=None
    )


def _remove_chunk(retention: Retention) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        series = list(Series.objects.filter(kpi_id=retention.kpi_id).values_list("pk", flat=True))
        cursor.execute(REMOVE, [series, retention.gone_until, ROWS_AT_ONCE])
        removed = cursor.rowcount
        Retention.objects.filter(pk=retention.pk).update(removed=F("removed") + removed)
    return removed


def drop_months_without_need() -> list[str]:
    """Remove the tables of months of which every KPI has let go; answers their names."""
    latest = Retention.objects.filter(gone_until__isnull=False).order_by("-gone_until").first()
    if latest is None or latest.gone_until is None:
        return []
    return [name for name, end in partitions.months() if end <= latest.gone_until and _dropped(name, end)]


def _dropped(name: str, end: datetime) -> bool:
    """Whoever reads for long is not waited for: writers would queue behind us. The next tick tries again."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(NEEDED.format(part=name), [end.astimezone(UTC)])
            if cursor.fetchone()[0]:
                return False
            cursor.execute(COUNT_OF_EACH.format(part=name))
            counts = cursor.fetchall()
            cursor.execute("set local lock_timeout = '200ms'")
            cursor.execute(f"lock table only kpis_measurement, {name} in access exclusive mode")
            cursor.execute(NEEDED.format(part=name), [end.astimezone(UTC)])
            if cursor.fetchone()[0]:
                return False
            cursor.execute(f"drop table {name}")
            for kpi_id, count in counts:
                Retention.objects.filter(kpi=kpi_id).update(removed=F("removed") + count)
            return True
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable):
            return False
        raise

"""The state of each KPI: its newest point, and whether its effect and its ledger are behind its data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import numpy as np
from django.db import connection

from kpis.calculations.intervals import Granularity, epoch_us
from kpis.definitions import organisation
from kpis.rollups.finality import lateness_us
from kpis.rollups.models import KpiState

# The newest point is read from the quarters: few rows, and right again after a point has gone.
RECORD_ARRIVALS = """
insert into kpis_kpistate as old (kpi_id, version, evaluated_version, newest_at, arrived_at)
select new.kpi_id, 1, 0, (select max(v.last_at) from kpis_series s
                            join kpis_intervalvalue v on v.series_id = s.id and v.granularity = 'quarter'
                           where s.kpi_id = new.kpi_id), new.arrived_at
  from unnest(%s::bigint[], %s::timestamptz[]) as new(kpi_id, arrived_at)
 order by new.kpi_id
    on conflict (kpi_id) do update
   set version = old.version + 1, newest_at = excluded.newest_at,
       arrived_at = greatest(old.arrived_at, excluded.arrived_at)
"""

MARK_DIRTY = """
insert into kpis_kpistate as old (kpi_id, version, evaluated_version)
select id, 1, 0 from kpis_kpi where id = any(%s) order by id
    on conflict (kpi_id) do update set version = old.version + 1
"""

MARK_EVALUATED = """
update kpis_kpistate s set evaluated_version = greatest(s.evaluated_version, done.version), evaluated_at = %s
  from (select * from unnest(%s::bigint[], %s::bigint[]) as t(kpi_id, version) order by kpi_id) as done
 where s.kpi_id = done.kpi_id
"""


def record_arrivals(arrived_at: Mapping[int, datetime]) -> None:
    """KPI id to the arrival of its newest batch: its version rises, its newest point is looked up again."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD_ARRIVALS, [list(arrived_at), list(arrived_at.values())])


def mark_dirty(kpi_ids: Collection[int]) -> None:
    """Their effects and entries are to be computed anew: a definition, baseline, driver or cost has changed."""
    with connection.cursor() as cursor:
        cursor.execute(MARK_DIRTY, [list(kpi_ids)])


def waiting_for_evaluation(*, now: datetime) -> dict[int, int]:
    """KPI id to version, for those that changed since they were evaluated or whose newest interval ended since.

    An interval changes by time alone twice: when it ends, and when its lateness is over. Earlier intervals are
    complete because newer data came. Weeks and months too, since a driver may read a KPI in another's rhythm.
    """
    found = list(KpiState.objects.values_list("kpi_id", "version", "evaluated_version", "newest_at", "evaluated_at"))
    aged = [
        (kpi_id, version, evaluated, newest, at)
        for kpi_id, version, evaluated, newest, at in found
        if version == evaluated and newest is not None and at is not None
    ]
    waiting = {kpi_id: version for kpi_id, version, evaluated, _, _ in found if version != evaluated}
    for row, has_ended in zip(aged, _has_ended_since(aged, now), strict=True):
        if has_ended:
            waiting[row[0]] = row[1]
    return waiting


def mark_evaluated(versions: Mapping[int, int], *, at: datetime) -> None:
    """Effect and ledger of these KPIs hold up to these versions; what came in meanwhile stays to be done."""
    with connection.cursor() as cursor:
        cursor.execute(MARK_EVALUATED, [at, list(versions), list(versions.values())])


def _has_ended_since(states: list[tuple[int, int, int, datetime, datetime]], now: datetime) -> np.ndarray:
    """Whether an interval that holds the newest point ended, or ceased to be late, between `evaluated_at` and now."""
    calendar = organisation.calendar()
    newest = np.array([epoch_us(row[3]) for row in states], np.int64)
    evaluated = np.array([epoch_us(row[4]) for row in states], np.int64)
    due = np.zeros(len(states), bool)
    for granularity in Granularity:
        start = calendar.starts_of(newest, granularity)
        end = calendar.ends_of(start, granularity)
        for boundary in (end, end + lateness_us(start, end)):
            due |= (evaluated < boundary) & (boundary <= epoch_us(now))
    return due

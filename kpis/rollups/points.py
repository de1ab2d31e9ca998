"""The measurements of some series as columns, as rolling up needs them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import connection

from kpis.calculations.aggregation import Floats, Ints

# Ordered, so that of two events at the same instant the same one is the last in every run.
READ = """
select series_id, (extract(epoch from at) * 1000000)::bigint, value, weight from kpis_measurement
 where series_id = any(%s)
   and at >= timestamptz 'epoch' + %s * interval '1 microsecond'
   and at < timestamptz 'epoch' + %s * interval '1 microsecond'
 order by series_id, at, event_id
"""

SPANS = """
select s.id, (extract(epoch from span.first) * 1000000)::bigint, (extract(epoch from span.last) * 1000000)::bigint
  from kpis_series s,
       lateral (select min(at) as first, max(at) as last from kpis_measurement m where m.series_id = s.id) as span
 where s.kpi_id = any(%s) and span.first is not null
"""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of measurements, shape (n,) each, sorted by series and time (microseconds since 1970)."""

    series: Ints
    at: Ints
    value: Floats
    weight: Floats


def read(series_ids: Collection[int], start: int, end: int) -> Points:
    """All measurements of these series in `[start, end)`, microseconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [list(series_ids), start, end])
        series, at, value, weight = zip(*cursor.fetchall(), strict=True) if cursor.rowcount else ((), (), (), ())
    return Points(np.array(series, np.int64), np.array(at, np.int64), np.array(value, float), np.array(weight, float))


def spans(kpi_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """First and last measurement of each series of these KPIs, microseconds since 1970; empty series are absent."""
    with connection.cursor() as cursor:
        cursor.execute(SPANS, [list(kpi_ids)])
        return {series: (first, last) for series, first, last in cursor.fetchall()}

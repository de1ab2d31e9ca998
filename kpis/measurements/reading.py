"""Points out of PostgreSQL: rows with their origin for a person, arrays for whoever calculates."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import DTypeLike, NDArray
from psycopg.pq.abc import PGresult

from kpis.calculations.intervals import epoch_us
from kpis.measurements import binary

# Each series is asked for its first rows by its own index and the few are merged, so a page costs the same at a
# million rows as at a hundred.
ROWS = """
select m.at, m.value, coalesce(m.weight, 1), m.event_id, s.labels, d.slug, t.name, b.arrived_at, s.id
from kpis_series s
cross join lateral (
    select * from kpis_measurement m
    where m.series_id = s.id and m.at >= %(start)s and m.at < %(end)s
      and (m.at, m.series_id, m.event_id) > (%(after_at)s, %(after_series)s, %(after_id)s)
    order by m.series_id, m.at, m.event_id limit %(limit)s
) m
left join kpis_batch b on b.id = m.batch_id
left join kpis_token t on t.id = b.token_id
left join kpis_datasource d on d.id = b.source_id
where s.kpi_id = %(kpi)s and s.labels @> %(labels)s::jsonb
order by m.at, s.id, m.event_id limit %(limit)s
"""
# As arrays, one row a series: taking in a million rows one by one costs five times what PostgreSQL does for them.
# Weights are few: they are asked for only where there are some.
ARRAYS = """
select series_id, array_agg(at), array_agg(value), count(weight){weights} from (
    select series_id, at, value, weight from kpis_measurement
    where series_id = any($1) and at >= $2 and at < $3 order by series_id, at, event_id
) sorted group by series_id order by series_id
"""
WEIGHTS = ", array_agg(coalesce(weight, 1))"
SPANS = """
select s.id, (extract(epoch from span.first) * 1000000)::bigint, (extract(epoch from span.last) * 1000000)::bigint
from kpis_series s
cross join lateral (select min(at) as first, max(at) as last from kpis_measurement m where m.series_id = s.id) span
where s.kpi_id = any(%s) and span.first is not null
"""
# A look into the index for each interval; the first row that came in time ends it.
IN_TIME = """
select span.place from unnest(%s::timestamptz[], %s::timestamptz[]) with ordinality as span(first, until, place)
where exists (
    select 1 from kpis_measurement m join kpis_batch b on b.id = m.batch_id
    where m.series_id = any(%s) and m.at >= span.first and m.at < span.until and b.arrived_at < %s
)
"""


class CursorUnreadable(ValueError):
    """A place in the list that we did not give out."""


class Place(NamedTuple):
    """Where a page of rows ended: the identity of its last row."""

    at: datetime
    series_id: int
    event_id: str

    def as_text(self) -> str:
        """For an address: opaque, and without characters that need escaping."""
        whole = json.dumps([self.at.isoformat(), self.series_id, self.event_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(whole.encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Place:
        """Refuses (CursorUnreadable) what `as_text` did not make."""
        try:
            at, series_id, event_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            place = cls(datetime.fromisoformat(at), int(series_id), str(event_id))
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise CursorUnreadable("This is no place in the list of measurements.") from error
        if place.at.tzinfo is None or not 0 <= place.series_id < 2**31 or "\x00" in place.event_id:
            raise CursorUnreadable("This is no place in the list of measurements.")
        return place


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as it lies in the store, and where it came from. `value` is in the KPI's unit."""

    at: datetime
    value: float
    weight: float
    event_id: str
    labels: dict[str, str]
    source: str | None  # slug of the data source, where one brought it
    token: str | None  # name of the token, where one brought it
    arrived_at: datetime | None
    place: Place


def arrived_in_time(
    series_ids: Collection[int], spans: Sequence[tuple[datetime, datetime]], *, until: datetime
) -> set[int]:
    """Which of the spans `[start, end)` hold a row that arrived before `until`, by their places in the list.

    A row that was replaced counts from its replacement on; one that is gone cannot tell any more.
    """
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    with connection.cursor() as cursor:
        cursor.execute(IN_TIME, [starts, ends, list(series_ids), until])
        return {place - 1 for (place,) in cursor.fetchall()}


def rows_between(
    kpi_id: int,
    start: datetime,
    end: datetime,
    *,
    after: Place | None = None,
    limit: int = 100,
    labels: Mapping[str, str] | None = None,
) -> list[Row]:
    """The first `limit` measurements of a KPI in `[start, end)`, by time, after a place; those with all of `labels`."""
    parameters: dict[str, Any] = {
        "kpi": kpi_id,
        "start": max(start, after.at) if after else start,
        "end": end,
        "after_at": after.at if after else start,
        # Nothing lies before series 0, so without a place the comparison lets everything pass.
        "after_series": after.series_id if after else 0,
        "after_id": after.event_id if after else "",
        "limit": limit,
        "labels": json.dumps(dict(labels or {})),
    }
    with connection.cursor() as cursor:
        cursor.execute(ROWS, parameters)
        found = cursor.fetchall()
    return [
        Row(at, value, weight, event_id, _labels(given), source, token, arrived_at, Place(at, series_id, event_id))
        for at, value, weight, event_id, given, source, token, arrived_at, series_id in found
    ]


def _labels(given: str | dict[str, str]) -> dict[str, str]:
    """Django leaves JSON to its fields, so a plain cursor gives text."""
    return json.loads(given) if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class Arrays:
    """Measurements of several series, sorted by series and time, equally long.

    series_id : int32. at_us : int64, microseconds since 1970 UTC. value, weight : float64.
    """

    series_id: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]


def arrays(series_ids: Collection[int], start: datetime, end: datetime) -> Arrays:
    """All measurements of the series in `[start, end)`; a fraction of a microsecond each."""
    bounds = [binary.instant(epoch_us(bound)) for bound in (start, end)]
    wanted = [binary.int4s(np.array(list(series_ids), np.int32)), *bounds]
    found = binary.planned_for(ARRAYS.format(weights=""), wanted)
    weighted = any(binary.whole_number(found, row, 3) for row in range(found.ntuples))
    if weighted:
        found = binary.planned_for(ARRAYS.format(weights=WEIGHTS), wanted)
    counts = [len(binary.elements(found, row, 1, binary.TIMESTAMPTZ)) for row in range(found.ntuples)]
    series = [binary.whole_number(found, row, 0) for row in range(found.ntuples)]
    return Arrays(
        series_id=np.repeat(np.array(series, np.int32), counts),
        at_us=_column(found, 1, binary.TIMESTAMPTZ, np.int64) + binary.SINCE_2000_US,
        value=_column(found, 2, binary.FLOAT8, np.float64),
        weight=_column(found, 4, binary.FLOAT8, np.float64) if weighted else np.ones(sum(counts)),
    )


def _column(found: PGresult, column: int, kind: int, dtype: DTypeLike) -> NDArray[Any]:
    """The arrays of all rows, one after the other."""
    parts = [binary.elements(found, row, column, kind) for row in range(found.ntuples)]
    return np.concatenate(parts, dtype=dtype, casting="unsafe") if parts else np.empty(0, dtype)


def spans(kpi_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """First and last measurement of each series of these KPIs, microseconds since 1970; empty series are absent."""
    with connection.cursor() as cursor:
        cursor.execute(SPANS, [list(kpi_ids)])
        return {series: (first, last) for series, first, last in cursor.fetchall()}

"""The table of interval values as columns: read, brought in line, cleared of intervals that have become empty."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from kpis.calculations.aggregation import Ints, States
from kpis.calculations.intervals import Granularity
from kpis.calculations.merging import taken
from kpis.calculations.sketch import Sketch

ROWS_AT_ONCE = 4_000

Span = tuple[int, int]  # half-open, microseconds since 1970

# Instants travel as microseconds since 1970: exact, and what numpy computes with.
READ = """
select series_id, (extract(epoch from start) * 1000000)::bigint, (extract(epoch from "end") * 1000000)::bigint,
       n, sum_w, sum_w2, mean, m2, total, minimum, maximum,
       (extract(epoch from last_at) * 1000000)::bigint, last{bins}
  from kpis_intervalvalue
 where series_id = any(%s) and granularity = %s
   and start >= timestamptz 'epoch' + %s * interval '1 microsecond'
   and start < timestamptz 'epoch' + %s * interval '1 microsecond'
 order by series_id, start
"""

# A row that would not change is left alone: running twice writes nothing the second time.
UPSERT = """
insert into kpis_intervalvalue as old (series_id, granularity, start, "end", n, sum_w, sum_w2, mean, m2, total, minimum,
                                       maximum, last_at, last, bins, computed_at)
select series_id, granularity, timestamptz 'epoch' + start_us * interval '1 microsecond',
       timestamptz 'epoch' + end_us * interval '1 microsecond', n, sum_w, sum_w2, mean, m2, total, minimum, maximum,
       timestamptz 'epoch' + last_us * interval '1 microsecond', last, bins::jsonb, %s
  from unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[],
              %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::bigint[], %s::float8[], %s::text[])
    as new(granularity, series_id, start_us, end_us, n, sum_w, sum_w2, mean, m2, total, minimum, maximum, last_us, last,
           bins)
    on conflict (series_id, granularity, start) do update
   set "end" = excluded."end", n = excluded.n, sum_w = excluded.sum_w, sum_w2 = excluded.sum_w2, mean = excluded.mean,
       m2 = excluded.m2, total = excluded.total, minimum = excluded.minimum, maximum = excluded.maximum,
       last_at = excluded.last_at, last = excluded.last, bins = excluded.bins, computed_at = excluded.computed_at
 where (old."end", old.n, old.sum_w, old.sum_w2, old.mean, old.m2, old.total, old.minimum, old.maximum, old.last_at,
        old.last, old.bins)
       is distinct from
       (excluded."end", excluded.n, excluded.sum_w, excluded.sum_w2, excluded.mean, excluded.m2, excluded.total,
        excluded.minimum, excluded.maximum, excluded.last_at, excluded.last, excluded.bins)
"""

CLEAR = """
delete from kpis_intervalvalue old
 using unnest(%s::text[], %s::bigint[], %s::bigint[]) as span(granularity, start_us, end_us)
 where old.series_id = any(%s) and old.granularity = span.granularity
   and old.start >= timestamptz 'epoch' + span.start_us * interval '1 microsecond'
   and old.start < timestamptz 'epoch' + span.end_us * interval '1 microsecond'
   and not exists (select from unnest(%s::text[], %s::int[], %s::bigint[]) as kept(granularity, series_id, start_us)
                    where kept.granularity = old.granularity and kept.series_id = old.series_id
                      and timestamptz 'epoch' + kept.start_us * interval '1 microsecond' = old.start)
"""


@dataclass(frozen=True, slots=True)
class IntervalRows:
    """States of one granularity with the series and the bounds of each (microseconds since 1970), sorted by both."""

    series: Ints
    start: Ints
    end: Ints
    states: States

    def __len__(self) -> int:
        return self.series.size

    def within(self, spans: Sequence[Span]) -> IntervalRows:
        """The rows whose interval begins in one of these spans."""
        inside = np.zeros(len(self), bool)
        for start, end in spans:
            inside |= (self.start >= start) & (self.start < end)
        kept = np.flatnonzero(inside)
        return IntervalRows(self.series[kept], self.start[kept], self.end[kept], taken(self.states, kept))


def sorted_together(parts: Sequence[IntervalRows]) -> IntervalRows:
    """Rows of one granularity, sorted by series and start."""
    found = joined(parts)
    order = np.lexsort((found.start, found.series))
    return IntervalRows(found.series[order], found.start[order], found.end[order], taken(found.states, order))


def joined(parts: Sequence[IntervalRows]) -> IntervalRows:
    """Rows of one granularity one after the other, at least one part; each part begins where the one before ended."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {
        f.name: np.concatenate([getattr(part.states, f.name) for part in parts])
        for f in fields(States)
        if f.name not in {"groups", "bins"}
    }
    bins = [part.states.bins for part in parts]
    together = None if any(b is None for b in bins) else tuple(sketch for b in bins if b is not None for sketch in b)
    series, start, end = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("series", "start", "end")
    )
    return IntervalRows(series, start, end, States(groups=np.arange(series.size), bins=together, **columns))


def read(series_ids: Collection[int], granularity: str, start: int, end: int, *, with_bins: bool) -> IntervalRows:
    """Rows of these series whose interval begins in `[start, end)`, microseconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute(
            READ.format(bins=", bins" if with_bins else ""), [list(series_ids), granularity, int(start), int(end)]
        )
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * (13 + with_bins)
    whole = [np.array(columns[i], np.int64) for i in (0, 1, 2, 3, 11)]
    real = [np.array(columns[i], np.float64) for i in (4, 5, 6, 7, 8, 9, 10, 12)]
    bins = _sketches(columns[13]) if with_bins else None
    sum_w, sum_w2, mean, m2, total, minimum, maximum, last = real
    order = np.arange(whole[0].size, dtype=np.int64)
    states = States(order, whole[3], sum_w, sum_w2, mean, m2, total, minimum, maximum, whole[4], last, bins)
    return IntervalRows(whole[0], whole[1], whole[2], states)


def replace(
    series_ids: Sequence[int],
    spans: Mapping[Granularity, Sequence[Span]],
    found: Mapping[Granularity, IntervalRows],
    *,
    at: datetime,
) -> None:
    """Bring the table in line with `found` for all intervals of these series that begin in `spans`.

    `computed_at` moves only where a number has; an interval that is not in `found` has no data any more and goes.
    """
    columns: list[list[Any]] = [[] for _ in range(15)]
    for granularity, rows in found.items():
        for column, more in zip(columns, [[granularity.value] * len(rows), *_as_lists(rows)], strict=True):
            column.extend(more)
    cut = [(g.value, start, end) for g, some in spans.items() for start, end in some]
    with connection.cursor() as cursor:
        for first in range(0, len(columns[0]), ROWS_AT_ONCE):
            cursor.execute(UPSERT, [at, *(column[first : first + ROWS_AT_ONCE] for column in columns)])
        cursor.execute(CLEAR, [*map(list, zip(*cut, strict=True)), list(series_ids), *columns[:3]])


def _sketches(stored: tuple[Any, ...]) -> tuple[Sketch, ...] | None:
    """None where one is missing: a quantile of a part is no quantile of the whole."""
    if any(bins is None for bins in stored):
        return None
    return tuple(Sketch.from_json(json.loads(bins) if isinstance(bins, str) else bins) for bins in stored)


def _as_lists(rows: IntervalRows) -> list[list[Any]]:
    s = rows.states
    bins = [json.dumps(sketch.as_json()) for sketch in s.bins] if s.bins is not None else [None] * len(rows)
    arrays = [rows.series, rows.start, rows.end, s.n, s.sum_w, s.sum_w2, s.mean, s.m2, s.total, s.minimum, s.maximum]
    return [*[array.tolist() for array in (*arrays, s.last_at, s.last)], bins]

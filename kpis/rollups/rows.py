"""The table of interval values as columns: read, brought in line, cleared of intervals that have become empty."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.aggregation import Ints, States
from kpis.calculations.intervals import Granularity, epoch_us
from kpis.calculations.merging import taken
from kpis.calculations.sketch import Sketch
from kpis.measurements import binary
from kpis.measurements.binary import Parameter, Statement

ROWS_AT_ONCE = 4_000
REAL = ("sum_w", "sum_w2", "mean", "m2", "total", "minimum", "maximum", "last")

Span = tuple[int, int]  # half-open, microseconds since 1970

# As arrays in one row: a quarter's days of many series are read for each point that arrives.
READ = """
select array_agg(series_id), array_agg(start), array_agg("end"), array_agg(n), array_agg(sum_w), array_agg(sum_w2),
       array_agg(mean), array_agg(m2), array_agg(total), array_agg(minimum), array_agg(maximum), array_agg(last_at),
       array_agg(last){bins}
  from (select * from kpis_intervalvalue
         where series_id = any({{series}}) and granularity = {{granularity}} and start >= {{first}} and start < {{end}}
         order by series_id, start) sorted
"""
_read = Statement(READ.format(bins=""))
_read_with_bins = Statement(READ.format(bins=", jsonb_agg(bins)"))

# A row that would not change is left alone: running twice writes nothing the second time.
_upsert = Statement("""
insert into kpis_intervalvalue as old (series_id, granularity, start, "end", n, sum_w, sum_w2, mean, m2, total, minimum,
                                       maximum, last_at, last, bins, computed_at)
select series_id, granularity, start, "end", n, sum_w, sum_w2, mean, m2, total, minimum, maximum, last_at, last,
       nullif(bins, '')::jsonb, {at}
  from unnest({granularity}, {series}, {start}, {end}, {n}, {sum_w}, {sum_w2}, {mean}, {m2}, {total}, {minimum},
              {maximum}, {last_at}, {last}, {bins})
    as new(granularity, series_id, start, "end", n, sum_w, sum_w2, mean, m2, total, minimum, maximum, last_at, last,
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
""")

_clear = Statement("""
delete from kpis_intervalvalue old
 using unnest({cut}, {cut_from}, {cut_until}) as span(granularity, start, "end")
 where old.series_id = any({of_series}) and old.granularity = span.granularity
   and old.start >= span.start and old.start < span."end"
   and not exists (select from unnest({granularity}, {series}, {start}) as kept(granularity, series_id, start)
                    where kept.granularity = old.granularity and kept.series_id = old.series_id
                      and kept.start = old.start)
""")


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
    wanted = {
        "series": binary.int4s(np.array(list(series_ids), np.int32)),
        "granularity": binary.text(granularity),
        "first": binary.instant(int(start)),
        "end": binary.instant(int(end)),
    }
    found = (_read_with_bins if with_bins else _read).run(wanted)

    def real(column: int) -> NDArray[np.float64]:
        return binary.elements(found, 0, column, binary.FLOAT8).astype(np.float64)

    def instants(column: int) -> Ints:
        return binary.elements(found, 0, column, binary.TIMESTAMPTZ).astype(np.int64) + binary.SINCE_2000_US

    series = binary.elements(found, 0, 0, binary.INT4).astype(np.int64)
    n = binary.elements(found, 0, 3, binary.INT8).astype(np.int64)
    bins = _sketches(binary.document(found, 0, 13)) if with_bins else None
    sum_w, sum_w2, mean, m2, total, minimum, maximum = (real(column) for column in range(4, 11))
    states = States(
        np.arange(series.size), n, sum_w, sum_w2, mean, m2, total, minimum, maximum, instants(11), real(12), bins
    )
    return IntervalRows(series, instants(1), instants(2), states)


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
    kept = joined(list(found.values()))
    names = [granularity.value for granularity, rows in found.items() for _ in range(len(rows))]
    bins = [text for rows in found.values() for text in _bins_of(rows)]  # one granularity may have them, another not
    for first in range(0, len(kept), ROWS_AT_ONCE):
        portion = slice(first, first + ROWS_AT_ONCE)
        given = _identities(kept, names, portion) | _numbers(kept, portion)
        _upsert.run(given | {"bins": binary.texts(bins[portion]), "at": binary.instant(epoch_us(at))})
    cut = [(granularity.value, *span) for granularity, some in spans.items() for span in some]
    _clear.run(
        _identities(kept, names, slice(None))
        | {
            "of_series": binary.int4s(np.array(series_ids, np.int32)),
            "cut": binary.texts([name for name, _, _ in cut]),
            "cut_from": binary.instants(np.array([start for _, start, _ in cut], np.int64)),
            "cut_until": binary.instants(np.array([end for _, _, end in cut], np.int64)),
        }
    )


def _identities(rows: IntervalRows, granularity: Sequence[str], portion: slice) -> dict[str, Parameter]:
    return {
        "granularity": binary.texts(granularity[portion]),
        "series": binary.int4s(rows.series[portion].astype(np.int32)),
        "start": binary.instants(rows.start[portion]),
    }


def _numbers(rows: IntervalRows, portion: slice) -> dict[str, Parameter]:
    return {
        "end": binary.instants(rows.end[portion]),
        "n": binary.int8s(rows.states.n[portion]),
        "last_at": binary.instants(rows.states.last_at[portion]),
        **{name: binary.float8s(getattr(rows.states, name)[portion]) for name in REAL},
    }


def _bins_of(rows: IntervalRows) -> list[str]:
    """As JSON, "" where there are none."""
    bins = rows.states.bins
    return [""] * len(rows) if bins is None else [json.dumps(sketch.as_json()) for sketch in bins]


def _sketches(stored: list[Any] | None) -> tuple[Sketch, ...] | None:
    """None where one is missing: a quantile of a part is no quantile of the whole."""
    if stored is None:
        return ()
    return None if any(bins is None for bins in stored) else tuple(map(Sketch.from_json, stored))

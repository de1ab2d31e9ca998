"""The memory of received series: which there are, and their last samples. All of it inside the caller's transaction.

A series is locked by whoever adds to it, so each sample finds its true predecessor, whoever brought that one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Count
from numpy.typing import NDArray
from psycopg.pq.abc import PGresult

from kpis.ingest import limits
from kpis.ingest.named import NAME, Labels
from kpis.measurements import binary
from kpis.plumbing import prepared
from kpis.sources import rules
from kpis.sources.models import MappingRule, ReceivedSeries

KEPT = timedelta(hours=48)  # before the newest sample of the series, in which samples may come in any order
KEPT_UNMAPPED = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=30)
BEGINNING_US = -(10**16)  # before the year 1700, and its opposite after 2200

FOUND = """
select q.n, s.id, s.rule_id, s.kind
from unnest(%s::bytea[]) with ordinality q (labels_hash, n)
join kpis_receivedseries s on s.source_id = %s::int8 and s.labels_hash = q.labels_hash
order by s.id for no key update of s
"""
MADE = """
insert into kpis_receivedseries (source_id, labels, labels_hash, name, kind, rule_id, to_map_anew, first_seen_at)
select %s::int8, q.labels::jsonb, q.labels_hash, q.name, q.kind, q.rule_id, false, %s::timestamptz
from unnest(%s::text[], %s::bytea[], %s::text[], %s::text[], %s::int8[]) q (labels, labels_hash, name, kind, rule_id)
order by q.labels_hash
on conflict (source_id, labels_hash) do nothing
"""
# Of each series what lies around the new samples: from the last value before them to the first one after them.
AROUND = binary.Statement("""
select q.n::int4, s.at, s.value
from unnest({ids}::int4[], {first}::timestamptz[], {last}::timestamptz[]) with ordinality q (id, first, last, n)
join lateral (
    select at, value from kpis_receivedsample s
    where s.series_id = q.id
      and s.at >= coalesce((select max(at) from kpis_receivedsample b
                            where b.series_id = q.id and b.at < q.first and b.value <> 'NaN'), '-infinity')
      and s.at <= coalesce((select min(at) from kpis_receivedsample a
                            where a.series_id = q.id and a.at > q.last and a.value <> 'NaN'), 'infinity')
) s on true
order by q.n, s.at
""")
NEWEST = binary.Statement("""
select q.n::int4, s.at
from unnest({ids}::int4[]) with ordinality q (id, n)
join lateral (select max(at) as at from kpis_receivedsample s where s.series_id = q.id) s on s.at is not null
""")
KEEP = binary.Statement("""
insert into kpis_receivedsample as m (series_id, at, value)
select * from unnest({ids}::int4[], {at}::timestamptz[], {value}::float8[])
on conflict (series_id, at) do update set value = excluded.value where m.value is distinct from excluded.value
""")
# The newest one before the span stays: it is the predecessor of the oldest that may still come.
TRIM = """
delete from kpis_receivedsample s using (
    select r.id, (
        select max(at) from kpis_receivedsample b
        where b.series_id = r.id and b.at <= newest.at
            - case when r.rule_id is null then %(kept_unmapped)s::interval else %(kept)s::interval end
    ) as before
    from kpis_receivedseries r
    cross join lateral (select max(at) as at from kpis_receivedsample n where n.series_id = r.id) newest
) r where s.series_id = r.id and s.at < r.before
"""
FORGET = """
delete from kpis_receivedseries r where r.first_seen_at < %s and not exists (
    select from kpis_receivedsample s where s.series_id = r.id and s.at >= %s
)
"""
ORPHANS = """
delete from kpis_receivedsample s where not exists (select from kpis_receivedseries r where r.id = s.series_id)
"""


class Known(NamedTuple):
    """A series as its row has it, locked."""

    id: int
    rule_id: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class Samples:
    """Sorted by series and time. series : int32, place in the list that was asked for. value : NaN at an end."""

    series: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]


def known_series(source_id: int, labels: Sequence[Labels]) -> dict[int, Known]:
    """The series that are known, by place in `labels`; locked until the transaction ends."""
    rows = prepared.execute(FOUND, [[rules.hash_of(one) for one in labels], source_id]).fetchall()
    return {n - 1: Known(series_id, rule_id, kind) for n, series_id, rule_id, kind in rows}


def make_series(source_id: int, new: Sequence[tuple[Labels, str, MappingRule | None]], *, at: datetime) -> None:
    """Make series of (labels, kind, rule), as many as the source may have; those with a rule have room of their own.

    Writers at the same time may together exceed the limit by what each of them brings.
    """
    counted = ReceivedSeries.objects.filter(source_id=source_id).aggregate(all=Count("pk"), mapped=Count("rule"))
    mapped, unmapped = counted["mapped"], counted["all"] - counted["mapped"]
    wanted = [one for one in new if one[2] is not None], [one for one in new if one[2] is None]
    room = max(0, limits.series_at_most() - mapped), max(0, limits.unmapped_series_at_most() - unmapped)
    made = wanted[0][: room[0]] + wanted[1][: room[1]]
    if made:
        prepared.execute(
            MADE,
            [
                source_id,
                at,
                [json.dumps(dict(labels), ensure_ascii=False) for labels, _, _ in made],
                [rules.hash_of(labels) for labels, _, _ in made],
                [dict(labels)[NAME] for labels, _, _ in made],
                [kind for _, kind, _ in made],
                [rule.pk if rule is not None else None for _, _, rule in made],
            ],
        )


def correct_kinds(kinds: Mapping[int, str]) -> None:
    """Note that a sender says another kind of a series, by its id, than before."""
    for kind in set(kinds.values()):
        ids = [series_id for series_id, said in kinds.items() if said == kind]
        ReceivedSeries.objects.filter(pk__in=ids).update(kind=kind)


def oldest_at_us(series_ids: Sequence[int]) -> NDArray[np.int64]:
    """Of each series from when on a sample still finds its predecessor; the smallest number where none is kept."""
    oldest = np.full(len(series_ids), np.iinfo(np.int64).min)
    if len(series_ids):
        result = NEWEST.run({"ids": binary.int4s(np.array(series_ids, np.int32))})
        oldest[_int4s(result, 0) - 1] = _instants(result, 1) - KEPT // timedelta(microseconds=1)
    return oldest


def samples_around(series_ids: Sequence[int], first: NDArray[np.int64], last: NDArray[np.int64]) -> Samples:
    """What is kept around the span from `first` to `last` (microseconds, one pair a series), neighbours included."""
    ids = binary.int4s(np.array(series_ids, np.int32))
    result = AROUND.run({"ids": ids, "first": binary.instants(first), "last": binary.instants(last)})
    values = _cells(result, 2, ">f8").astype(np.float64)
    return Samples((_int4s(result, 0) - 1).astype(np.int32), _instants(result, 1), values)


def all_samples(series_ids: Sequence[int]) -> Samples:
    """Everything that is kept of these series."""
    ever = np.full(len(series_ids), BEGINNING_US)
    return samples_around(series_ids, ever, -ever)


def keep(series_ids: NDArray[np.int32], at_us: NDArray[np.int64], value: NDArray[np.float64]) -> None:
    """Add samples, each instant of a series once."""
    if len(at_us):
        ids = binary.int4s(series_ids)
        KEEP.run({"ids": ids, "at": binary.instants(at_us), "value": binary.float8s(value)})


def trim(*, at: datetime) -> None:
    """Forget samples that can be nobody's predecessor any more, and series that have been silent for 30 days."""
    long_ago = at - FORGOTTEN_AFTER
    with connection.cursor() as cursor:
        cursor.execute(TRIM, {"kept_unmapped": str(KEPT_UNMAPPED), "kept": str(KEPT)})
        cursor.execute(FORGET, [long_ago, long_ago])
        cursor.execute(ORPHANS)


def _int4s(result: PGresult, column: int) -> NDArray[np.int64]:
    return _cells(result, column, ">i4").astype(np.int64)


def _instants(result: PGresult, column: int) -> NDArray[np.int64]:
    return _cells(result, column, ">i8").astype(np.int64) + binary.SINCE_2000_US


def _cells(result: PGresult, column: int, kind: str) -> NDArray[np.generic]:
    return np.frombuffer(b"".join([result.get_value(n, column) or b"" for n in range(result.ntuples)]), kind)

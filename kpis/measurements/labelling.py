"""Which series a KPI and a label set are: found, locked against deletion, and made where they are new.

The ids are remembered in the process, but never believed: each batch asks the database, in the transaction that
writes, whether they still are what they were, and locks them. So a KPI that was deleted or renamed meanwhile cannot
receive a point under its old id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction

from kpis.plumbing import prepared

# FOR KEY SHARE keeps a series from being deleted until the batch has committed, and lets all other writers pass.
STILL_THERE = """
select s.id, s.kpi_id, k.key from kpis_series s join kpis_kpi k on k.id = s.kpi_id where s.id = any(%s::int4[])
for key share of s
"""
FOUND = """
select q.n, s.id
from unnest(%s::int8[], %s::text[], %s::bytea[]) with ordinality q (kpi_id, key, labels_hash, n)
join kpis_kpi k on k.id = q.kpi_id and k.key = q.key
join kpis_series s on s.kpi_id = q.kpi_id and s.labels_hash = q.labels_hash
for key share of s
"""
MADE = """
insert into kpis_series (kpi_id, labels, labels_hash)
select q.kpi_id, q.labels::jsonb, q.labels_hash
from unnest(%s::int8[], %s::text[], %s::text[], %s::bytea[]) q (kpi_id, key, labels, labels_hash)
join kpis_kpi k on k.id = q.kpi_id and k.key = q.key
order by q.kpi_id, q.labels_hash
on conflict (kpi_id, labels_hash) do nothing
"""
COUNTED = "select kpi_id, count(*) from kpis_series where kpi_id = any(%s::int8[]) group by kpi_id"
# Two numbers, so that these locks are no others'; in order, so that two writers never wait for each other.
ALONE = "select pg_advisory_xact_lock(7013, id::int4) from unnest(%s::int8[]) kpis (id) order by id"
NO_ROOM = -1
REMEMBERED_AT_MOST = 100_000

_series_ids: dict[Wanted, int] = {}


class Wanted(NamedTuple):
    """A KPI as the sender named it (`key`) and as we understood it (`kpi_id`), with labels as canonical JSON."""

    kpi_id: int
    key: str
    labels: str


def canonical(labels: Mapping[str, str]) -> str:
    """One text for equal label sets, whatever their order."""
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def series_ids(wanted: Sequence[Wanted], *, at_most: int, whole: bool = False) -> list[int | None]:
    """The id of each, locked until the transaction ends; None where its KPI is not there under that key (any more).

    at_most : label sets of one KPI; a new one beyond is not made, and NO_ROOM stands in its place. Those that are there
    stay usable, and of several new ones the first get the room. whole : then make none at all.
    """
    found = _remembered(wanted)
    missing = [one for one in dict.fromkeys(wanted) if one not in found]
    refused: set[Wanted] = set()
    if missing:
        found |= _looked_up(missing)
        new = [one for one in missing if one not in found]
        if new:
            found |= _locked_and_looked_up(new, at_most)
            room = _room(new, at_most)
            new = [one for one in new if one not in found]
            refused = _beyond(new, room)
            if not (whole and refused):
                _make([one for one in new if one not in refused])
                found |= _looked_up(new)
        transaction.on_commit(lambda: _remember(found))
    return [NO_ROOM if one in refused else found.get(one) for one in wanted]


def remembered(wanted: Sequence[Wanted]) -> list[int] | None:
    """The ids without asking the database, for a statement that does so itself; None where one is not remembered."""
    try:
        return [_series_ids[one] for one in wanted]
    except KeyError:
        return None


def forget(wanted: Sequence[Wanted]) -> None:
    """Look these up anew at the next time: what was remembered turned out to be old."""
    for one in wanted:
        _series_ids.pop(one, None)


def _remembered(wanted: Sequence[Wanted]) -> dict[Wanted, int]:
    claimed = {one: _series_ids[one] for one in wanted if one in _series_ids}
    if not claimed:
        return {}
    with prepared.together():  # with the beginning of the transaction
        found = prepared.execute(STILL_THERE, [list(claimed.values())])
    true = {series_id: (kpi_id, key) for series_id, kpi_id, key in found}
    return {one: series_id for one, series_id in claimed.items() if true.get(series_id) == (one.kpi_id, one.key)}


def _looked_up(wanted: Sequence[Wanted]) -> dict[Wanted, int]:
    hashes = [_hash(one) for one in wanted]
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [[one.kpi_id for one in wanted], [one.key for one in wanted], hashes])
        return {wanted[n - 1]: series_id for n, series_id in cursor.fetchall()}


def _locked_and_looked_up(new: Sequence[Wanted], at_most: int) -> dict[Wanted, int]:
    """Keep all others from making series of the same KPIs until the transaction ends, so that they can be counted.

    A KPI without room is not locked: a sender of ever new labels makes nobody wait. What others made while this waited
    is found.
    """
    room = _room(new, at_most)
    with connection.cursor() as cursor:
        cursor.execute(ALONE, [[kpi_id for kpi_id, left in room.items() if left > 0]])
    return _looked_up(new)


def _room(wanted: Sequence[Wanted], at_most: int) -> dict[int, int]:
    """For each KPI, how many more label sets it may have."""
    kpi_ids = {one.kpi_id for one in wanted}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [list(kpi_ids)])
        counted = dict(cursor.fetchall())
    return {kpi_id: at_most - counted.get(kpi_id, 0) for kpi_id in kpi_ids}


def _beyond(new: Sequence[Wanted], room: dict[int, int]) -> set[Wanted]:
    refused = set()
    for one in new:
        if room[one.kpi_id] > 0:
            room[one.kpi_id] -= 1
        else:
            refused.add(one)
    return refused


def _make(wanted: Sequence[Wanted]) -> None:
    if not wanted:
        return
    kpi_ids, keys, labels = (list(column) for column in zip(*wanted, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(MADE, [kpi_ids, keys, labels, [_hash(one) for one in wanted]])


def _hash(one: Wanted) -> bytes:
    return hash_of(one.labels)


def hash_of(labels: str) -> bytes:
    """By which a label set, as `canonical` writes it, is found."""
    return hashlib.sha256(labels.encode()).digest()


def _remember(found: Mapping[Wanted, int]) -> None:
    if len(_series_ids) + len(found) > REMEMBERED_AT_MOST:
        _series_ids.clear()
    _series_ids.update(found)

"""Points into PostgreSQL, inside the caller's transaction: COPY where they are new, an exact upsert where they are not.

Identity is (series, at, event_id). Sending it again replaces the value; the same value again leaves nothing behind.
What has changed is noted as an Arrival in the same transaction, so that no interval value can miss it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from psycopg import errors

from kpis.calculations.intervals import epoch_us
from kpis.measurements import binary, partitions
from kpis.measurements.binary import Parameter, Statement

QUARTER_HOUR_US = 900_000_000
# Below this many points one upsert costs less than savepoint and COPY together.
COPY_FROM = 500

# A weight of 1 is not written: it would be an eighth of most rows.
COPY = "copy kpis_measurement (at, value, batch_id, series_id, event_id) from stdin (format binary)"
COPY_WEIGHTED = "copy kpis_measurement (at, value, weight, batch_id, series_id, event_id) from stdin (format binary)"
# Only a value or weight that differs is written: a repeated request must not double the table.
# Which rows were there the rows themselves say: a table of parts does not return xmax.
UPSERT = Statement("""
with written as (
    insert into kpis_measurement as m (series_id, at, value, weight, event_id, batch_id)
    select series_id, at, value, nullif(weight, 1), event_id, {batch_id}
    from unnest({series_id}, {at}, {value}, {weight}, {event_id}) u (series_id, at, value, weight, event_id)
    on conflict (series_id, at, event_id) do update
        set value = excluded.value, weight = excluded.weight, batch_id = excluded.batch_id, replaced = true
        where (m.value, coalesce(m.weight, 1)) is distinct from (excluded.value, coalesce(excluded.weight, 1))
    returning m.series_id, m.at, not m.replaced as is_new
), arrived as (
    insert into kpis_arrival (series_id, slots, arrived_at)
    select series_id, array_agg(distinct floor(date_part('epoch', at) / 900)::int4), {arrived_at}
    from written group by series_id order by series_id
), rewritten as (
    insert into kpis_seriesrewrite (series_id, stamp)
    select series_id, nextval(pg_get_serial_sequence('kpis_batch', 'id'))
    from (select distinct series_id from written where not is_new order by series_id) changed
    on conflict (series_id) do update set stamp = excluded.stamp
)
select count(*) filter (where is_new), count(*) filter (where not is_new) from written
""")
ARRIVED = """
insert into kpis_arrival (series_id, slots, arrived_at)
select series_id, array_agg(slot), {arrived_at} from unnest({touched_series}, {touched_slots}) u (series_id, slot)
"""
BY_SERIES = "group by series_id order by series_id"
_arrived = Statement(ARRIVED + BY_SERIES)


class SomeAreThere(Exception):
    """Points that were taken for new are not."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of known series, each identity once, sorted by identity (so that two writers never deadlock).

    series_id : int32, shape (n,). at_us : int64, microseconds since 1970 UTC. value, weight : float64, finite.
    event_id : texts, "" where there is none; None where no point has one.
    """

    series_id: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    event_id: NDArray[np.object_] | None

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the points: new, changed, or there already with the same value and weight."""

    accepted: int
    replaced: int
    unchanged: int


def once_each(points: Points) -> Points:
    """Sorted by identity; of equal identities the last one stays."""
    order = np.lexsort((points.at_us, points.series_id))
    same = _equals_next(points.series_id[order]) & _equals_next(points.at_us[order])
    if points.event_id is not None and same.any():
        rank = _ranks(points.event_id)
        order = np.lexsort((rank, points.at_us, points.series_id))
        same = _equals_next(points.series_id[order]) & _equals_next(points.at_us[order]) & _equals_next(rank[order])
    kept = order[~same]
    return Points(
        points.series_id[kept],
        points.at_us[kept],
        points.value[kept],
        points.weight[kept],
        None if points.event_id is None else points.event_id[kept],
    )


def _equals_next(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value has an equal one right behind it. lexsort is stable, so the last of a run was sent last."""
    same = np.zeros(len(values), np.bool_)
    np.equal(values[:-1], values[1:], out=same[:-1])
    return same


def _ranks(event_id: NDArray[np.object_]) -> NDArray[np.int64]:
    ids = event_id.tolist()
    ranks = {text: rank for rank, text in enumerate(sorted(set(ids)))}
    return np.fromiter(map(ranks.__getitem__, ids), np.int64, len(ids))


def write(points: Points, *, batch_id: int, arrived_at: datetime) -> Written:
    """Store the points and their arrivals; call it in a transaction that has locked their series.

    Makes the places of their months first: the transaction that it runs in cannot be done again from here.
    """
    partitions.make_for(points.at_us)
    if len(points) < COPY_FROM:
        return upsert(points, batch_id=batch_id, arrived_at=arrived_at)
    try:
        with transaction.atomic():  # a savepoint: what COPY has begun goes, the rest of the transaction stays
            return write_new(points, batch_id=batch_id, arrived_at=arrived_at)
    except SomeAreThere:
        return upsert(points, batch_id=batch_id, arrived_at=arrived_at)


def write_new(points: Points, *, batch_id: int, arrived_at: datetime) -> Written:
    """As `write`, for points that are probably all new. Refuses (SomeAreThere) where one is there.

    The transaction is then lost and is to be done again with `upsert`: cheaper, since points are rarely sent twice,
    than a savepoint for every batch.
    """
    if len(points) < COPY_FROM:
        return upsert(points, batch_id=batch_id, arrived_at=arrived_at)
    with connection.wrap_database_errors:
        try:
            _copy(points, batch_id)
        except errors.UniqueViolation as error:
            raise SomeAreThere from error
    _note_arrivals(points, arrived_at)
    return Written(len(points), 0, 0)


def upsert(points: Points, *, batch_id: int, arrived_at: datetime) -> Written:
    """As `write`, for points of which some may be there."""
    if not len(points):
        return Written(0, 0, 0)
    return _upsert(points, batch_id, arrived_at)


def _copy(points: Points, batch_id: int) -> None:
    weights = [(">f8", points.weight)] if (points.weight != 1).any() else []
    rows = binary.copy_rows(
        [
            (">i8", points.at_us - binary.SINCE_2000_US),
            (">f8", points.value),
            *weights,
            (">i8", batch_id),
            (">i4", points.series_id),
        ],
        None if points.event_id is None else points.event_id.tolist(),
        len(points),
    )
    with connection.connection.cursor() as cursor, cursor.copy(COPY_WEIGHTED if weights else COPY) as copy:
        copy.write(rows)


def _upsert(points: Points, batch_id: int, arrived_at: datetime) -> Written:
    given = parameters(points) | {"batch_id": binary.int8(batch_id), "arrived_at": binary.instant(epoch_us(arrived_at))}
    result = UPSERT.run({"event_id": binary.texts([""] * len(points))} | given)
    accepted, replaced = (binary.whole_number(result, 0, column) for column in (0, 1))
    return Written(accepted, replaced, len(points) - accepted - replaced)


def parameters(points: Points) -> dict[str, Parameter]:
    """The points as arrays for a statement; `event_id` only where one of them has one."""
    columns = {
        "series_id": binary.int4s(points.series_id),
        "at": binary.instants(points.at_us),
        "value": binary.float8s(points.value),
        "weight": binary.float8s(points.weight),
    }
    return columns if points.event_id is None else columns | {"event_id": binary.texts(points.event_id.tolist())}


def touched(points: Points) -> dict[str, Parameter]:
    """The quarter hours that the points, sorted by series and time, lie in, by series, for `ARRIVED`."""
    slots = (points.at_us // QUARTER_HOUR_US).astype(np.int32)
    last = ~(_equals_next(slots) & _equals_next(points.series_id))
    return {"touched_series": binary.int4s(points.series_id[last]), "touched_slots": binary.int4s(slots[last])}


def _note_arrivals(points: Points, arrived_at: datetime) -> None:
    _arrived.run(touched(points) | {"arrived_at": binary.instant(epoch_us(arrived_at))})

"""A whole batch in one statement of its own: its points, what they touch, its digest and its row, or nothing of it.

The usual batch is small, has only good points of series that are known, and none of them is there yet. The steps of a
transaction, with a message each, cost such a batch as much as storing its points. Whatever this does not take,
`accepting` does step by step, with the same result.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import numpy as np
from django.db import IntegrityError
from psycopg import errors

from kpis.ingest import repeats
from kpis.measurements import batches, binary, labelling, store
from kpis.measurements.binary import Statement

# From here on COPY is cheaper, by more than the steps around it cost.
POINTS_AT_MOST = 3_000

# All else waits for `sound`: the series are there, under the KPIs that the sender named, and are locked against
# deletion (as in `labelling`).
SOUND = """
select count(*) = cardinality({wanted_series}) as yes from (
    select from unnest({wanted_series}, {wanted_kpi}, {wanted_key}) w (series_id, kpi_id, key)
    join kpis_series s on s.id = w.series_id and s.kpi_id = w.kpi_id
    join kpis_kpi k on k.id = w.kpi_id and k.key = w.key
    for key share of s
) there
"""
WHERE_SOUND = " where (select yes from sound) "
PLAIN = """
insert into kpis_measurement (series_id, at, value, weight, event_id, batch_id)
select series_id, at, value, nullif(weight, 1), '', {batch_id}
from unnest({series_id}, {at}, {value}, {weight}) u (series_id, at, value, weight)
"""
WITH_IDS = """
insert into kpis_measurement (series_id, at, value, weight, event_id, batch_id)
select series_id, at, value, nullif(weight, 1), event_id, {batch_id}
from unnest({series_id}, {at}, {value}, {weight}, {event_id}) u (series_id, at, value, weight, event_id)
"""


@cache
def _statement(with_ids: bool, with_digest: bool) -> Statement:
    parts = {
        "sound": SOUND,
        "stored": (WITH_IDS if with_ids else PLAIN) + WHERE_SOUND,
        "arrived": store.ARRIVED + WHERE_SOUND + store.BY_SERIES,
        "recorded": batches.RECORD + WHERE_SOUND,
    }
    if with_digest:
        parts["remembered"] = repeats.REMEMBER + WHERE_SOUND + repeats.ANEW
    steps = ",".join(f"{name} as ({sql})" for name, sql in parts.items())
    return Statement(f"with {steps} select yes from sound")  # noqa: S608 - constants only


def write(
    points: store.Points,
    wanted: Sequence[labelling.Wanted],
    series_ids: Sequence[int],
    *,
    batch_id: int,
    counts: batches.Counts,
    sender: batches.Sender,
    digest: bytes | None,
    at: datetime,
) -> bool:
    """Store new points, to be called outside a transaction; False where the series are not what they were.

    wanted, series_ids : the batch's series as named by the sender and as remembered. digest : None where the batch
    need not be known again. Refuses (SomeAreThere) where a point is there already. Either way nothing is stored.
    """
    given = store.parameters(points) | store.touched(points)
    given |= batches.parameters(batch_id, counts, sender=sender, at=at)
    given |= {
        "wanted_series": binary.int4s(np.array(series_ids, np.int32)),
        "wanted_kpi": binary.int8s(np.array([one.kpi_id for one in wanted], np.int64)),
        "wanted_key": binary.texts([one.key for one in wanted]),
    }
    if digest is not None:
        series = [(series_id, one.key) for series_id, one in zip(series_ids, wanted, strict=True)]
        given |= repeats.parameters(digest, points=len(points), series=series)
    try:
        result = _statement(points.event_id is not None, digest is not None).run(given)
    except IntegrityError as error:
        if isinstance(error.__cause__, errors.UniqueViolation):
            raise store.SomeAreThere from error
        raise
    return bool(struct.unpack("?", result.get_value(0, 0) or b"")[0])

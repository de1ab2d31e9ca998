"""The same request again, word for word: known by its digest before any of its points is looked at.

A sender that lost our answer sends once more; the points are all there, so there is nothing to do. That holds only
while nobody has changed one of them since: each batch keeps a stamp of one sequence, and so does each rewriting of a
series' rows (`measurements.store`). A digest whose series were rewritten after it, or whose KPIs are not there under
their keys any more, is passed over, and the points are taken in one by one: the last write wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from kpis.access.models import Token
from kpis.calculations.intervals import epoch_us
from kpis.ingest.models import BatchDigest
from kpis.ingest.receipts import Receipt
from kpis.measurements import binary
from kpis.measurements.binary import Parameter, Statement

SeriesOfKpi = tuple[int, str]  # a series' id, and the key of its KPI

KEPT = timedelta(days=7)
# Below these, taking the points in again costs no more than the digest.
SMALLEST_BODY, FEWEST_POINTS = 1_000, 100
MOST_SERIES = 1_000

# One statement. What it leaves, the count for the sender's own eyes, is not worth waiting for the disk: no point
# depends on it.
_known = Statement("""
with known as (
    select d.received, d.points, set_config('synchronous_commit', 'off', true)
    from kpis_batchdigest d
    where d.digest = {digest} and d.at > {oldest} and not exists (
        select from unnest(d.series_ids, d.kpi_keys) as u (series_id, key)
        left join kpis_series s on s.id = u.series_id
        left join kpis_kpi k on k.id = s.kpi_id and k.key = u.key
        left join kpis_seriesrewrite r on r.series_id = u.series_id
        where k.id is null or r.stamp > d.stamp
    )
), noted as (
    insert into kpis_batch (arrived_at, token_id, received, accepted, replaced, unchanged, rejected, form, size)
    select {at}, {token}, received, 0, received - points, points, 0, {form}, {size}
    from known
)
select received, points from known
""")
REMEMBER = """
insert into kpis_batchdigest (digest, at, received, points, series_ids, kpi_keys, stamp)
select {digest}, {arrived_at}, {received}, {points}, {series_ids}, {kpi_keys},
       nextval(pg_get_serial_sequence('kpis_batch', 'id'))
"""
ANEW = """
on conflict (digest) do update set (at, received, points, series_ids, kpi_keys, stamp) =
    (excluded.at, excluded.received, excluded.points, excluded.series_ids, excluded.kpi_keys, excluded.stamp)
"""
_remember = Statement(REMEMBER + ANEW)


def digest_of(body: bytes, *form: str, actor: Token) -> bytes:
    """What makes two requests the same: who sends, in which form (media type, encoding), which bytes."""
    digest = hashlib.sha256("\0".join((f"token:{actor.pk}", *form, "")).encode("utf-8", "surrogateescape"))
    digest.update(body)
    return digest.digest()


def receipt_of(digest: bytes, *, actor: Token, form: str, size: int, at: datetime) -> Receipt | None:
    """The receipt of a request whose points are all there as it has them; None where that is not certain."""
    found = _known.run(
        {
            "digest": binary.bytea(digest),
            "oldest": binary.instant(epoch_us(at - KEPT)),
            "at": binary.instant(epoch_us(at)),
            "token": binary.int8(actor.pk),
            "form": binary.text(form),
            "size": binary.int4(size),
        }
    )
    if not found.ntuples:
        return None
    received, points = (binary.whole_number(found, 0, column) for column in (0, 1))
    return Receipt(received=received, replaced=received - points, unchanged=points)


def are_remembered(*, points: int, series: int) -> bool:
    """Whether a batch of so many identities in so many series is worth a digest."""
    return points >= FEWEST_POINTS and series <= MOST_SERIES


def remember(digest: bytes, *, received: int, points: int, series: Sequence[SeriesOfKpi], at: datetime) -> None:
    """Know this batch again, in the transaction of its points; call it for a batch without a rejected point."""
    counted = {"received": binary.int4(received), "arrived_at": binary.instant(epoch_us(at))}
    _remember.run(parameters(digest, points=points, series=series) | counted)


def parameters(digest: bytes, *, points: int, series: Sequence[SeriesOfKpi]) -> dict[str, Parameter]:
    """What `REMEMBER` asks for, besides `received` and `arrived_at`.

    points : how many identities the batch had. series : to which they belong.
    """
    return {
        "digest": binary.bytea(digest),
        "points": binary.int4(points),
        "series_ids": binary.int4s(np.array([series_id for series_id, _ in series], np.int32)),
        "kpi_keys": binary.texts([key for _, key in series]),
    }


def trim(*, at: datetime) -> int:
    """Forget what is older than seven days; answers how many."""
    return BatchDigest.objects.filter(at__lte=at - KEPT).delete()[0]

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

from kpis.access.models import Token
from kpis.ingest.models import BatchDigest
from kpis.ingest.receipts import Receipt
from kpis.plumbing import prepared

KEPT = timedelta(days=7)
# Below these, taking the points in again costs no more than the digest.
SMALLEST_BODY, FEWEST_POINTS = 1_000, 100
MOST_SERIES = 1_000

# One statement. What it leaves, the count for the sender's own eyes, is not worth waiting for the disk: no point
# depends on it.
KNOWN = """
with known as (
    select d.received, d.points, set_config('synchronous_commit', 'off', true)
    from kpis_batchdigest d
    where d.digest = %(digest)s::bytea and d.at > %(oldest)s::timestamptz and not exists (
        select from unnest(d.series_ids, d.kpi_keys) as u (series_id, key)
        left join kpis_series s on s.id = u.series_id
        left join kpis_kpi k on k.id = s.kpi_id and k.key = u.key
        left join kpis_seriesrewrite r on r.series_id = u.series_id
        where k.id is null or r.stamp > d.stamp
    )
), noted as (
    insert into kpis_batch (arrived_at, token_id, received, accepted, replaced, unchanged, rejected)
    select %(at)s::timestamptz, %(token)s::int8, received, 0, received - points, points, 0 from known
)
select received, points from known
"""
REMEMBER = """
insert into kpis_batchdigest (digest, at, received, points, series_ids, kpi_keys, stamp)
values (%s::bytea, %s::timestamptz, %s::int4, %s::int4, %s::int4[], %s::text[],
        nextval(pg_get_serial_sequence('kpis_batch', 'id')))
on conflict (digest) do update set (at, received, points, series_ids, kpi_keys, stamp) =
    (excluded.at, excluded.received, excluded.points, excluded.series_ids, excluded.kpi_keys, excluded.stamp)
"""


def digest_of(body: bytes, *form: str, actor: Token) -> bytes:
    """What makes two requests the same: who sends, in which form (media type, encoding), which bytes."""
    digest = hashlib.sha256("\0".join((f"token:{actor.pk}", *form, "")).encode("utf-8", "surrogateescape"))
    digest.update(body)
    return digest.digest()


def receipt_of(digest: bytes, *, actor: Token, at: datetime) -> Receipt | None:
    """The receipt of a request whose points are all there as it has them; None where that is not certain."""
    found = prepared.execute(KNOWN, {"digest": digest, "oldest": at - KEPT, "at": at, "token": actor.pk}).fetchone()
    if found is None:
        return None
    received, points = found
    return Receipt(received=received, replaced=received - points, unchanged=points)


def remember(digest: bytes, *, received: int, points: int, series: Sequence[tuple[int, str]], at: datetime) -> None:
    """Know this batch again, in the transaction of its points; call it for a batch without a rejected point.

    points : how many identities it had. series : the id and the KPI's key of each series that they belong to.
    """
    if points < FEWEST_POINTS or len(series) > MOST_SERIES:
        return
    series_ids, kpi_keys = [series_id for series_id, _ in series], [key for _, key in series]
    prepared.execute(REMEMBER, [digest, at, received, points, series_ids, kpi_keys])


def trim(*, at: datetime) -> int:
    """Forget what is older than seven days; answers how many."""
    return BatchDigest.objects.filter(at__lte=at - KEPT).delete()[0]

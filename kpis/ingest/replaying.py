"""Rejected points, sent once more as their sender sent them: after a KPI was made, a sight widened, a limit raised.

They take the way of every other point, under the sender's own sight, and leave the list where they are stored now. A
point whose identity has come in a newer request meanwhile leaves it too: the newer value stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet

from kpis.access.models import Token, User
from kpis.ingest import checking
from kpis.ingest.accepting import accept_columns
from kpis.ingest.columns import EPOCH, Columns
from kpis.ingest.decoding import plain_json
from kpis.ingest.models import Rejection
from kpis.ingest.parcels import Source
from kpis.ingest.receipts import Rejected
from kpis.ingest.rejections import KEPT_OF_A_SENDER
from kpis.measurements import labelling, partitions

THERE = """
select q.n::int4 - 1
from unnest(%s::text[], %s::bytea[], %s::timestamptz[], %s::text[]) with ordinality
  q (key, labels_hash, at, event_id, n)
join kpis_kpi k on k.key = q.key
join kpis_series s on s.kpi_id = k.id and s.labels_hash = q.labels_hash
join kpis_measurement m on m.series_id = s.id and m.at = q.at and m.event_id = q.event_id
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of points that were sent once more.

    stored : they are measurements now. there : came by themselves meanwhile. rejected : still bad, perhaps for another
    reason. left : no point that could be sent again (a row that was none, a sample of a named series, one cut short).
    """

    stored: int = 0
    there: int = 0
    rejected: int = 0
    left: int = 0

    def __add__(self, other: Replayed) -> Replayed:
        return Replayed(
            self.stored + other.stored,
            self.there + other.there,
            self.rejected + other.rejected,
            self.left + other.left,
        )


def replay(rejections: QuerySet[Rejection], *, at: datetime) -> Replayed:
    """Send the newest thousand of these again, oldest first, so that the last one counts. at : the present instant."""
    newest = rejections.select_related("batch__token__created_by", "batch__user", "batch__source")
    rows = sorted(newest.order_by("-pk")[:KEPT_OF_A_SENDER], key=lambda row: (_sender_key(row), row.pk))
    replayed = Replayed()
    for _, those in groupby(rows, key=_sender_key):
        replayed += _replay(list(those), at)
    return replayed


def _sender_key(row: Rejection) -> tuple[int, int, int]:
    return row.batch.token_id or 0, row.batch.user_id or 0, row.batch.source_id or 0


def _replay(rows: Sequence[Rejection], at: datetime) -> Replayed:
    """Those of one sender, in one transaction."""
    points = [_point(row.point) for row in rows]
    whole = [number for number, point in enumerate(points) if point is not None]
    columns = plain_json.from_rows([points[number] for number in whole])
    partitions.make_for(checking.instants_of_a_point(columns.at_us, at=at))
    with transaction.atomic():
        ids = [rows[number].pk for number in whole]
        locked = set(Rejection.objects.select_for_update().filter(pk__in=ids).values_list("pk", flat=True))
        chosen = [number for number in whole if rows[number].pk in locked]  # without those another has just replayed
        replayed = _store([rows[number] for number in chosen], [points[number] for number in chosen], at)
    return replayed + Replayed(left=len(rows) - len(whole))


def _store(rows: Sequence[Rejection], points: Sequence[Any], at: datetime) -> Replayed:
    if not rows:
        return Replayed()
    batch = rows[0].batch
    actor: Token | User | None = batch.token or batch.user
    source: Source | None = batch.source
    tried = accept_columns(plain_json.from_rows(list(points)), actor=actor, source=source, dry_run=True, at=at)
    bad = {entry.index: entry for entry in tried.rejected}
    _say_anew(rows, bad)
    good = [number for number in range(len(rows)) if number not in bad]
    there = _already_there(plain_json.from_rows([points[number] for number in good]))
    wanted = [number for place, number in enumerate(good) if place not in there]
    if wanted:
        accept_columns(plain_json.from_rows([points[number] for number in wanted]), actor=actor, source=source, at=at)
    Rejection.objects.filter(pk__in=[rows[number].pk for number in good]).delete()
    return Replayed(stored=len(wanted), there=len(there), rejected=len(bad))


def _point(text: str) -> Any:
    """The point as it was sent; None for what is none."""
    try:
        point = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return point if isinstance(point, dict) and isinstance(point.get("kpi"), str) else None


def _say_anew(rows: Sequence[Rejection], bad: dict[int, Rejected]) -> None:
    """What is still rejected stays, with the reason that it has now."""
    for number, entry in bad.items():
        rows[number].code, rows[number].detail, rows[number].attr = entry.code, entry.detail, entry.attr
    Rejection.objects.bulk_update([rows[number] for number in bad], ["code", "detail", "attr"])


def _already_there(columns: Columns) -> set[int]:
    ids = [""] * len(columns) if columns.event_id is None else columns.event_id.tolist()
    hashes = [labelling.hash_of(labelling.canonical(labels)) for labels in columns.label_sets]
    with connection.cursor() as cursor:
        cursor.execute(
            THERE,
            [
                [columns.kpi_keys[n] for n in columns.kpi.tolist()],
                [hashes[n] for n in columns.labels.tolist()],
                [EPOCH + timedelta(microseconds=at_us) for at_us in np.asarray(columns.at_us).tolist()],
                ids,
            ],
        )
        return {row[0] for row in cursor.fetchall()}

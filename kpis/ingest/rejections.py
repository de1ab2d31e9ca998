"""Why a point is not stored: a stable code, the member at fault, a sentence; and the list that its sender can see."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from kpis.ingest import limits
from kpis.ingest.columns import Columns
from kpis.ingest.models import Rejection
from kpis.ingest.receipts import Rejected
from kpis.measurements import batches

GOOD = 0
KEPT_AT_MOST = 1000  # rejections of one batch
LONGEST_POINT = 8_000  # characters of a bad point that are kept: more than any good one has
KEPT_OF_A_SENDER = 1000
KEPT = timedelta(days=30)
TRIMMED_AFTER = 10 * KEPT_OF_A_SENDER
SENDERS_AT_MOST = 10_000

_kept_since: dict[batches.Sender, int] = {}
_lock = threading.Lock()

# The oldest beyond a thousand of each sender, and what is older than thirty days.
TRIM = """
delete from kpis_rejection where id in (
    select id from (
        select r.id, b.arrived_at,
               row_number() over (partition by b.token_id, b.user_id, b.source_id order by r.id desc) as n
        from kpis_rejection r join kpis_batch b on b.id = r.batch_id
    ) kept where n > %s or arrived_at <= %s
)
"""

# The same for one sender. What another transaction is about to trim or to send again is left to it.
TRIM_OF_ONE = """
delete from kpis_rejection where id in (
    select r.id from kpis_rejection r join kpis_batch b on b.id = r.batch_id
    where b.token_id is not distinct from %s and b.user_id is not distinct from %s
      and b.source_id is not distinct from %s
    order by r.id desc offset %s
    for update of r skip locked
)
"""


class Verdict(NamedTuple):
    """One way in which a point can be bad. `detail` is said in English: it is read by who builds the sender."""

    number: int
    code: str
    attr: str | None
    detail: str

    @property
    def sentence(self) -> str:
        return self.detail.replace("{label_sets}", f"{limits.label_sets_at_most():,}")


VERDICTS = {
    code: Verdict(number, code, attr, detail)
    for number, (code, attr, detail) in enumerate(
        [
            ("invalid_row", None, "This is not a point: it must have kpi, at and value."),
            ("unknown_kpi", "kpi", "kpi must be the key of a KPI that exists and that this sender may write to."),
            ("invalid_time", "at", "at must be RFC 3339 with an offset, or whole epoch milliseconds, from 1990 on."),
            ("time_in_future", "at", "at lies more than 10 minutes ahead of the portal's clock."),
            ("invalid_value", "value", "value must be a finite JSON number."),
            ("invalid_weight", "weight", "weight must be a finite JSON number of 0 or more; leave it out for 1."),
            ("invalid_id", "id", "id must be text of at most 200 characters without control characters."),
            (
                "invalid_labels",
                "labels",
                "labels must be at most 16 texts by name, names of 1 to 64 and values of at most 200 characters, "
                "without control characters.",
            ),
            ("rows_gone", "at", "at lies in a day of which this KPI's measurements are not kept any more."),
            (
                "too_late",
                "at",
                "The sample lies more than 48 hours before the newest one of its series: what came before it is not "
                "kept any more, so what it adds cannot be told.",
            ),
            (
                "too_many_label_sets",
                "labels",
                "The KPI has {label_sets} label sets, the limit INGEST_MAX_LABEL_SETS. Each one costs a series with "
                "interval values of its own: send labels of few values, and what is different for each event as id.",
            ),
        ],
        start=1,
    )
}
BY_NUMBER = {verdict.number: verdict for verdict in VERDICTS.values()}


def rejected_points(verdicts: NDArray[np.int8]) -> list[Rejected]:
    """One entry for each point that is not good, in the order of the request."""
    bad = np.flatnonzero(verdicts)
    return [
        Rejected(index, verdict.code, verdict.sentence, verdict.attr)
        for index, verdict in zip(bad.tolist(), map(BY_NUMBER.__getitem__, verdicts[bad].tolist()), strict=True)
    ]


def keep(rejected: list[Rejected], columns: Columns, *, batch_id: int, sender: batches.Sender) -> None:
    """Write down the first thousand rejections of a batch, each with the point as it was sent.

    A sender of nothing but bad points would fill the disk until the next `trim`: after each ten thousand of one sender
    this process keeps the newest thousand only.
    """
    kept = Rejection.objects.bulk_create(
        Rejection(
            batch_id=batch_id,
            index=entry.index,
            code=entry.code,
            detail=entry.detail,
            attr=entry.attr,
            point=columns.point_as_sent(entry.index)[:LONGEST_POINT].replace("\x00", ""),
        )
        for entry in rejected[:KEPT_AT_MOST]
    )
    if _many_since(sender, len(kept)):
        with connection.cursor() as cursor:
            cursor.execute(TRIM_OF_ONE, [sender.token_id, sender.user_id, sender.source_id, KEPT_OF_A_SENDER])


def _many_since(sender: batches.Sender, kept: int) -> bool:
    """Whether this process has kept ten thousand of the sender since the answer was last yes."""
    with _lock:
        if len(_kept_since) > SENDERS_AT_MOST:
            _kept_since.clear()
        _kept_since[sender] = _kept_since.get(sender, 0) + kept
        many = _kept_since[sender] >= TRIMMED_AFTER
        if many:
            del _kept_since[sender]
        return many


def trim(*, at: datetime) -> int:
    """Forget what nobody is shown any more; answers how many."""
    with connection.cursor() as cursor:
        cursor.execute(TRIM, [KEPT_OF_A_SENDER, at - KEPT])
        return cursor.rowcount

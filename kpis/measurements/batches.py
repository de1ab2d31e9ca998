"""What arrived together, and from whom: one row a request or pull, so that every point can say where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

NEXT_ID = "select nextval(pg_get_serial_sequence('kpis_batch', 'id'))"
# Written once, at the end, when the counts are known: an update would leave a dead row for each batch.
RECORD = """
insert into kpis_batch
    (id, arrived_at, token_id, user_id, source_id, received, accepted, replaced, unchanged, rejected)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """Ids of who sent a batch: a token, a person, a data source, or several of them."""

    token_id: int | None = None
    user_id: int | None = None
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a batch's points."""

    received: int
    accepted: int
    replaced: int
    unchanged: int
    rejected: int


def next_batch_id() -> int:
    """The number under which the rows of a batch will find it; a number that is not used leaves a harmless gap."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_ID)
        return int(cursor.fetchone()[0])


def record(batch_id: int, counts: Counts, *, sender: Sender, at: datetime) -> None:
    """Write the batch's row, in the transaction of its points."""
    values = (counts.received, counts.accepted, counts.replaced, counts.unchanged, counts.rejected)
    with connection.cursor() as cursor:
        cursor.execute(RECORD, (batch_id, at, sender.token_id, sender.user_id, sender.source_id, *values))

"""What arrived together, and from whom: one row a request or pull, so that every point can say where it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kpis.calculations.intervals import epoch_us
from kpis.measurements import binary
from kpis.measurements.binary import Parameter, Statement
from kpis.plumbing import prepared

IDS_AT_ONCE = 32
NEXT_IDS = "select nextval(pg_get_serial_sequence('kpis_batch', 'id')) from generate_series(1, %s::int4)"
# Written once, at the end, when the counts are known: an update would leave a dead row for each batch.
RECORD = """
insert into kpis_batch (id, arrived_at, token_id, user_id, source_id, received, accepted, replaced, unchanged, rejected,
                        reasons, form, size, newest_at)
select {batch_id}, {arrived_at}, {token_id}, {user_id}, {source_id},
       {received}, {accepted}, {replaced}, {unchanged}, {rejected},
       {reasons}, {form}, {size}, {newest_at}
"""
_record = Statement(RECORD)

_ids: list[int] = []  # taken, not yet used
os.register_at_fork(after_in_child=_ids.clear)


@dataclass(frozen=True, slots=True)
class Sender:
    """Ids of who sent a batch: a token, a person, a data source, or several of them."""

    token_id: int | None = None
    user_id: int | None = None
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a batch's points, and how it came.

    reasons : how many points were rejected by code. form : short name of its media type, "" where it was no body.
    size : bytes as sent. newest_us : the newest good point's own time, microseconds since 1970.
    """

    received: int
    accepted: int
    replaced: int
    unchanged: int
    rejected: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    form: str = ""
    size: int = 0
    newest_us: int | None = None


def next_batch_id() -> int:
    """The number under which the rows of a batch will find it. Those that are not used leave harmless gaps.

    Taken from the sequence some at a time; so the numbers of two processes do not tell which batch came first.
    """
    try:
        return _ids.pop()
    except IndexError:
        first, *rest = (row[0] for row in prepared.execute(NEXT_IDS, [IDS_AT_ONCE]))
        _ids.extend(reversed(rest))
        return int(first)


def record(batch_id: int, counts: Counts, *, sender: Sender, at: datetime) -> None:
    """Write the batch's row, in the transaction of its points."""
    _record.run(parameters(batch_id, counts, sender=sender, at=at))


def parameters(batch_id: int, counts: Counts, *, sender: Sender, at: datetime) -> dict[str, Parameter]:
    """What `RECORD` asks for."""
    return {
        "batch_id": binary.int8(batch_id),
        "arrived_at": binary.instant(epoch_us(at)),
        "token_id": binary.int8(sender.token_id),
        "user_id": binary.int8(sender.user_id),
        "source_id": binary.int8(sender.source_id),
        "received": binary.int4(counts.received),
        "accepted": binary.int4(counts.accepted),
        "replaced": binary.int4(counts.replaced),
        "unchanged": binary.int4(counts.unchanged),
        "rejected": binary.int4(counts.rejected),
        "reasons": binary.jsonb(counts.reasons or None),
        "form": binary.text(counts.form),
        "size": binary.int4(counts.size),
        "newest_at": binary.instant(counts.newest_us),
    }

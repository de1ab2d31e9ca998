"""How points came and from whom: what the row of their batch says besides what became of them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kpis.access.models import Token, User
from kpis.ingest import addressing
from kpis.ingest.receipts import Receipt
from kpis.measurements import batches


class Source(Protocol):
    """What is kept of a source here, in a room below the one that knows sources: the number of its row."""

    @property
    def pk(self) -> int: ...


class Parcel(NamedTuple):
    """How points came: short name of the form, bytes as sent, and the digest of the whole, to know it again."""

    form: str = ""
    size: int = 0
    digest: bytes | None = None


NO_PARCEL = Parcel()  # points that came in no body: pulled, or made here


def sender(actor: addressing.Actor, source: Source | None) -> batches.Sender:
    return batches.Sender(
        token_id=actor.pk if isinstance(actor, Token) else None,
        user_id=actor.pk if isinstance(actor, User) else None,
        source_id=source.pk if source is not None else None,
    )


def counts_of(receipt: Receipt, parcel: Parcel, at_us: NDArray[np.int64]) -> batches.Counts:
    return batches.Counts(
        receipt.received,
        receipt.accepted,
        receipt.replaced,
        receipt.unchanged,
        len(receipt.rejected),
        reasons=dict(Counter(entry.code for entry in receipt.rejected)),
        form=parcel.form,
        size=parcel.size,
        newest_us=int(at_us.max()) if len(at_us) else None,
    )

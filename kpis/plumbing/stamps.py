"""The state version of all figures: the same text as before, and nothing they are made of was committed in between.

Triggers write one row for each transaction that changes a definition, a right, an interval value, an effect or a
ledger entry (`StateStamp`). Measurements write none: figures are made of interval values.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kpis.plumbing import prepared
from kpis.plumbing.models import StateStamp

# Between two trimmings the number of rows only grows; a trimming raises the least. So no state has an earlier one's
# text, whatever the order in which transactions commit.
STATE = "select min(xid), max(xid), count(*) from kpis_statestamp"
KEPT = timedelta(minutes=5)  # longer than a transaction lasts


def state_version() -> str:
    """Ask for it before reading the figures: what is read afterwards is as new, or newer."""
    least, most, count = next(iter(prepared.execute(STATE)))
    return f"{least}.{most}.{count}"


def trim(*, at: datetime) -> int:
    """Forget old rows, but never the newest; answers how many."""
    newest = StateStamp.objects.order_by("-xid").values("xid")[:1]
    return StateStamp.objects.filter(at__lte=at - KEPT).exclude(xid__in=newest).delete()[0]

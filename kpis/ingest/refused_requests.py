"""How many requests were refused as a whole, by sender, minute and reason: a row a minute, whatever comes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import Sum

from kpis.ingest.models import RefusedMinute

KEPT = timedelta(days=32)  # a month is shown, from the midnight before it
COUNT = """
insert into kpis_refusedminute as old (start, sender, code, requests)
select date_trunc('minute', %s::timestamptz), sender, %s, 1 from unnest(%s::text[]) as sender order by sender
    on conflict (sender, start, code) do update set requests = old.requests + 1
"""


def note(senders: Collection[str], code: str, *, at: datetime) -> None:
    """Count one request. senders : "token:5", "source:3". Never raises: the answer says already what is wrong."""
    if not senders:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [at, code[:40], list(senders)])
    except DatabaseError:
        return


def by_code(sender: str, since: datetime, until: datetime) -> dict[str, int]:
    """How many were refused in these whole minutes, the most frequent reason first."""
    rows = RefusedMinute.objects.filter(sender=sender, start__gte=since, start__lt=until).values_list("code")
    return dict(rows.annotate(n=Sum("requests")).order_by("-n", "code"))


def trim(*, at: datetime) -> int:
    """Forget what no page shows any more; answers how many."""
    return RefusedMinute.objects.filter(start__lt=at - KEPT).delete()[0]

"""What browsers may want to show anew: rows to catch up from, and one NOTIFY to say that there are some.

A NOTIFY takes a lock over the whole database until its transaction has been flushed. Inside the ingest transaction
that costs two thirds of the throughput at 32 writers; so it travels alone, after the work's commit, unflushed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.db import connection, transaction

from kpis.plumbing import clock, locks
from kpis.plumbing.models import Change

CHANNEL = "roi_changes"
KEPT = timedelta(days=1)
AT_MOST = 1000  # rows of one catch-up

Told = tuple[str, str, str]  # event, key, initiative slug


def announce(changes: Iterable[Told]) -> None:
    """Tell the browsers of `changes`, each (event, key, initiative slug), after the running transaction's commit.

    Equal changes are told once. An empty slug: seen only by those who see every initiative.
    """
    distinct = list(dict.fromkeys(changes))
    if distinct:
        transaction.on_commit(partial(_write, distinct), robust=True)


def _write(changes: list[Told]) -> None:
    """Ids are handed out under a lock, so that they become visible in their order and a reader skips none."""
    at = clock.now()
    with transaction.atomic():
        locks.in_transaction("changes")
        rows = Change.objects.bulk_create(
            Change(event=event, key=key, initiative=initiative, at=at) for event, key, initiative in changes
        )
        with connection.cursor() as cursor:
            # A change lost in a crash is a hint lost, not a figure: not worth waiting for the disk.
            cursor.execute("set local synchronous_commit = off")
            cursor.execute("select pg_notify(%s, %s)", [CHANNEL, str(rows[-1].pk)])


def since(event_id: int) -> list[Change]:
    """The changes after `event_id`, oldest first; of equal ones the newest. At most a thousand, the newest ones."""
    latest = Change.objects.filter(pk__gt=event_id).order_by("event", "key", "initiative", "-pk")
    newest = Change.objects.filter(pk__in=latest.distinct("event", "key", "initiative").values("pk")).order_by("-pk")
    return list(newest[:AT_MOST])[::-1]


def trim() -> int:
    """Forget the changes that are older than a day; answers how many."""
    return Change.objects.filter(at__lt=clock.now() - KEPT).delete()[0]

"""How many points a minute a token may send: a bucket that fills evenly, up to a minute's worth, and may go into debt.

A request is taken in whole while one point is left, because how many it has is known only afterwards; the next one
waits until the debt is paid. Each process keeps its own bucket and asks nobody. What it spent it adds to the one row
that all share when that comes to a hundredth of the minute's worth, and takes over what is left there. So a sender may
pass the limit by one request, and by a hundredth for each further process; a slow sender never costs a statement.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection

from kpis.access.models import Token

SHARED_EVERY = 100  # parts of a minute's worth
TOKENS_AT_MOST = 10_000
SHARED = """
insert into kpis_tokenrate as r (token_id, points_left, filled_at)
values (%(token)s, %(most)s - %(spent)s, clock_timestamp())
on conflict (token_id) do update set filled_at = excluded.filled_at, points_left = least(
    %(most)s, r.points_left + extract(epoch from excluded.filled_at - r.filled_at) * %(most)s / 60) - %(spent)s
returning points_left
"""


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float  # on the monotonic stopwatch
    unshared: int = 0


_buckets: dict[int, _Bucket] = {}
_lock = threading.Lock()


def limit_of(token: Token) -> int:
    """Points a minute; 0: no limit. The token's own, else the setting INGEST_POINTS_PER_MINUTE."""
    if token.points_a_minute is not None:
        return token.points_a_minute
    return int(getattr(settings, "INGEST_POINTS_PER_MINUTE", 60_000_000))


def seconds_to_wait(token: Token) -> float | None:
    """None where the token may send now."""
    most = limit_of(token)
    if not most:
        return None
    with _lock:
        left = _filled(token.pk, most).left
    return None if left >= 1 else max(1.0, (1 - left) * 60 / most)


def spend(token: Token, points: int) -> None:
    """Take note of what was sent. Never raises: the points are stored already."""
    most = limit_of(token)
    if not most or not points:
        return
    with _lock:
        bucket = _filled(token.pk, most)
        bucket.left -= points
        bucket.unshared += points
        to_share = bucket.unshared
    if to_share * SHARED_EVERY >= most:
        _share(token.pk, most, to_share)


def _share(token_id: int, most: int, spent: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(SHARED, {"token": token_id, "most": most, "spent": spent})
            left = float(cursor.fetchone()[0])
    except DatabaseError:
        return  # told the next time
    with _lock:
        bucket = _filled(token_id, most)
        bucket.unshared -= spent
        bucket.left = left - bucket.unshared


def _filled(token_id: int, most: int) -> _Bucket:
    """The bucket as it is now. A limit that was lowered meanwhile holds at once."""
    now = time.monotonic()
    if len(_buckets) > TOKENS_AT_MOST:
        _buckets.clear()
    bucket = _buckets.setdefault(token_id, _Bucket(float(most), now))
    bucket.left = min(float(most), bucket.left + (now - bucket.filled_at) * most / 60)
    bucket.filled_at = now
    return bucket


def forget_all() -> None:
    """Every bucket of this process is full again."""
    with _lock:
        _buckets.clear()

"""How often one asker may call, so that a noisy one does not slow down the others: 429 with Retry-After.

Counted in each web process by itself: a limit against overload, not a quota.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kpis.access import audit
from kpis.access.models import Token
from kpis.api.permissions import asker
from kpis.api.refusal import Refusal
from kpis.ingest import rates

if TYPE_CHECKING:
    from rest_framework.views import APIView  # reads our classes from the settings while it loads

DEFAULT_A_MINUTE = 6000
REMEMBERED_AT_MOST = 10_000


@dataclass(slots=True)
class _Bucket:
    """Fills evenly up to a minute's worth; each request takes one."""

    left: float
    filled_at: float


_buckets: dict[str, _Bucket] = {}
_lock = threading.Lock()


class PerAsker(BaseThrottle):
    """One bucket a token or person. Who is neither was turned away before."""

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = asker(request)
        if not isinstance(who, AnonymousUser):
            self._wait = _take(audit.actor_of(who), getattr(settings, "API_REQUESTS_PER_MINUTE", DEFAULT_A_MINUTE))
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


class PointsAMinute(BaseThrottle):
    """Whether a token may send points now; how many it sends is counted afterwards (`ingest.rates`)."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        who = asker(request)
        if not isinstance(who, Token):
            return True
        wait = rates.seconds_to_wait(who)
        if wait is None:
            return True
        sentence = _("This token may send %(most)d points a minute, and has; the limit is its points_a_minute.")
        raise Refusal(429, "too_many_points_a_minute", sentence % {"most": rates.limit_of(who)}, retry_after=wait)


def _take(name: str, a_minute: int) -> float | None:
    """None where one is left, else the seconds until it is."""
    now = time.monotonic()
    with _lock:
        if len(_buckets) > REMEMBERED_AT_MOST:
            _buckets.clear()
        bucket = _buckets.setdefault(name, _Bucket(float(a_minute), now))
        bucket.left = min(float(a_minute), bucket.left + (now - bucket.filled_at) * a_minute / 60)
        bucket.filled_at = now
        if bucket.left < 1:
            return max(1.0, (1 - bucket.left) * 60 / a_minute)
        bucket.left -= 1
        return None


def forget_all() -> None:
    """Every bucket is full again."""
    with _lock:
        _buckets.clear()

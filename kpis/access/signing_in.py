"""Slowing down whoever guesses passwords, without letting them lock the owner out.

django-axes counts by name and address together; that leaves one who tries many names from one address, so the
failures of an address are added up here as well.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum

WINDOW = timedelta(minutes=15)
FAILURES_OF_AN_ADDRESS = 100  # an office behind one address mistypes less in a quarter of an hour


class Request(Protocol):
    META: dict[str, Any]


def address_of(request: Request) -> str:
    """Who asks. Behind our own proxy its last word counts; what the asker wrote before it is not believed."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def is_slowed_down(address: str, *, at: datetime) -> bool:
    """Whether too many sign-ins from this address have failed lately, whatever the names were."""
    lately = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=at - WINDOW)
    return (lately.aggregate(total=Sum("failures_since_start"))["total"] or 0) >= FAILURES_OF_AN_ADDRESS

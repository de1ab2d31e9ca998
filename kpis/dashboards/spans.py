"""`from` and `to` in a page's address; what cannot be read is no span, so the page shows everything."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest

EARLIEST = datetime(1989, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 1, 1, tzinfo=UTC)


def asked_span(request: HttpRequest) -> tuple[datetime, datetime]:
    """Half-open, in UTC."""
    return _instant(request.GET.get("from"), EARLIEST), _instant(request.GET.get("to"), LATEST)


def _instant(text: str | None, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        return otherwise
    return found.astimezone(UTC) if found.tzinfo and EARLIEST.year < found.year < LATEST.year else otherwise

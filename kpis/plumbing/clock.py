"""The only reader of the clock. Everything else is told the time, so that tests can choose it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC; pages turn it into the organisation's zone."""
    return datetime.now(UTC)

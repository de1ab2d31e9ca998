"""The instant at which things are made unless a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

CREATED = datetime(2026, 3, 1, 9, tzinfo=UTC)

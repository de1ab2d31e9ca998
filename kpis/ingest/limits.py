"""How much one request may bring. Settings, so that a house can choose; the defaults suit small machines."""

from __future__ import annotations

from django.conf import settings

from kpis.ingest.refusals import BodyTooLarge

MEBIBYTE = 1024 * 1024


def bytes_at_most() -> int:
    """Size of a body after unpacking (setting INGEST_MAX_BYTES, 64 MiB)."""
    return int(getattr(settings, "INGEST_MAX_BYTES", 64 * MEBIBYTE))


def points_at_most() -> int:
    """Points in one request (setting INGEST_MAX_POINTS, 250,000)."""
    return int(getattr(settings, "INGEST_MAX_POINTS", 250_000))


def values_at_most() -> int:
    """Values of any kind in a body that is read slowly: 12 a point, so that a hostile one cannot fill the memory."""
    return 12 * points_at_most()


def series_at_most() -> int:
    """Series with a name that are known of one source and feed a KPI (setting INGEST_MAX_SERIES, 10,000)."""
    return int(getattr(settings, "INGEST_MAX_SERIES", 10_000))


def unmapped_series_at_most() -> int:
    """Series of one source that feed no KPI and are listed all the same: a fifth of those that may feed one."""
    return max(1, series_at_most() // 5)


def too_many_points() -> BodyTooLarge:
    return BodyTooLarge(
        "too_many_points",
        f"The request has more than {points_at_most():,} points, the limit INGEST_MAX_POINTS. Send several.",
    )

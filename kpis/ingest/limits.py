"""How much one request may bring. Settings, so that a house can choose; the defaults suit small machines."""

from __future__ import annotations

from django.conf import settings

from kpis.ingest.refusals import BodyTooLarge

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
CELLS_OF_A_POINT = 24  # a row of CSV may need 5 columns of the point's own, 16 for its labels, and ends in two bytes


def bytes_at_most() -> int:
    """Size of a body after unpacking (setting INGEST_MAX_BYTES, 64 MiB)."""
    return int(getattr(settings, "INGEST_MAX_BYTES", 64 * MEBIBYTE))


def points_at_most() -> int:
    """Points in one request (setting INGEST_MAX_POINTS, 250,000)."""
    return int(getattr(settings, "INGEST_MAX_POINTS", 250_000))


def values_at_most() -> int:
    """Values of any kind in a body that is read slowly: 12 a point, so that a hostile one cannot fill the memory."""
    return 12 * points_at_most()


def cells_at_most() -> int:
    """Lines and cells of a body of lines, so that blank lines and wide heads do not fill the memory either."""
    return CELLS_OF_A_POINT * (points_at_most() + 1)  # and the head


def line_at_most() -> int:
    """Bytes of one line of NDJSON or CSV (setting INGEST_MAX_LINE_BYTES, 128 KiB)."""
    return int(getattr(settings, "INGEST_MAX_LINE_BYTES", 128 * KIBIBYTE))


def depth_at_most() -> int:
    """How deep JSON may be nested that has to be looked through (setting INGEST_MAX_DEPTH, 64)."""
    return int(getattr(settings, "INGEST_MAX_DEPTH", 64))


def ratio_at_most() -> int:
    """How many times larger than packed a body may become (setting INGEST_MAX_RATIO, 200); the first MiB is free."""
    return int(getattr(settings, "INGEST_MAX_RATIO", 200))


def label_sets_at_most() -> int:
    """Label sets, each a series, of one KPI (setting INGEST_MAX_LABEL_SETS, 1,000)."""
    return int(getattr(settings, "INGEST_MAX_LABEL_SETS", 1_000))


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


def line_too_long() -> BodyTooLarge:
    return BodyTooLarge(
        "line_too_long", f"A line has more than {line_at_most():,} bytes, the limit INGEST_MAX_LINE_BYTES."
    )


def inflated() -> BodyTooLarge:
    return BodyTooLarge(
        "compression_ratio_too_high",
        f"The body unpacks to more than {ratio_at_most()} times its size, the limit INGEST_MAX_RATIO.",
    )

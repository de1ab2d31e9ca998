"""Rejected points as a file: why, where in which request, and the point as it was sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Literal

from kpis.ingest.models import Rejection

Form = Literal["csv", "ndjson"]
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
HEAD = ("arrived_at", "index", "code", "attr", "detail", "point")


def as_file(rejections: Iterable[Rejection], form: Form) -> bytes:
    """The bytes of the file. A point stands in it as text, exactly as it was kept."""
    rows = [
        (row.batch.arrived_at.isoformat(), row.index, row.code, row.attr, row.detail, row.point) for row in rejections
    ]
    if form == "ndjson":
        return "".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in rows).encode()
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    return text.getvalue().encode()

"""Bodies of requests with measurements, as a sender would write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.oracles.interval_values import Point


def body_of(kpi_key: str, points: Iterable[tuple[Point, dict[str, str]]]) -> bytes:
    """JSON rows of one KPI's points with their labels."""
    return json.dumps({"measurements": [row_of(kpi_key, point, labels) for point, labels in points]}).encode()


def row_of(kpi_key: str, point: Point, labels: dict[str, str]) -> dict[str, Any]:
    row = {"kpi": kpi_key, "at": point.at.isoformat(), "value": point.value, "weight": point.weight, "labels": labels}
    return row | ({"id": point.event_id} if point.event_id else {})

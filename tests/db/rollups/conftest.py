"""Measurements as the store leaves them: rows, and one arrival a series naming the quarter hours that they touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from kpis.calculations.intervals import epoch_us
from kpis.measurements import partitions
from kpis.measurements.models import Arrival, Measurement, Series
from tests.factories import ArrivalFactory, BatchFactory

Point = Sequence[object]  # (at, value), (at, value, weight) or (at, value, weight, event id)
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture
def arrive() -> Callable[..., Arrival]:
    """`arrive(series, points)`: stored and waiting to be rolled up; an identity that is there is replaced."""

    def arrive(series: Series, points: Iterable[Point], *, at: datetime = NOW) -> Arrival:
        batch, rows = BatchFactory(arrived_at=at), []
        for instant, value, *rest in points:
            weight, event_id = (*rest, *(1.0, "")[len(rest) :])
            row = Measurement(series=series, at=instant, value=value, weight=weight, event_id=event_id, batch=batch)
            Measurement.objects.filter(series=series, at=instant, event_id=event_id).delete()
            rows.append(row)
        partitions.make_for(np.array([epoch_us(row.at) for row in rows], np.int64))
        Measurement.objects.bulk_create(rows)
        return ArrivalFactory(series=series, slots=sorted({slot(row.at) for row in rows}), arrived_at=at)

    return arrive


def slot(instant: datetime) -> int:
    return int(instant.timestamp()) // 900

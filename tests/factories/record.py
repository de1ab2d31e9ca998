"""What came in, and the interval values of it.

`IntervalValue` and `Measurement` are written through their rooms in the product; here they are plain rows, so that a
test of a later step needs none of the earlier ones.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import factory
import numpy as np
from factory.django import DjangoModelFactory

from kpis.calculations.intervals import epoch_us
from kpis.definitions.models import Kpi
from kpis.ingest.models import Rejection
from kpis.measurements import partitions
from kpis.measurements.models import Arrival, Batch, Measurement, Series
from kpis.rollups.models import IntervalValue, KpiState
from tests.factories.definitions import KpiFactory
from tests.factories.instants import CREATED


def labels_hash(labels: dict[str, str]) -> bytes:
    return hashlib.sha256(
        json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).digest()


class SeriesFactory(DjangoModelFactory):
    class Meta:
        model = Series

    kpi = factory.SubFactory(KpiFactory)
    labels = factory.LazyFunction(dict)
    labels_hash = factory.LazyAttribute(lambda series: labels_hash(series.labels))


class BatchFactory(DjangoModelFactory):
    class Meta:
        model = Batch

    arrived_at = CREATED


class MeasurementFactory(DjangoModelFactory):
    class Meta:
        model = Measurement

    series = factory.SubFactory(SeriesFactory)
    batch = factory.SubFactory(BatchFactory)
    at = factory.Sequence(lambda n: CREATED + timedelta(minutes=n))
    value = 12.5
    weight = 1.0
    event_id = ""

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **fields: Any) -> Measurement:
        partitions.make_for(np.array([epoch_us(fields["at"])], np.int64))
        return super()._create(model_class, *args, **fields)


class ArrivalFactory(DjangoModelFactory):
    class Meta:
        model = Arrival

    series = factory.SubFactory(SeriesFactory)
    slots = factory.LazyFunction(lambda: [int(CREATED.timestamp()) // 900])
    arrived_at = CREATED


class RejectionFactory(DjangoModelFactory):
    class Meta:
        model = Rejection

    batch = factory.SubFactory(BatchFactory)
    index = 0
    code = "invalid_value"
    detail = "The value is not a finite number."
    attr = "value"


class IntervalValueFactory(DjangoModelFactory):
    """One UTC day with `n` points, all equal to `mean`; give `start`, `end` and the numbers that the test is about."""

    class Meta:
        model = IntervalValue

    series = factory.SubFactory(SeriesFactory)
    granularity = Kpi.Interval.DAY
    start = datetime(2026, 3, 2, tzinfo=UTC)
    end = factory.LazyAttribute(lambda interval: interval.start + timedelta(days=1))
    n = 10
    mean = 12.5
    sum_w = factory.LazyAttribute(lambda interval: float(interval.n))
    sum_w2 = factory.LazyAttribute(lambda interval: float(interval.n))
    m2 = 0.0
    total = factory.LazyAttribute(lambda interval: interval.mean * interval.n)
    minimum = factory.LazyAttribute(lambda interval: interval.mean)
    maximum = factory.LazyAttribute(lambda interval: interval.mean)
    last_at = factory.LazyAttribute(lambda interval: interval.end - timedelta(minutes=1))
    last = factory.LazyAttribute(lambda interval: interval.mean)
    computed_at = factory.LazyAttribute(lambda interval: interval.end)


class KpiStateFactory(DjangoModelFactory):
    class Meta:
        model = KpiState

    kpi = factory.SubFactory(KpiFactory)

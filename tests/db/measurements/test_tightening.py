"""The index of a month that is over takes half the room after one pass, and nothing of it is lost meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import numpy as np
import pytest
from django.db import connection, transaction

from kpis.calculations.intervals import epoch_us
from kpis.measurements import partitions, store, tightening
from kpis.measurements.models import Measurement

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def half_empty():
    """Points of forty series in order of time, in small batches, as live traffic leaves them."""
    with mock.patch.object(tightening, "SMALLEST_BYTES", 1000):
        for batch in range(150):
            at = epoch_us(MARCH) + (batch * 5 + np.arange(5, dtype=np.int64)) * 60_000_000
            series = np.repeat(np.arange(1, 41, dtype=np.int32), 5)
            points = store.Points(series, np.tile(at, 40), np.ones(200), np.ones(200), None)
            with transaction.atomic():
                store.write(points, batch_id=1, arrived_at=MARCH)
        with connection.cursor() as cursor:
            cursor.execute("analyze kpis_measurement")
        yield


def index_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_indexes_size('kpis_measurement_2026_03')")
        return cursor.fetchone()[0]


def test_a_month_that_is_over_is_tightened_once_and_keeps_its_rows(half_empty):
    before = index_size()
    assert tightening.tighten_one(at=datetime(2026, 4, 5, tzinfo=UTC)) == "kpis_measurement_2026_03_pkey"
    assert index_size() < 0.65 * before
    assert tightening.tighten_one(at=datetime(2026, 4, 5, tzinfo=UTC)) is None
    assert Measurement.objects.count() == 30_000
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_index where not indisvalid")
        assert cursor.fetchone()[0] == 0


def test_a_month_that_goes_on_or_has_just_ended_is_left_alone(half_empty):
    assert tightening.tighten_one(at=datetime(2026, 3, 20, tzinfo=UTC)) is None
    assert tightening.tighten_one(at=datetime(2026, 4, 2, tzinfo=UTC)) is None


def test_what_an_interrupted_pass_left_behind_is_removed(half_empty):
    with connection.cursor() as cursor:
        cursor.execute("create index kpis_measurement_2026_03_pkey_ccnew on kpis_measurement_2026_03 (at)")
        cursor.execute(
            "update pg_index set indisvalid = false where indexrelid = 'kpis_measurement_2026_03_pkey_ccnew'::regclass"
        )
    tightening.tighten_one(at=datetime(2026, 4, 5, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('kpis_measurement_2026_03_pkey_ccnew')")
        assert cursor.fetchone()[0] is None
    assert ("kpis_measurement_2026_03", datetime(2026, 4, 1, tzinfo=UTC)) in partitions.months()

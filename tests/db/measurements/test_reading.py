from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpis.measurements import reading
from kpis.measurements.reading import CursorUnreadable, Place
from tests.factories import BatchFactory, DataSourceFactory, KpiFactory, MeasurementFactory, SeriesFactory, TokenFactory

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def kpi():
    """Two series with ten points each at the same ten instants, and a stranger's point."""
    kpi = KpiFactory()
    for labels in ({"variant": "a"}, {"variant": "b", "team": "x"}):
        series = SeriesFactory(kpi=kpi, labels=labels)
        for hour in range(5):
            for event_id in ("", "ticket"):
                MeasurementFactory(series=series, at=MARCH + timedelta(hours=hour), event_id=event_id, value=hour)
    MeasurementFactory(at=MARCH)
    return kpi


def test_rows_come_by_time_and_pages_neither_repeat_nor_leave_out_any(kpi):
    whole = reading.rows_between(kpi.pk, MARCH, APRIL)
    assert len(whole) == 20
    assert [row.place for row in whole] == sorted(row.place for row in whole)
    for size in (1, 3, 7):
        paged, after = [], None
        while page := reading.rows_between(kpi.pk, MARCH, APRIL, after=after, limit=size):
            paged += page
            after = Place.from_text(page[-1].place.as_text())
        assert paged == whole


def test_rows_are_those_of_a_half_open_range(kpi):
    found = reading.rows_between(kpi.pk, MARCH + timedelta(hours=1), MARCH + timedelta(hours=3))
    assert {row.at for row in found} == {MARCH + timedelta(hours=1), MARCH + timedelta(hours=2)}


def test_rows_can_be_asked_for_by_labels(kpi):
    assert len(reading.rows_between(kpi.pk, MARCH, APRIL, labels={"team": "x"})) == 10
    assert reading.rows_between(kpi.pk, MARCH, APRIL, labels={"team": "y"}) == []


def test_a_row_says_where_it_came_from():
    batch = BatchFactory(token=TokenFactory(name="crm"), source=DataSourceFactory(slug="tickets"), arrived_at=APRIL)
    series = SeriesFactory(labels={"variant": "a"})
    MeasurementFactory(series=series, batch=batch, at=MARCH, value=3.5, weight=2, event_id="4711")
    (row,) = reading.rows_between(series.kpi_id, MARCH, APRIL)
    assert (row.value, row.weight, row.event_id, row.labels) == (3.5, 2.0, "4711", {"variant": "a"})
    assert (row.token, row.source, row.arrived_at) == ("crm", "tickets", APRIL)


@pytest.mark.parametrize("text", ["", "x", "e30", "WzEsMiwzXQ", "ü", "WyIyMDI2LTAzLTAxIiwxLCIiXQ", "A" * 10_000])
def test_a_place_that_we_did_not_give_out_is_refused(text):
    with pytest.raises(CursorUnreadable):
        Place.from_text(text)


def test_arrays_hold_the_same_rows_sorted_by_series_and_time(kpi):
    series = list(kpi.series.order_by("id").values_list("id", flat=True))
    found = reading.arrays(series, MARCH, MARCH + timedelta(hours=4))
    assert found.series_id.tolist() == [series[0]] * 8 + [series[1]] * 8
    assert found.value.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] * 2
    assert found.at_us.tolist()[:2] == [1_772_323_200_000_000] * 2
    assert found.weight.tolist() == [1.0] * 16


def test_arrays_of_nothing_are_empty():
    assert reading.arrays([], MARCH, APRIL).at_us.shape == (0,)

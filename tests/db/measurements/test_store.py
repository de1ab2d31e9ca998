from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction

from kpis.calculations.intervals import epoch_us
from kpis.measurements import labelling, store
from kpis.measurements.models import Arrival, Measurement, Series
from tests.factories import KpiFactory, SeriesFactory

MARCH = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
MARCH_US = epoch_us(MARCH)
MINUTE = 60_000_000
SIZES = [3, store.COPY_FROM + 3]  # one upsert, and COPY


def points(series: Series, at_us, value, weight=None, event_id=None) -> store.Points:
    n = len(at_us)
    return store.once_each(
        store.Points(
            np.full(n, series.pk, np.int32),
            np.array(at_us, np.int64),
            np.array(value, np.float64),
            np.ones(n) if weight is None else np.array(weight, np.float64),
            None if event_id is None else np.array(event_id, object),
        )
    )


def write(what: store.Points, batch_id: int = 1) -> tuple[int, int, int]:
    written = store.write(what, batch_id=batch_id, arrived_at=MARCH)
    return written.accepted, written.replaced, written.unchanged


def rows() -> list[tuple[object, ...]]:
    names = ("series_id", "at", "event_id", "value", "weight", "batch_id")
    return list(Measurement.objects.order_by("series_id", "at", "event_id").values_list(*names))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("with_ids", [False, True])
def test_what_is_written_lies_in_the_store_to_the_last_bit(n, with_ids):
    series = SeriesFactory()
    rng = np.random.default_rng(3)
    value = rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n)
    at = MARCH_US + np.arange(n) * 7 + 1
    ids = [f"ticket-{k}-ü-😀" for k in range(n)] if with_ids else None
    assert write(points(series, at, value, weight=np.abs(value) % 7, event_id=ids)) == (n, 0, 0)
    expected = [
        (series.pk, MARCH + timedelta(microseconds=7 * k + 1), ids[k] if ids else "", v, abs(v) % 7, 1)
        for k, v in enumerate(value.tolist())
    ]
    assert rows() == expected


@pytest.mark.parametrize("n", SIZES)
def test_sent_again_a_point_changes_only_where_its_value_or_weight_differs(n):
    series = SeriesFactory()
    at, value = MARCH_US + np.arange(n) * MINUTE, np.arange(n, dtype=float)
    write(points(series, at, value))
    changed, heavier = value.copy(), np.ones(n)
    changed[0], heavier[1] = 99.0, 5.0
    again = points(series, np.append(at, MARCH_US - 1), np.append(changed, 1), weight=np.append(heavier, 1))
    assert write(again, batch_id=2) == (1, 2, n - 2)
    assert [batch for *_, batch in rows()] == [2, 2, 2] + [1] * (n - 2)


@pytest.mark.parametrize("n", SIZES)
def test_an_arrival_names_the_quarter_hours_that_changed_and_no_others(n):
    series = SeriesFactory()
    at = MARCH_US + np.arange(n) * MINUTE
    write(points(series, at, np.zeros(n)))
    arrival = Arrival.objects.get()
    assert arrival.series_id == series.pk
    assert sorted(arrival.slots) == sorted({us // (15 * MINUTE) for us in at.tolist()})

    Arrival.objects.all().delete()
    write(points(series, at, np.zeros(n)))
    assert not Arrival.objects.exists()

    value = np.zeros(n)
    value[-1] = 1
    write(points(series, at, value))
    assert Arrival.objects.get().slots == [int(at[-1]) // (15 * MINUTE)]


@pytest.mark.parametrize("us", [-1, 0, 1])
def test_the_quarter_hour_of_an_upsert_is_exact_at_its_edge(us):
    write(points(SeriesFactory(), [MARCH_US + us], [1]))
    assert Arrival.objects.get().slots == [(MARCH_US + us) // (15 * MINUTE)]


def test_of_equal_identities_the_last_one_stays():
    series = SeriesFactory()
    sent = points(series, [5, 5, 4, 5, 5], [1, 2, 3, 4, 5], event_id=["b", "a", "", "b", ""])
    assert list(zip(sent.at_us.tolist(), sent.event_id.tolist(), sent.value.tolist(), strict=True)) == [
        (4, "", 3.0),
        (5, "", 5.0),
        (5, "a", 2.0),
        (5, "b", 4.0),
    ]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_database_itself_refuses_a_number_that_is_not_finite(n, bad):
    value = np.zeros(n)
    value[1] = bad
    with pytest.raises(IntegrityError, match="measurement_value_is_finite"), transaction.atomic():
        write(points(SeriesFactory(), np.arange(n) + MARCH_US, value))
    assert rows() == []


def test_a_series_takes_its_points_and_arrivals_along_when_it_is_deleted():
    gone, stays = SeriesFactory(), SeriesFactory()
    for series in (gone, stays):
        write(points(series, [MARCH_US], [1]))
    with connection.cursor() as cursor:
        cursor.execute("delete from kpis_series where id = %s", [gone.pk])
    assert [row[0] for row in rows()] == [stays.pk]
    assert [arrival.series_id for arrival in Arrival.objects.all()] == [stays.pk]


def wanted(kpi, **labels: str) -> labelling.Wanted:
    return labelling.Wanted(kpi.pk, kpi.key, labelling.canonical(labels))


def test_a_label_set_is_one_series_whatever_the_order_of_its_labels():
    kpi = KpiFactory()
    one, two, other = labelling.series_ids(
        [wanted(kpi, a="1", b="2"), wanted(kpi, b="2", a="1"), wanted(kpi, a="1", b="3")], at_most=100
    )
    assert one == two != other
    assert Series.objects.get(pk=one).labels == {"a": "1", "b": "2"}


def test_a_series_is_found_again_and_not_made_twice():
    kpi = KpiFactory()
    assert labelling.series_ids([wanted(kpi)], at_most=100) == labelling.series_ids([wanted(kpi)], at_most=100)
    assert Series.objects.count() == 1


def test_a_kpi_that_has_another_key_by_now_has_no_series_under_the_old_one():
    kpi = KpiFactory()
    before = wanted(kpi)
    labelling.series_ids([before], at_most=100)
    type(kpi).objects.filter(pk=kpi.pk).update(key="another.key")
    assert labelling.series_ids([before], at_most=100) == [None]


def test_a_remembered_id_is_not_believed_after_the_kpi_was_renamed(django_capture_on_commit_callbacks):
    kpi = KpiFactory()
    before = wanted(kpi)
    with django_capture_on_commit_callbacks(execute=True):
        labelling.series_ids([before], at_most=100)
    assert before in labelling._series_ids
    type(kpi).objects.filter(pk=kpi.pk).update(key="another.key")
    assert labelling.series_ids([before], at_most=100) == [None]


def test_a_remembered_id_is_not_believed_after_its_series_was_deleted(django_capture_on_commit_callbacks):
    kpi = KpiFactory()
    with django_capture_on_commit_callbacks(execute=True):
        first = labelling.series_ids([wanted(kpi)], at_most=100)
    Series.objects.all().delete()
    second = labelling.series_ids([wanted(kpi)], at_most=100)
    assert second != first
    assert second == [Series.objects.get().pk]

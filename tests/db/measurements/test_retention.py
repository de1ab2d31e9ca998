"""Measurements go after their time; what was computed from them stays, and says that its rows are gone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pytest
from django.db import connection

from kpis import verification
from kpis.definitions.changing import ChangeRefused
from kpis.ingest import accepting, addressing
from kpis.ingest.accepting import accept_batch
from kpis.measurements import partitions, retention
from kpis.measurements.models import Arrival, Measurement, Retention
from kpis.rollups import rolling
from kpis.rollups.models import IntervalValue
from kpis.rollups.series import interval_values, past_the_table
from tests.factories import InitiativeFactory, KpiFactory, OrganisationFactory, TokenFactory

FIRST = datetime(2025, 1, 1, 9, tzinfo=UTC)
DAYS = 300
NOW = FIRST + timedelta(days=DAYS)
TODAY = date(2025, 10, 28)
PAUSE = retention.PAUSE
KEPT = 90
BOUNDARY = datetime(2025, 7, 29, 22, tzinfo=UTC)  # midnight of the 30th of July in Berlin, ninety days before


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        yield


@pytest.fixture(autouse=True)
def nothing_remembered():
    addressing._sights.clear()
    yield
    addressing._sights.clear()


@pytest.fixture
def kpi():
    OrganisationFactory(zone="Europe/Berlin")
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time", rows_kept_for=KEPT, interval="hour")


def send(values: dict[datetime, float], *, key: str = "support.time", actor=None, at: datetime = NOW, **labels: str):
    rows = [{"kpi": key, "at": i.isoformat(), "value": v, "labels": labels} for i, v in values.items()]
    body = json.dumps({"measurements": rows}).encode()
    return accept_batch(body, "application/json", actor=actor, at=at)


def history() -> dict[datetime, float]:
    """A value at nine each morning."""
    return {FIRST + timedelta(days=n): float(n % 50) for n in range(DAYS)}


def roll_up() -> None:
    while rolling.roll_up_arrivals(at_most=100).more_waiting:
        pass


@pytest.fixture
def measured(kpi):
    send(history(), team="north")
    send({at: value + 1 for at, value in history().items()}, team="south")
    roll_up()


def tick(at: datetime, **more: int) -> bool:
    addressing._sights.clear()
    return retention.remove_old_rows(at=at, **more)


def table() -> list[tuple[object, ...]]:
    columns = [f.attname for f in IntervalValue._meta.concrete_fields]
    return list(IntervalValue.objects.order_by("series_id", "granularity", "start").values_list(*columns))


def days_with_rows() -> set[date]:
    return {at.date() for at in Measurement.objects.values_list("at", flat=True)}


def test_rows_go_after_their_days_and_every_interval_value_stays_as_it_was(measured, kpi):
    before = table()
    tick(NOW)
    assert Measurement.objects.count() == 2 * DAYS  # said, and not yet done
    assert not tick(NOW + PAUSE)

    assert min(Measurement.objects.values_list("at", flat=True)) == datetime(2025, 7, 30, 9, tzinfo=UTC)
    assert Measurement.objects.count() == 2 * KEPT
    assert table() == before
    row = Retention.objects.get()
    assert (row.rows_from, row.gone_until, row.removed, row.to_remove) == (BOUNDARY, BOUNDARY, 420, 420)
    assert row.finished_at == NOW + PAUSE


def test_points_for_gone_days_are_refused_and_all_others_taken(measured):
    tick(NOW)
    receipt = send({BOUNDARY - timedelta(microseconds=1): 1.0, BOUNDARY: 2.0, NOW: 3.0}, team="north")
    assert (receipt.accepted, [(one.index, one.code, one.attr) for one in receipt.rejected]) == (
        2,
        [(0, "rows_gone", "at")],
    )


def test_history_can_be_brought_in_before_anything_was_removed(kpi):
    tick(NOW)
    assert send(history()).accepted == DAYS


def test_nothing_goes_that_was_accepted_and_is_not_rolled_up_yet(measured):
    late = datetime(2025, 2, 3, 15, tzinfo=UTC)
    tick(NOW - timedelta(days=200))  # nothing is old enough by then
    send({late: 1000.0}, team="north")
    tick(NOW)
    assert not tick(NOW + PAUSE)
    assert Measurement.objects.filter(at=late).exists()

    roll_up()
    tick(NOW + 2 * PAUSE)

    assert not Measurement.objects.filter(at=late).exists()
    assert (
        IntervalValue.objects.get(granularity="day", start=datetime(2025, 2, 2, 23, tzinfo=UTC), maximum=1000.0).n == 2
    )


def test_a_removal_that_is_stopped_at_any_point_is_taken_up_again(measured, kpi):
    before = table()
    in_chunks = mock.patch.object(retention, "drop_months_without_need")
    with mock.patch.object(retention, "ROWS_AT_ONCE", 70), in_chunks:
        tick(NOW)
        assert tick(NOW + PAUSE, chunks=1)
        assert Retention.objects.get().removed == 70
        removing = retention._remove_chunk
        with (
            mock.patch.object(
                retention, "_remove_chunk", side_effect=[removing(Retention.objects.get()), KeyboardInterrupt]
            ),
            pytest.raises(KeyboardInterrupt),
        ):
            tick(NOW + PAUSE)
        # Half of the rows are gone: whatever is computed now leaves those days alone.
        rolling.recompute([kpi.pk])
        assert [row[:-1] for row in table()] == [row[:-1] for row in before]
        assert verification.verify(now=NOW).differences == []
        while tick(NOW + PAUSE):
            pass
    row = Retention.objects.get()
    assert (row.removed, Measurement.objects.count()) == (row.to_remove, 2 * KEPT)
    assert [row[:-1] for row in table()] == [row[:-1] for row in before]


def test_a_point_of_the_week_that_lost_some_days_counts_with_the_days_that_stand(measured, kpi):
    """The 30th of July 2025 is a Wednesday: its week has two days without rows."""
    tick(NOW)
    tick(NOW + PAUSE)
    send({datetime(2025, 7, 31, 12, tzinfo=UTC): 500.0}, team="north")
    roll_up()

    (week,) = [
        one
        for one in interval_values(kpi, "week", BOUNDARY, BOUNDARY + timedelta(days=1), now=NOW)
        if one.start < BOUNDARY
    ]
    assert week.count == 2 * 7 + 1
    with past_the_table():
        assert interval_values(kpi, "week", BOUNDARY, BOUNDARY + timedelta(days=1), now=NOW) == [week]


def test_verify_says_how_many_it_could_not_recompute_and_still_finds_what_is_wrong(measured, kpi):
    tick(NOW)
    tick(NOW + PAUSE)
    result = verification.verify(now=NOW)
    assert (result.differences, result.rows_gone) == ([], 2 * 2 * 210)  # days and hours of two teams

    IntervalValue.objects.filter(granularity="day", start=BOUNDARY).update(total=-1.0)
    IntervalValue.objects.filter(granularity="month", start__lt=FIRST).update(total=-1.0)
    found = [str(one).partition(": stored")[0].split(" ", 3)[-1] for one in verification.verify(now=NOW).differences]
    assert sum("day 2025-07-30" in line for line in found) == 2
    assert sum("month 2025-01-01" in line for line in found) == 2
    assert len(found) == 4


def test_a_repeat_of_what_is_gone_is_refused_and_not_taken_for_stored(measured):
    sender = TokenFactory(scopes=["ingest"])
    assert send(history(), actor=sender, team="north").unchanged == DAYS
    assert send(history(), actor=sender, team="north").unchanged == DAYS
    tick(NOW)
    tick(NOW + PAUSE)
    receipt = send(history(), actor=sender, team="north")
    assert (receipt.unchanged, {one.code for one in receipt.rejected}) == (KEPT, {"rows_gone"})


def months() -> list[str]:
    return [name for name, end in partitions.months() if FIRST < end <= NOW]


@pytest.mark.django_db(transaction=True)
def test_the_table_of_a_month_goes_as_a_whole_when_nobody_needs_it(measured, kpi):
    other = KpiFactory(initiative=kpi.initiative, slug="kept-for-ever")
    send({datetime(2025, 3, 5, tzinfo=UTC): 1.0}, key=other.key)
    roll_up()
    tick(NOW)
    with mock.patch.object(retention, "_remove_chunk", return_value=0):  # only whole months
        tick(NOW + PAUSE)

    assert months() == ["kpis_measurement_2025_03", *(f"kpis_measurement_2025_{m:02}" for m in (7, 8, 9))]
    assert Measurement.objects.filter(series__kpi=other).count() == 1
    # A month that is needed again is made again.
    assert send({datetime(2025, 2, 5, tzinfo=UTC): 1.0}, key=other.key).accepted == 1


@pytest.mark.django_db(transaction=True)
def test_a_month_that_somebody_is_reading_is_left_for_the_next_tick(measured, kpi):
    import psycopg

    tick(NOW)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as reader:
        reader.execute("select count(*) from kpis_measurement")
        tick(NOW + PAUSE)
        assert len(months()) == 9
    tick(NOW + PAUSE)
    assert len(months()) == 3
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("fields", [{"aggregation": "p90"}, {"interval": "day"}])
def test_what_would_need_the_rows_again_is_refused_once_they_are_gone(measured, kpi, fields):
    retention.refuse_what_needs_rows(kpi, fields)
    tick(NOW)
    with pytest.raises(ChangeRefused) as refused:
        retention.refuse_what_needs_rows(kpi, fields)
    assert refused.value.code == "rows_gone"
    retention.refuse_what_needs_rows(kpi, {"name": "Other", "aggregation": "max"})

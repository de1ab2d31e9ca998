from __future__ import annotations

import random
import statistics
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from kpis.measurements.models import Arrival, Measurement
from kpis.rollups import rolling
from kpis.rollups.models import IntervalValue, KpiState
from tests.db.rollups.conftest import NOW
from tests.factories import KpiFactory, OrganisationFactory, SeriesFactory

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin", fiscal_year_start=4)


@pytest.fixture
def series():
    """Measured hourly, so that every length of interval is kept."""
    return SeriesFactory(kpi=KpiFactory(interval="hour"))


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)


def roll_up(at_most: int = 1000) -> rolling.Touched:
    return rolling.roll_up_arrivals(at_most=at_most)


def intervals(series, granularity: str) -> dict[str, IntervalValue]:
    """Rows by local start."""
    rows = IntervalValue.objects.filter(series=series, granularity=granularity)
    return {row.start.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M"): row for row in rows}


def plainly(points: list[tuple[datetime, float, float]], granularity: str) -> dict[str, dict[str, float]]:
    """The same by date arithmetic and the statistics module: slow, and nothing of ours in it."""
    groups: dict[str, list[tuple[datetime, float, float]]] = {}
    for at, value, weight in points:
        here = at.astimezone(BERLIN)
        day = here.date()
        if granularity == "hour":
            key = (at - timedelta(minutes=at.minute, seconds=at.second)).astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")
        else:
            first = {
                "day": day,
                "week": day - timedelta(days=day.weekday()),
                "month": day.replace(day=1),
                "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1),  # fiscal from April: the same quarters
            }[granularity]
            key = f"{first} 00:00"
        groups.setdefault(key, []).append((at, value, weight))
    return {
        key: {
            "n": len(found),
            "total": sum(v for _, v, _ in found),
            "sum_w": sum(w for _, _, w in found),
            "mean": sum(v * w for _, v, w in found) / sum(w for _, _, w in found),
            "minimum": min(v for _, v, _ in found),
            "maximum": max(v for _, v, _ in found),
            "last": max(found)[1],
        }
        for key, found in groups.items()
    }


def random_points(seed: int, n: int = 400) -> list[tuple[datetime, float, float]]:
    rng = random.Random(seed)
    start = datetime(2025, 9, 20, tzinfo=UTC)
    seconds = rng.sample(range(220 * 24 * 3600), n)
    return [(start + timedelta(seconds=s), rng.gauss(14, 3), rng.choice([0.5, 1.0, 3.0])) for s in seconds]


@pytest.mark.parametrize("granularity", ["hour", "day", "week", "month", "quarter"])
def test_interval_values_are_what_plain_arithmetic_says(arrive, series, granularity):
    points = random_points(seed=7)
    arrive(series, points)

    roll_up()

    rows, expected = intervals(series, granularity), plainly(points, granularity)
    assert rows.keys() == expected.keys()
    for key, numbers in expected.items():
        for name, number in numbers.items():
            assert getattr(rows[key], name) == pytest.approx(number, rel=1e-12), (key, name)


@pytest.mark.parametrize("granularity", ["day", "quarter"])
def test_the_spread_is_the_sum_of_squared_deviations_from_the_mean(arrive, series, granularity):
    points = [(at, value, 1.0) for at, value, _ in random_points(seed=8)]
    arrive(series, points)

    roll_up()

    by_start: dict[str, list[float]] = {}
    for at, value, _ in points:
        day = at.astimezone(BERLIN).date()
        first = day if granularity == "day" else date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        by_start.setdefault(f"{first} 00:00", []).append(value)
    for key, row in intervals(series, granularity).items():
        values = by_start[key]
        assert row.m2 == pytest.approx(statistics.pvariance(values) * len(values), rel=1e-9, abs=1e-9)


def test_points_that_come_in_any_order_and_any_batches_give_the_same_rows(arrive, series):
    points = random_points(seed=9)
    other = SeriesFactory(kpi=KpiFactory(interval="hour"))
    arrive(series, points)
    roll_up()

    shuffled = random.Random(1).sample(points, len(points))
    for first in range(0, len(points), 37):
        arrive(other, shuffled[first : first + 37])
        roll_up()

    for granularity in ("hour", "day", "week", "month", "quarter"):
        for key, row in intervals(series, granularity).items():
            twin = intervals(other, granularity)[key]
            assert (twin.n, twin.minimum, twin.maximum, twin.last, twin.last_at) == (
                row.n,
                row.minimum,
                row.maximum,
                row.last,
                row.last_at,
            )
            assert (twin.mean, twin.m2, twin.total) == pytest.approx((row.mean, row.m2, row.total), rel=1e-12)


def test_late_data_recomputes_exactly_the_intervals_that_it_touches(arrive, series, at):
    arrive(series, [(local(2026, 3, day, 10), 10.0) for day in range(2, 31)])
    with at(NOW):
        roll_up()
    arrive(series, [(local(2026, 3, 10, 10, 30), 20.0)])

    with at(NOW + timedelta(hours=1)):
        roll_up()

    moved = IntervalValue.objects.filter(series=series, computed_at=NOW + timedelta(hours=1))
    assert sorted((row.granularity, row.start.astimezone(BERLIN).date()) for row in moved) == [
        ("day", date(2026, 3, 10)),
        ("hour", date(2026, 3, 10)),
        ("month", date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1)),
        ("week", date(2026, 3, 9)),
    ]
    assert intervals(series, "day")["2026-03-10 00:00"].mean == 15.0


def test_rolling_up_the_same_arrival_twice_changes_nothing(arrive, series, at):
    points = random_points(seed=3)
    arrival = arrive(series, points)
    with at(NOW):
        roll_up()
    before = list(IntervalValue.objects.order_by("granularity", "start").values())

    arrival.pk = None
    arrival.save()
    with at(NOW + timedelta(hours=1)):
        roll_up()

    assert list(IntervalValue.objects.order_by("granularity", "start").values()) == before


def test_a_corrected_value_takes_the_place_of_the_old_one(arrive, series):
    arrive(series, [(local(2026, 3, 10, 10), 10.0, 1.0, "ticket-1"), (local(2026, 3, 10, 11), 30.0, 1.0, "ticket-2")])
    roll_up()

    arrive(series, [(local(2026, 3, 10, 11), 14.0, 1.0, "ticket-2")])
    roll_up()

    row = intervals(series, "quarter")["2026-01-01 00:00"]
    assert (row.n, row.total, row.maximum, row.last) == (2, 24.0, 14.0, 14.0)


def test_an_interval_whose_measurements_are_gone_is_gone_and_not_zero(arrive, series):
    arrive(series, [(local(2026, 3, 10, 10), 10.0), (local(2026, 5, 4, 10), 12.0)])
    roll_up()

    Measurement.objects.filter(series=series, at=local(2026, 5, 4, 10)).delete()
    Arrival.objects.create(series=series, slots=[int(local(2026, 5, 4, 10).timestamp()) // 900], arrived_at=NOW)
    roll_up()

    assert intervals(series, "hour").keys() == {"2026-03-10 10:00"}
    assert intervals(series, "day").keys() == {"2026-03-10 00:00"}
    assert intervals(series, "week").keys() == {"2026-03-09 00:00"}
    assert intervals(series, "month").keys() == {"2026-03-01 00:00"}
    assert intervals(series, "quarter").keys() == {"2026-01-01 00:00"}
    assert KpiState.objects.get(kpi=series.kpi).newest_at == local(2026, 3, 10, 10)


def test_the_day_on_which_clocks_go_back_has_25_hours_and_holds_the_repeated_one_twice(arrive, series):
    start = local(2025, 10, 26).astimezone(UTC)
    arrive(series, [(start + timedelta(minutes=30 * i), 1.0) for i in range(50)])

    roll_up()

    day = intervals(series, "day")["2025-10-26 00:00"]
    assert (day.n, day.end - day.start) == (50, timedelta(hours=25))
    hours = IntervalValue.objects.filter(series=series, granularity="hour")
    assert (hours.count(), {row.n for row in hours}) == (25, {2})


def test_the_day_on_which_clocks_go_forward_has_23_hours(arrive, series):
    start = local(2026, 3, 29).astimezone(UTC)
    arrive(series, [(start + timedelta(minutes=30 * i), 1.0) for i in range(46)])

    roll_up()

    day = intervals(series, "day")["2026-03-29 00:00"]
    assert (day.n, day.end - day.start) == (46, timedelta(hours=23))
    assert intervals(series, "day").keys() == {"2026-03-29 00:00"}


def test_a_point_at_midnight_belongs_to_the_day_that_begins(arrive, series):
    arrive(series, [(local(2026, 3, 10), 1.0)])

    roll_up()

    assert intervals(series, "day").keys() == {"2026-03-10 00:00"}


def test_quarters_follow_the_fiscal_year(arrive, series, house):
    house.fiscal_year_start = 2
    house.save()
    arrive(series, [(local(2026, 3, 10), 1.0)])

    roll_up()

    row = intervals(series, "quarter")["2026-02-01 00:00"]
    assert row.end == local(2026, 5, 1)


def test_distributions_are_kept_for_percentiles_only(arrive):
    mean = SeriesFactory()
    p95 = SeriesFactory(kpi=KpiFactory(aggregation="p95"))
    for one in (mean, p95):
        arrive(one, [(local(2026, 3, 10, 10), 1.0)])

    roll_up()

    assert set(IntervalValue.objects.filter(series=mean).values_list("bins", flat=True)) == {None}
    assert None not in IntervalValue.objects.filter(series=p95).values_list("bins", flat=True)


def test_after_a_change_of_aggregation_to_a_percentile_the_distributions_are_computed(arrive, series):
    arrive(series, [(local(2026, 3, day, 10), float(day)) for day in (2, 9, 30)])
    roll_up()
    series.kpi.aggregation = "p90"
    series.kpi.save()

    rolling.recompute([series.kpi_id])

    rows = IntervalValue.objects.filter(series=series)
    assert (rows.count(), rows.filter(bins=None).count()) == (3 + 3 + 3 + 1 + 1, 0)


def test_hours_are_kept_only_where_they_are_the_measurement_interval(arrive):
    daily = SeriesFactory()
    arrive(daily, random_points(seed=4))

    roll_up()

    assert intervals(daily, "hour") == {}
    assert len(intervals(daily, "day")) > 100


def test_after_a_change_of_interval_from_hour_to_day_the_hours_go(arrive, series):
    arrive(series, random_points(seed=4))
    roll_up()
    before = intervals(series, "day").keys()
    series.kpi.interval = "day"
    series.kpi.save()

    rolling.recompute([series.kpi_id])

    assert intervals(series, "hour") == {}
    assert intervals(series, "day").keys() == before


def test_the_oldest_arrivals_come_first_and_more_waiting_is_said(arrive, series):
    other = SeriesFactory()
    arrive(series, [(local(2026, 3, 10, 10), 1.0)])
    arrive(other, [(local(2026, 3, 10, 10), 1.0)])

    touched = roll_up(at_most=1)

    assert touched == rolling.Touched(frozenset({series.kpi_id}), more_waiting=True)
    assert roll_up(at_most=1) == rolling.Touched(frozenset({other.kpi_id}), more_waiting=False)
    assert roll_up(at_most=1) == rolling.Touched(frozenset(), more_waiting=False)


def test_a_value_too_large_to_be_squared_stops_nothing(arrive, series):
    arrive(series, [(local(2026, 3, 10, 10), 1.7e308), (local(2026, 3, 10, 11), 1.7e308, 1e308)])

    roll_up()

    row = intervals(series, "quarter")["2026-01-01 00:00"]
    assert (row.n, row.maximum) == (2, 1e120)


def test_each_arrival_raises_the_version_of_its_kpi_and_leaves_it_to_be_evaluated(arrive, series):
    arrive(series, [(local(2026, 3, 10, 10), 1.0)], at=NOW)
    roll_up()
    rolling.mark_evaluated(rolling.waiting_for_evaluation(now=NOW), at=NOW)
    arrive(series, [(local(2026, 3, 11, 10), 1.0)], at=NOW + timedelta(hours=1))
    roll_up()

    state = KpiState.objects.get(kpi=series.kpi)
    assert (state.version, state.evaluated_version, state.newest_at, state.arrived_at) == (
        2,
        1,
        local(2026, 3, 11, 10),
        NOW + timedelta(hours=1),
    )


@pytest.mark.django_db(transaction=True)
def test_arrivals_that_another_worker_has_claimed_are_left_to_it(arrive, series):
    """The other one is a second connection in the middle of its transaction."""
    import psycopg

    arrive(series, [(local(2026, 3, 10, 10), 1.0)])
    transaction.commit() if transaction.get_connection().in_atomic_block else None
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("select id from kpis_arrival for update")
        touched = roll_up()

    assert touched == rolling.Touched(frozenset(), more_waiting=True)

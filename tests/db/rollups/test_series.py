from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpis.rollups import rolling, series
from kpis.rollups.finality import Finality
from tests.factories import KpiFactory, OrganisationFactory, SeriesFactory

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=30)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC")


def day(n: int, hour: int = 10) -> datetime:
    return START + timedelta(days=n, hours=hour)


def by_day(kpi, where=None, now=NOW) -> dict[int, series.IntervalPoint]:
    points = series.interval_values(kpi, "day", START, END, where=where, now=now)
    return {(point.start - START).days: point for point in points}


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        ("mean", (10 * 1 + 20 * 1 + 60 * 2) / 4),
        ("sum", 90.0),
        ("count", 3.0),
        ("min", 10.0),
        ("max", 60.0),
        ("last", 20.0),
    ],
)
def test_label_sets_are_merged_as_if_their_measurements_were_one_series(arrive, aggregation, value):
    kpi = KpiFactory(aggregation=aggregation)
    arrive(SeriesFactory(kpi=kpi, labels={"team": "a"}), [(day(0), 10.0), (day(0, 12), 20.0)])
    arrive(SeriesFactory(kpi=kpi, labels={"team": "b"}), [(day(0, 11), 60.0, 2.0)])
    rolling.roll_up_arrivals(at_most=10)

    point = by_day(kpi)[0]

    assert (point.value, point.count, point.weight) == (value, 3, 4.0)


def test_a_percentile_over_label_sets_is_that_of_all_measurements_within_one_percent(arrive):
    kpi = KpiFactory(aggregation="p90")
    rng = np.random.default_rng(5)
    values = rng.lognormal(3, 1, 300)
    for team, part in (("a", values[:250]), ("b", values[250:] * 4)):
        points = [(day(0) + timedelta(seconds=i), float(v)) for i, v in enumerate(part)]
        arrive(SeriesFactory(kpi=kpi, labels={"team": team}), points)
    rolling.roll_up_arrivals(at_most=10)

    truth = np.quantile(np.concatenate([values[:250], values[250:] * 4]), 0.9, method="lower")
    assert by_day(kpi)[0].value == pytest.approx(truth, rel=0.01)


def test_only_label_sets_that_hold_all_of_the_wanted_labels_count(arrive):
    kpi = KpiFactory()
    arrive(SeriesFactory(kpi=kpi, labels={"team": "a", "site": "north"}), [(day(0), 10.0)])
    arrive(SeriesFactory(kpi=kpi, labels={"team": "b", "site": "north"}), [(day(0), 20.0)])
    arrive(SeriesFactory(kpi=kpi, labels={"site": "north"}), [(day(0), 90.0)])
    rolling.roll_up_arrivals(at_most=10)

    assert by_day(kpi, where={"team": "a"})[0].value == 10.0
    assert by_day(kpi, where={"site": "north"})[0].value == 40.0
    assert by_day(kpi, where={"team": "c"}) == {}
    assert [s.labels for s in series.matching(kpi, {"team": "b"})] == [{"team": "b", "site": "north"}]


def test_an_interval_without_data_is_absent(arrive):
    kpi = KpiFactory()
    arrive(SeriesFactory(kpi=kpi), [(day(0), 1.0), (day(2), 3.0)])
    rolling.roll_up_arrivals(at_most=10)

    assert by_day(kpi).keys() == {0, 2}


def test_a_mean_whose_weights_are_zero_has_no_value_and_says_why(arrive):
    kpi = KpiFactory(aggregation="mean")
    arrive(SeriesFactory(kpi=kpi), [(day(0), 5.0, 0.0)])
    rolling.roll_up_arrivals(at_most=10)

    point = by_day(kpi)[0]

    assert (point.value, point.count) == (None, 1)
    assert point.reason == "The weights of this interval add up to zero."


def test_the_interval_that_holds_now_is_open_and_the_one_before_complete(arrive):
    kpi = KpiFactory()
    arrive(SeriesFactory(kpi=kpi), [(day(0), 1.0), (day(1), 3.0)])
    rolling.roll_up_arrivals(at_most=10)

    points = by_day(kpi, now=day(1, 12))

    assert (points[0].state, points[0].complete, points[0].provisional) == (Finality.COMPLETE, True, False)
    assert (points[1].state, points[1].complete, points[1].provisional) == (Finality.OPEN, False, True)


def test_an_interval_that_reaches_into_the_range_belongs_to_it(arrive):
    kpi = KpiFactory()
    arrive(SeriesFactory(kpi=kpi), [(day(0), 1.0), (day(9), 2.0)])
    rolling.roll_up_arrivals(at_most=10)

    weeks = series.interval_values(kpi, "week", day(3), day(7), now=NOW)

    assert [point.start for point in weeks] == [START, START + timedelta(days=7)]


def test_hours_of_a_kpi_that_is_not_measured_hourly_are_computed_when_asked_for(arrive):
    points = [(day(n % 5) + timedelta(minutes=17 * n), float(n), 1.0 + n % 3) for n in range(200)]
    found = []
    for interval in ("day", "hour"):
        kpi = KpiFactory(interval=interval)
        for team in (0, 1):
            arrive(SeriesFactory(kpi=kpi, labels={"team": str(team)}), points[team::2])
        rolling.roll_up_arrivals(at_most=10)
        found.append(series.interval_values(kpi, "hour", day(1), day(4), now=NOW))

    assert len(found[0]) > 20
    assert found[0] == found[1]


def test_any_number_of_kpis_is_read_with_the_same_number_of_queries(arrive, django_assert_num_queries):
    daily = [KpiFactory(), KpiFactory(aggregation="p95"), KpiFactory(category="quality")]
    for kpi in daily:
        arrive(SeriesFactory(kpi=kpi), [(day(0), 1.0)])
    rolling.roll_up_arrivals(at_most=10)

    # The organisation, series, newest points, and one for each kind of interval and distribution.
    with django_assert_num_queries(3 + 3):
        points = series.interval_values_of(daily, START, END, now=NOW)

    assert {kpi_id: len(found) for kpi_id, found in points.items()} == {kpi.pk: 1 for kpi in daily}


def test_each_kpi_is_read_with_its_own_filter_in_its_own_interval(arrive):
    daily, weekly = KpiFactory(), KpiFactory(category="quality")
    for kpi in (daily, weekly):
        arrive(SeriesFactory(kpi=kpi, labels={"team": "a"}), [(day(0), 10.0), (day(1), 30.0)])
        arrive(SeriesFactory(kpi=kpi, labels={"team": "b"}), [(day(0), 90.0)])
    rolling.roll_up_arrivals(at_most=10)

    found = series.interval_values_of([daily, weekly], START, END, where={weekly.pk: {"team": "a"}}, now=NOW)

    assert [point.value for point in found[daily.pk]] == [50.0, 30.0]
    assert [(point.value, point.end - point.start) for point in found[weekly.pk]] == [(20.0, timedelta(days=7))]

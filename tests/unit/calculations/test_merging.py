from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.aggregation import AGGREGATIONS, States, aggregate_groups, merge, value_of
from kpis.calculations.merging import merge_groups, taken, values_of

FLOATS = ("sum_w", "sum_w2", "mean", "m2", "total")
EXACT = ("n", "minimum", "maximum", "last_at", "last")

measurements = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6),
        st.sampled_from([0.0, 0.5, 1.0, 7.0]),
        st.integers(0, 50),  # days
    ),
    min_size=1,
    max_size=60,
)


def days_of(points: list[tuple[float, float, int]]) -> tuple[States, list[tuple[float, float, int]]]:
    points = sorted(points, key=lambda point: point[2])
    values, weights, days = (np.array(column, float) for column in zip(*points, strict=True))
    at = days.astype(np.int64) * 1000 + np.arange(len(points))
    return aggregate_groups(values, weights, at, days.astype(np.int64)), points


@given(measurements)
def test_days_merged_to_weeks_are_the_weeks_aggregated_at_once(points):
    days, points = days_of(points)
    values, weights, day = (np.array(column, float) for column in zip(*points, strict=True))
    at = day.astype(np.int64) * 1000 + np.arange(len(points))

    merged = merge_groups(days, days.groups // 7)
    whole = aggregate_groups(values, weights, at, day.astype(np.int64) // 7)

    for name in EXACT:
        assert getattr(merged, name).tolist() == getattr(whole, name).tolist()
    for name in FLOATS:
        assert getattr(merged, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-6)
    assert merged.bins == whole.bins


@given(measurements)
def test_merging_columns_gives_what_merging_one_by_one_gives(points):
    days, _ = days_of(points)

    merged = merge_groups(days, np.zeros(len(days), np.int64)).state(0)
    one_by_one = merge([days.state(i) for i in range(len(days))])

    for name in EXACT:
        assert getattr(merged, name) == getattr(one_by_one, name)
    for name in FLOATS:
        assert getattr(merged, name) == pytest.approx(getattr(one_by_one, name), rel=1e-9, abs=1e-6)


@given(measurements)
def test_values_of_many_states_are_those_of_each(points):
    days, _ = days_of(points)
    for aggregation in AGGREGATIONS:
        values, exist = values_of(days, aggregation)
        answers = [value_of(days.state(i), aggregation).value for i in range(len(days))]
        assert [v if e else None for v, e in zip(values.tolist(), exist.tolist(), strict=True)] == answers


def test_the_spread_of_large_values_is_not_lost_in_the_merge():
    """The sum of squares minus the square of the sum would be noise here."""
    values = 1e9 + np.array([1.0, 2.0, 3.0, 4.0])
    days = aggregate_groups(values, np.ones(4), np.arange(4), np.array([0, 0, 1, 1]))

    assert merge_groups(days, np.zeros(2, np.int64)).m2[0] == pytest.approx(5.0, rel=1e-6)


def test_states_without_distributions_merge_to_one_without():
    days = aggregate_groups(np.ones(2), np.ones(2), np.arange(2), np.arange(2), with_bins=False)

    assert merge_groups(days, np.zeros(2, np.int64)).bins is None


def test_nothing_merges_to_nothing():
    nothing = aggregate_groups(*[np.empty(0)] * 2, *[np.empty(0, np.int64)] * 2)

    assert len(merge_groups(nothing, np.empty(0, np.int64))) == 0
    assert len(taken(nothing, np.empty(0, np.int64))) == 0


@pytest.mark.parametrize("groups", [np.array([0]), np.array([1, 0])])
def test_groups_that_are_too_few_or_out_of_order_are_refused(groups):
    days = aggregate_groups(np.ones(2), np.ones(2), np.arange(2), np.arange(2))

    with pytest.raises(ValueError, match="sorted"):
        merge_groups(days, groups)


def test_an_unknown_aggregation_is_refused():
    days = aggregate_groups(np.ones(2), np.ones(2), np.arange(2), np.arange(2))

    with pytest.raises(ValueError, match="median"):
        values_of(days, "median")

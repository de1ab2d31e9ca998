from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.aggregation import aggregate, aggregate_groups, merge, value_of

measurement = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.integers(0, 10**15))
batches = st.lists(st.lists(measurement, min_size=1, max_size=20), min_size=1, max_size=6)


def columns(rows):
    values, weights, at = zip(*rows, strict=True)
    return np.array(values, float), np.array(weights, float), np.array(at, np.int64)


def state_of(values, weights=None, at=None):
    values = np.array(values, float)
    weights = np.ones(values.size) if weights is None else np.array(weights, float)
    return aggregate(values, weights, np.arange(values.size) if at is None else np.array(at, np.int64))


@given(batches)
def test_merging_parts_gives_the_state_of_the_whole(parts):
    whole = aggregate(*columns([row for part in parts for row in part]))
    merged = merge([aggregate(*columns(part)) for part in parts])
    assert (merged.n, merged.minimum, merged.maximum, merged.bins) == (
        whole.n,
        whole.minimum,
        whole.maximum,
        whole.bins,
    )
    assert (merged.last_at, merged.last) == (whole.last_at, whole.last)
    assert merged.total == pytest.approx(whole.total, rel=1e-12, abs=1e-6)
    if whole.sum_w > 1e-100:
        assert merged.sum_w == pytest.approx(whole.sum_w, rel=1e-12)
        assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
        assert merged.m2 == pytest.approx(whole.m2, rel=1e-9, abs=1e-6 * (1 + whole.sum_w))


@given(batches)
def test_many_groups_at_once_give_the_states_of_one_by_one(parts):
    values, weights, at = columns([row for part in parts for row in part])
    groups = np.repeat(np.arange(len(parts)) * 7, [len(part) for part in parts])
    states = aggregate_groups(values, weights, at, groups)
    assert states.groups.tolist() == [7 * i for i in range(len(parts))]
    assert [states.state(i) for i in range(len(states))] == [aggregate(*columns(part)) for part in parts]


@given(st.lists(measurement, min_size=2, max_size=30))
def test_mean_and_spread_agree_with_numpy(rows):
    values, weights, at = columns(rows)
    state = aggregate(values, weights, at)
    if weights.sum() > 1e-100:
        mean = np.average(values, weights=weights)
        assert value_of(state, "mean").value == pytest.approx(mean, rel=1e-9, abs=1e-6)
        spread = float((weights * (values - mean) ** 2).sum())
        assert state.m2 == pytest.approx(spread, rel=1e-6, abs=1e-6 * (1 + weights.sum()))


def test_spread_is_kept_where_values_are_a_billion_times_larger():
    spread = np.array([4.0, 7.0, 13.0, 16.0])
    assert state_of(1e9 + spread).m2 == pytest.approx(90.0, rel=1e-9)


def test_a_mean_with_weights_is_the_ratio_of_the_sums():
    state = state_of([0.5, 0.25], weights=[10, 30])
    assert value_of(state, "mean").value == pytest.approx((5 + 7.5) / 40)


def test_a_sum_leaves_the_weights_out_and_loses_no_cent():
    state = state_of([0.1] * 10, weights=[3] * 10)
    assert value_of(state, "sum").value == 1.0


def test_count_min_max_and_last_are_read_from_the_state():
    state = state_of([3, 9, 1, 5], at=[40, 10, 30, 20])
    assert [value_of(state, a).value for a in ("count", "min", "max", "last")] == [4, 1, 9, 3]


def test_of_two_measurements_at_one_instant_the_later_sent_is_the_last():
    assert value_of(state_of([1, 2, 3], at=[5, 9, 9]), "last").value == 3


def test_a_quantile_says_that_it_is_approximate_and_stays_between_minimum_and_maximum():
    state = state_of([1000.0] * 3)
    answer = value_of(state, "p99")
    assert (answer.value, answer.status) == (1000.0, "approximate")


def test_a_quantile_of_merged_days_is_the_quantile_of_all_measurements():
    rng = np.random.default_rng(3)
    days = [rng.lognormal(3, 1, 500) * scale for scale in (1, 1, 20)]
    merged = merge([state_of(day) for day in days])
    exact = np.quantile(np.concatenate(days), 0.95)
    assert value_of(merged, "p95").value == pytest.approx(exact, rel=0.03)


def test_a_mean_whose_weights_are_all_zero_is_undefined_and_says_so():
    answer = value_of(state_of([1, 2], weights=[0, 0]), "mean")
    assert answer.status == "undefined" and "zero" in answer.reason


def test_an_interval_without_weight_does_not_move_the_mean_of_the_whole():
    merged = merge([state_of([100], weights=[0]), state_of([3, 5])])
    assert value_of(merged, "mean").value == pytest.approx(4)


def test_a_quantile_without_a_kept_distribution_is_not_guessed():
    values = np.array([1.0, 2.0])
    state = aggregate(values, np.ones(2), np.arange(2), with_bins=False)
    assert value_of(state, "p50").status == "not_enough_data"


@pytest.mark.parametrize("huge", [[1.7e308, 1.7e308], [-1.7e308, -1.7e308], [1.7e308, -1.7e308]])
def test_absurdly_large_values_give_no_number_rather_than_infinity_or_a_crash(huge):
    state = merge([state_of(huge, weights=[9, 9]), state_of([1])])
    assert math.isfinite(state.m2)
    assert not value_of(state, "mean").exists


@pytest.mark.parametrize("aggregation", ["sum", "max", "last", "p99"])
def test_a_value_whose_square_is_no_number_is_not_answered(aggregation):
    answer = value_of(state_of([1e200, 1e200]), aggregation)
    assert answer.status == "undefined" and "too large" in answer.reason


def test_no_measurements_are_a_gap_and_have_no_state():
    with pytest.raises(ValueError, match="gap"):
        state_of([])
    with pytest.raises(ValueError, match="gap"):
        merge([])


@pytest.mark.parametrize(
    ("values", "weights"), [([math.nan], [1]), ([1], [-1]), ([math.inf], [1]), ([1], [math.nan]), ([1, 2], [1])]
)
def test_numbers_that_are_none_and_negative_weights_are_refused(values, weights):
    with pytest.raises(ValueError, match="values"):
        state_of(values, weights)


def test_groups_out_of_order_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        aggregate_groups(np.ones(2), np.ones(2), np.arange(2), np.array([1, 0]))


def test_an_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="unknown aggregation"):
        value_of(state_of([1]), "median")

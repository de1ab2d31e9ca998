"""Means of independent measurements, from what rollups keep of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from kpis.calculations import aggregation
from kpis.calculations.aggregation import aggregate, merge
from kpis.calculations.welch import Moments, difference

rows = st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40)


def sample(seed, n, mean=10.0, sd=1.0):
    return np.random.default_rng(seed).normal(mean, sd, n)


def state_of(values, weights=None):
    n = len(values)
    return aggregate(np.asarray(values), np.ones(n) if weights is None else weights, np.arange(n), with_bins=False)


def between(before, after, confidence=0.95):
    return difference(Moments.of(np.asarray(before)), Moments.of(np.asarray(after)), confidence=confidence)


def test_two_months_of_merged_days_are_compared_as_scipy_compares_the_measurements_themselves():
    before, after = sample(1, 900), sample(2, 700, 9.8, 2.0)
    days = [merge([state_of(part) for part in np.array_split(side, 30)]) for side in (before, after)]
    found = difference(*map(Moments.of_state, days), confidence=0.95)
    oracle = stats.ttest_ind(after, before, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    assert (found.low, found.high, found.p_value) == pytest.approx((interval.low, interval.high, oracle.pvalue))
    assert (found.value, found.status) == (pytest.approx(after.mean() - before.mean()), "ok")


def test_weights_make_fewer_values_of_many():
    values, weights = sample(3, 50), np.random.default_rng(4).uniform(0.5, 3, 50)
    found = Moments.of_state(state_of(values, weights))
    # Reliability weights, written out; the mean as statsmodels weighs it.
    mean = DescrStatsW(values, weights).mean
    assert found.mean == pytest.approx(mean)
    assert found.n == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    spread = (weights * (values - mean) ** 2).sum()
    assert found.variance == pytest.approx(spread / (weights.sum() - (weights**2).sum() / weights.sum()))
    equal, plain = Moments.of_state(state_of(values, np.full(50, 7.0))), Moments.of(values)
    assert (equal.n, equal.mean, equal.variance) == pytest.approx((plain.n, plain.mean, plain.variance))


def test_a_large_level_costs_no_digits():
    before, after = sample(5, 40), sample(6, 40)
    plain, lifted = between(before, after), between(before + 1e9, after + 1e9)
    assert (lifted.low, lifted.high) == pytest.approx((plain.low, plain.high), abs=1e-5)


@given(rows, rows, st.sampled_from([2.0, 0.25, -1.0, -60.0]), st.floats(-1e6, 1e6))
def test_another_unit_scales_the_interval_and_a_mirrored_one_turns_it(before, after, factor, shift):
    found = between(before, after)
    other = between(np.array(before) * factor + shift, np.array(after) * factor + shift)
    if found.low is None or other.low is None:
        return
    ends = sorted([found.low * factor, found.high * factor])
    scale = max(map(abs, [*before, *after])) * abs(factor) + abs(shift)
    assert (other.low, other.high) == pytest.approx(tuple(ends), rel=1e-6, abs=1e-7 * scale + 1e-7)


@given(rows, rows)
def test_before_and_after_exchanged_turn_the_sign(before, after):
    found, turned = between(before, after), between(after, before)
    assert found.value == -turned.value
    assert (found.low is None) == (turned.low is None)
    assert found.low is None or (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


@pytest.mark.parametrize(
    ("before", "after", "value", "says"),
    [
        ([], [1.0] * 9, None, "no values"),
        ([1.0, 2.0, 3.0, 4.0], [5.0] * 9, 2.5, "five"),
        ([3.0] * 9, [5.0] * 9, 2.0, "do not vary"),
    ],
)
def test_no_values_few_values_and_equal_values_have_no_interval_and_say_why(before, after, value, says):
    found = between(before, after)
    assert (found.value, found.low, found.p_value) == (value, None, None)
    assert says in found.reason


def test_below_twelve_values_the_interval_is_approximate_and_said_to_be():
    found = between(sample(7, 30), sample(8, 11))
    assert found.status == "approximate" and "few values" in found.reason


def test_sums_beyond_the_largest_double_are_not_compared():
    state = state_of([1e200, -1e200, 3e200, 4e200, 5e200])
    assert state.m2 == aggregation.TOO_LARGE
    assert difference(Moments.of_state(state), Moments.of(sample(1, 20)), confidence=0.95).status == "undefined"


def test_values_without_weight_count_as_none():
    assert Moments.of_state(state_of([1.0, 2.0], np.zeros(2))).n == 0


@settings(max_examples=60)
@given(st.lists(st.floats(-1e150, 1e150), max_size=15), st.lists(st.floats(-1e150, 1e150), max_size=15))
def test_any_finite_values_give_an_answer_with_finite_numbers(before, after):
    found = difference(
        *(Moments.of_state(state_of(side)) if side else Moments(0, 0.0, 0.0) for side in (before, after)),
        confidence=0.95,
    )
    assert all(x is None or math.isfinite(x) for x in (found.value, found.low, found.high, found.p_value))


def test_where_one_side_varies_three_times_as_much_the_interval_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(20261124)
    held = 0
    for _ in range(2000):
        found = between(rng.normal(0, 1, 40), rng.normal(0, 3, 15))
        held += found.low <= 0 <= found.high
    assert 0.935 <= held / 2000 <= 0.965


def test_a_confidence_that_is_none_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        between(sample(1, 20), sample(2, 20), confidence=1.0)

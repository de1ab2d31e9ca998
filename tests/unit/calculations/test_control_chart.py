"""Control charts against the package shewhart, published tables, and how often they cry wolf."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shewhart
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.calculations.control_chart import (
    NoLimits,
    count_limits_of,
    cusum,
    ewma,
    individuals,
    limits_of,
    of_counts,
)
from tests.oracles.simulated import ar1

# Montgomery, Introduction to Statistical Quality Control, table 7.1: nonconforming cans of 50, thirty samples.
CANS = np.array([
    12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6,
])  # fmt: skip
FIFTY = np.full(30, 50.0)


def process(seed, n=40, phi=0.0):
    return 20 + 2 * ar1(np.random.default_rng(seed), n, phi)


def close(left, right):
    # shewhart has more digits of 1.128.
    return np.allclose(left, right, rtol=2e-3)


@pytest.mark.parametrize("outliers", [False, True])
def test_limits_of_individual_values_are_those_of_shewhart(outliers):
    baseline = process(1)
    if outliers:
        baseline[[7, 20]] += 30
    method = "median_mr" if outliers else "average_mr"
    oracle = shewhart.imr(pd.DataFrame({"x": baseline}), value="x", method=method, rules="none").stats
    limits = limits_of(baseline, outliers=outliers)
    chart = individuals(baseline, limits)
    assert close([chart.low[0], chart.high[0]], [oracle["i_lcl"], oracle["i_ucl"]])
    assert limits.range_limit == pytest.approx(oracle["mr_ucl"], rel=1e-3)


def test_the_weighted_past_is_that_of_shewhart():
    limits, values = limits_of(process(2)), process(3) + 1.5
    oracle = shewhart.ewma(values, lam=0.2, k=2.86, center=limits.centre, sigma=limits.sigma)._table
    chart = ewma(values, limits)
    for ours, theirs in ((chart.points, "ewma"), (chart.low, "lcl"), (chart.high, "ucl"), (chart.beyond, "signal")):
        assert np.allclose(ours, oracle[theirs])
    assert chart.beyond.any()


def test_the_cumulated_sums_are_those_of_shewhart():
    limits, values = limits_of(process(4)), process(5) - 1.5
    oracle = shewhart.cusum(values, k=0.5, h=4.77, center=limits.centre, sigma=limits.sigma)._table
    chart = cusum(values, limits)
    assert np.allclose(chart.above, oracle["cusum_pos"]) and np.allclose(-chart.below, oracle["cusum_neg"])
    assert chart.beyond.tolist() == oracle["signal"].tolist()
    assert chart.beyond.any()


def test_shares_have_the_published_limits_where_their_sizes_explain_how_they_scatter():
    limits = count_limits_of(CANS, FIFTY, is_share=True)
    assert limits.centre == pytest.approx(0.2313, abs=5e-5)
    plain = of_counts(CANS, FIFTY, type(limits)(limits.centre, 1.0, 30, True))
    # Montgomery, example 7.1; samples 15 and 23 lie outside.
    assert (round(plain.low[0], 4), round(plain.high[0], 4)) == (0.0524, 0.4102)
    assert (np.flatnonzero(plain.beyond) + 1).tolist() == [15, 23]


@pytest.mark.parametrize(("is_share", "chart"), [(True, "laney_p"), (False, "laney_u")])
def test_where_points_scatter_more_the_limits_are_those_of_laney(is_share, chart):
    rng = np.random.default_rng(6)
    sizes = rng.integers(4_000, 9_000, 30)
    counts = rng.binomial(sizes, np.clip(rng.normal(0.1, 0.02, 30), 0.01, 0.3))
    names = {"defectives" if is_share else "defects": counts, "size": sizes}
    oracle = getattr(shewhart, chart)(pd.DataFrame(names), **{name: name for name in names})._table
    limits = count_limits_of(counts, sizes.astype(float), is_share=is_share)
    found = of_counts(counts, sizes.astype(float), limits)
    assert limits.widening > 2
    assert close(found.low, oracle["lcl"]) and close(found.high, oracle["ucl"])


def test_more_cases_make_narrower_limits_and_none_lies_below_zero():
    sizes = np.linspace(20, 400, 30)
    limits = count_limits_of(np.full(30, 4), sizes, is_share=False)
    found = of_counts(np.full(30, 4), sizes, limits)
    assert (np.diff(found.high) < 0).all() and found.low[0] == 0


# How often they cry wolf ----------------------------------------------------------------------------------------------


def alarm_rate(baseline_size, phi=0.0, series=1500):
    """Share of points of an unchanged process beyond limits of a baseline of this size."""
    rng, beyond, dependent = np.random.default_rng(20261124), [], 0
    for _ in range(series):
        values = ar1(rng, baseline_size + 40, phi)
        limits = limits_of(values[:baseline_size])
        dependent += limits.dependent
        beyond.append(individuals(values[baseline_size:], limits).beyond.mean())
    return float(np.mean(beyond)), dependent / series


@pytest.mark.parametrize(("size", "expected"), [(12, 0.017), (20, 0.012), (50, 0.005)])
def test_the_shorter_the_baseline_the_more_false_alarms(size, expected):
    assert alarm_rate(size)[0] == pytest.approx(expected, rel=0.35)


def test_on_values_that_resemble_their_neighbours_limits_of_moving_ranges_would_alarm_many_times_as_often():
    rate, dependent = alarm_rate(100, phi=0.6, series=400)
    assert dependent > 0.99 and rate < 0.01
    values = ar1(np.random.default_rng(20261124), 200_000, 0.6)
    by_ranges = 3 * np.abs(np.diff(values)).mean() / 1.128
    assert np.mean(np.abs(values) > by_ranges) == pytest.approx(0.058, abs=0.006)


@pytest.mark.parametrize("chart", [ewma, cusum])
def test_of_known_limits_a_false_alarm_comes_about_every_370_points(chart):
    rng, limits = np.random.default_rng(20261124), limits_of(process(7))
    runs = []
    for _ in range(150):
        beyond = chart(limits.centre + limits.sigma * rng.normal(size=2000), limits).beyond
        runs.append((beyond[: np.argmax(beyond) + 1].size if beyond.any() else 2000, beyond.any()))
    # Points looked at by alarms raised: right also where a run ended without one.
    assert sum(n for n, _ in runs) / sum(alarm for _, alarm in runs) == pytest.approx(370, rel=0.25)


# What cannot be charted -----------------------------------------------------------------------------------------------


def test_limits_are_for_trial_then_for_alarms_then_firm():
    assert [limits_of(process(8, n)).standing for n in (12, 19, 20, 49, 50)] == [
        "trial", "trial", "alarm", "alarm", "firm",
    ]  # fmt: skip


@pytest.mark.parametrize(("baseline", "says"), [(np.arange(11.0), "12 values"), (np.full(30, 0.1), "do not vary")])
def test_few_and_equal_values_give_no_limits_and_say_why(baseline, says):
    with pytest.raises(NoLimits, match=says):
        limits_of(baseline)


def test_mostly_equal_values_have_no_median_range():
    with pytest.raises(NoLimits, match="neighbouring"):
        limits_of(np.array([5.0] * 25 + [9.0] + [5.0] * 25), outliers=True)


@pytest.mark.parametrize(
    ("counts", "is_share", "says"),
    [(np.zeros(20, int), True, "vary"), (np.full(20, 50), True, "vary"), (np.ones(11, int), False, "12 values")],
)
def test_none_all_and_few_counts_give_no_limits_and_say_why(counts, is_share, says):
    with pytest.raises(NoLimits, match=says):
        count_limits_of(counts, np.full(counts.size, 50.0), is_share=is_share)


def test_numbers_that_are_none_and_more_hits_than_cases_are_refused():
    with pytest.raises(ValueError, match="finite"):
        limits_of(np.full(30, np.nan))
    with pytest.raises(ValueError, match="finite"):
        individuals(np.array([np.inf]), limits_of(process(9)))
    with pytest.raises(ValueError, match="no more cases"):
        count_limits_of(np.full(20, 51), np.full(20, 50.0), is_share=True)
    with pytest.raises(ValueError, match="size above 0"):
        count_limits_of(np.full(20, 1), np.zeros(20), is_share=False)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from([60.0, 0.001, -1.0]), st.floats(-1000, 1000))
def test_another_unit_changes_no_distance_and_a_mirrored_one_its_sign(seed, factor, shift):
    baseline, values = process(seed), process(seed + 1, 15)
    plain = individuals(values, limits_of(baseline)).z
    other = individuals(values * factor + shift, limits_of(baseline * factor + shift)).z
    assert other == pytest.approx(plain * np.sign(factor), rel=1e-6, abs=1e-6)

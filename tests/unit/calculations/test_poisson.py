"""Counts of rare events against Garwood's table, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.rates import confint_poisson

from kpis.calculations.poisson import Events, rate, rate_ratio

counts, exposures = st.integers(0, 400), st.floats(0.01, 1e6)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.39), (50, 37.11, 65.92)]
)
def test_a_count_has_the_exact_interval_of_the_published_table(count, low, high):
    # Garwood 1936; Pearson & Hartley, Biometrika Tables for Statisticians, table 40.
    found = rate(Events(count, 1.0), confidence=0.95)
    assert (found.low, found.high) == pytest.approx((low, high), rel=2e-4, abs=5e-4)


@given(counts, exposures, st.sampled_from([0.8, 0.95]))
def test_a_rate_is_that_of_statsmodels(count, exposure, confidence):
    found = rate(Events(count, exposure), confidence=confidence)
    low, high = confint_poisson(count, exposure, method="exact-c", alpha=1 - confidence)
    assert (found.low, found.high) == pytest.approx((0.0 if count == 0 else low, high), rel=1e-9)


@given(counts.filter(bool), exposures, counts, exposures)
def test_a_ratio_is_the_exact_binomial_of_scipy_put_another_way(c0, e0, c1, e1):
    found = rate_ratio(Events(c0, e0), Events(c1, e1), confidence=0.95)
    binomial = stats.binomtest(c1, c0 + c1).proportion_ci(0.95, method="exact")
    ends = [p / (1 - p) * e0 / e1 for p in binomial]
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-8)
    expected = e1 / (e0 + e1)
    tails = [stats.binomtest(c1, c0 + c1, expected, alternative=side).pvalue for side in ("less", "greater")]
    assert found.p_value == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-7, abs=1e-300)


@given(counts.filter(bool), exposures, counts.filter(bool), exposures)
def test_before_and_after_exchanged_turn_the_ratio_over(c0, e0, c1, e1):
    found = rate_ratio(Events(c0, e0), Events(c1, e1), confidence=0.95)
    turned = rate_ratio(Events(c1, e1), Events(c0, e0), confidence=0.95)
    assert (turned.low, turned.high) == pytest.approx((1 / found.high, 1 / found.low), rel=1e-8)


def test_the_exact_interval_of_a_ratio_holds_the_truth_at_least_95_times_in_100():
    rng = np.random.default_rng(20261124)
    held = total = 0
    for a, b in zip(rng.poisson(8, 2000).tolist(), rng.poisson(12, 2000).tolist(), strict=True):
        if a:
            found = rate_ratio(Events(a, 4.0), Events(b, 12.0), confidence=0.95)
            held, total = held + (found.low <= 0.5 <= found.high), total + 1
    assert 0.95 <= held / total <= 0.99


def test_without_events_before_there_is_no_ratio_and_without_events_after_it_is_zero():
    assert rate_ratio(Events(0, 1.0), Events(3, 1.0), confidence=0.95).status == "undefined"
    assert "before or after" in rate_ratio(Events(0, 1.0), Events(0, 1.0), confidence=0.95).reason
    none_left = rate_ratio(Events(9, 1.0), Events(0, 1.0), confidence=0.95)
    assert (none_left.value, none_left.low) == (0.0, 0.0) and none_left.high < 1


@pytest.mark.parametrize(("count", "exposure"), [(-1, 1.0), (1, 0.0), (1, float("nan")), (1, float("inf"))])
def test_counts_and_exposures_that_cannot_be_are_refused(count, exposure):
    with pytest.raises(ValueError, match="events need"):
        Events(count, exposure)

"""Shares and their differences against Newcombe's published tables and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kpis.calculations.proportions import Share, newcombe, wilson

shares = st.integers(1, 3000).flatmap(lambda n: st.integers(0, n).map(lambda hits: Share(hits, n)))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_one_share_has_the_interval_that_newcombe_published_for_the_score_method(hits, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17, 857–872, table I, method 3.
    found = wilson(Share(hits, n), confidence=0.95)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_the_difference_of_two_shares_has_the_interval_that_newcombe_published():
    # Newcombe 1998, Statistics in Medicine 17, 873–890, table II, method 10: 56/70 − 48/80.
    found = newcombe(Share(48, 80), Share(56, 70), confidence=0.95)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


@given(shares, st.sampled_from([0.8, 0.95, 0.99]))
def test_one_share_is_that_of_statsmodels(share, confidence):
    found = wilson(share, confidence=confidence)
    oracle = proportion_confint(share.hits, share.n, alpha=1 - confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx(oracle, abs=1e-12)


@given(shares, shares)
def test_the_difference_is_that_of_statsmodels_and_its_p_value_that_of_scipy(before, after):
    found = newcombe(before, after, confidence=0.95)
    oracle = confint_proportions_2indep(after.hits, after.n, before.hits, before.n, method="newcomb")
    assert (found.low, found.high) == pytest.approx(oracle, abs=1e-9)
    table = [[side.hits, side.n - side.hits] for side in (before, after)]
    if all(sum(column) for column in zip(*table, strict=True)):
        assert found.p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, abs=1e-12)
    else:
        assert found.p_value == 1.0


@given(shares, shares)
def test_counting_the_misses_turns_the_sign(before, after):
    found = newcombe(before, after, confidence=0.95)
    turned = newcombe(*(Share(side.n - side.hits, side.n) for side in (before, after)), confidence=0.95)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_of_none_seen_the_share_may_still_be_three_to_four_by_n():
    # z²/(n + z²); the rule of three is the exact end at 95 % of one side.
    assert wilson(Share(0, 1000), confidence=0.95).high == pytest.approx(3.8415 / 1003.8415, rel=1e-4)


@pytest.mark.parametrize(("p0", "p1", "n"), [(0.05, 0.05, 60), (0.5, 0.4, 100)])
def test_the_interval_of_a_difference_holds_the_truth_about_95_times_in_100(p0, p1, n):
    rng = np.random.default_rng(20261124)
    held = 0
    for a, b in zip(rng.binomial(n, p0, 2000).tolist(), rng.binomial(n, p1, 2000).tolist(), strict=True):
        found = newcombe(Share(a, n), Share(b, n), confidence=0.95)
        held += found.low <= p1 - p0 <= found.high
    assert 0.94 <= held / 2000 <= 0.985


def test_without_cases_there_is_no_share():
    assert wilson(Share(0, 0), confidence=0.95).status == "undefined"
    assert "no cases" in newcombe(Share(0, 0), Share(1, 2), confidence=0.95).reason
    with pytest.raises(ValueError, match="no share"):
        _ = Share(0, 0).value


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2)])
def test_counts_that_contradict_each_other_are_refused(hits, n):
    with pytest.raises(ValueError, match="hits"):
        Share(hits, n)


def test_huge_counts_stay_finite():
    found = newcombe(Share(10**15, 2 * 10**15), Share(10**15 + 1, 2 * 10**15), confidence=0.95)
    assert math.isfinite(found.low) and found.low < 0 < found.high

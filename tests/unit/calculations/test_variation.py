"""Whether values scatter more than before; held against scipy's test of Levene about the median."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kpis.calculations.variation import change_of_variation

rows = st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40).map(np.array)


def test_it_is_the_test_of_brown_and_forsythe():
    rng = np.random.default_rng(1)
    before, after = rng.lognormal(size=60), 1.4 * rng.lognormal(size=45)
    found = change_of_variation(before, after, confidence=0.95)
    assert found.p_value == pytest.approx(stats.levene(before, after, center="median").pvalue)
    distances = [np.abs(side - np.median(side)) for side in (before, after)]
    interval = stats.ttest_ind(*distances[::-1]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("skewed", [False, True])
def test_where_nothing_changed_at_most_one_in_fourteen_is_said_to_scatter_otherwise(skewed):
    rng = np.random.default_rng(20261124)
    draw = rng.lognormal if skewed else rng.normal
    alarms = [change_of_variation(draw(size=40), draw(size=25), confidence=0.95).excludes_zero for _ in range(1500)]
    assert np.mean(alarms) <= 0.07
    # Of skewed values a ratio of variances would raise one in three or more.
    if skewed:
        ratios = [np.var(draw(size=40), ddof=1) / np.var(draw(size=25), ddof=1) for _ in range(1500)]
        low, high = stats.f(39, 24).ppf([0.025, 0.975])
        assert np.mean([not low <= ratio <= high for ratio in ratios]) > 0.33


def test_a_doubled_scatter_is_found():
    rng = np.random.default_rng(2)
    found = change_of_variation(rng.normal(5, 1, 60), rng.normal(9, 2, 60), confidence=0.95)
    assert found.excludes_zero and found.value == pytest.approx(0.8, abs=0.3)


@given(rows, rows, st.floats(-1e6, 1e6), st.sampled_from([0.25, 4.0, -2.0]))
def test_neither_level_nor_sign_matter_and_the_unit_scales(before, after, shift, factor):
    plain = change_of_variation(before, after, confidence=0.95)
    other = change_of_variation(before * factor + shift, after * factor + shift, confidence=0.95)
    scale = max(np.abs(before).max(), np.abs(after).max(), abs(shift), 1.0)
    assert other.value == pytest.approx(plain.value * abs(factor), abs=1e-8 * scale)


def test_no_values_few_values_and_equal_values_have_no_interval_and_say_why():
    some, none, equal = np.arange(9.0), np.empty(0), np.full(9, 0.1)
    assert change_of_variation(none, some, confidence=0.95).value is None
    assert "five" in change_of_variation(some[:4], some, confidence=0.95).reason
    found = change_of_variation(equal, equal, confidence=0.95)
    assert (found.value, found.low) == (0.0, None) and "do not vary" in found.reason
    with pytest.raises(ValueError, match="finite"):
        change_of_variation(np.array([np.nan] * 9), some, confidence=0.95)

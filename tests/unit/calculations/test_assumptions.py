from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kpis.calculations.assumptions import Range, seed_of

thirds = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e5)).filter(lambda t: t[1] + t[2] > 1e-3)


def drawn(assumption: Range, n: int = 60_000) -> np.ndarray:
    return assumption.draw(np.random.default_rng(seed_of("test")), n)


@settings(deadline=None)
@given(thirds)
def test_one_case_in_ten_lies_below_low_and_one_above_high(third):
    low, up, more = third
    ends = Range(low, low + up, low + up + more)
    start, end = ends.ends()
    assume_width = end - start
    mode = min(max((ends.likely - start) / assume_width, 0.0), 1.0)
    pert = stats.beta(1 + 4 * mode, 1 + 4 * (1 - mode), start, assume_width)
    assert pert.cdf(ends.low) == pytest.approx(0.10, abs=1e-3)
    assert pert.cdf(ends.high) == pytest.approx(0.90, abs=1e-3)


def test_the_draws_follow_the_range():
    low, high = np.quantile(drawn(Range(36.5, 38.5, 41.0)), [0.1, 0.9])
    assert (low, high) == pytest.approx((36.5, 41.0), abs=0.05)


def test_low_and_high_can_be_read_as_the_ends():
    values = drawn(Range(2.0, 3.0, 7.0, reading="min_max"))
    assert values.min() >= 2.0 and values.max() <= 7.0
    # The mean of a PERT: (a + 4m + b)/6.
    assert values.mean() == pytest.approx((2 + 12 + 7) / 6, rel=0.01)


def test_a_share_never_leaves_zero_to_one():
    values = drawn(Range(0.97, 1.0, 1.0, is_share=True))
    assert values.max() == 1.0 and values.min() > 0.8


def test_a_price_that_cannot_be_negative_is_not_drawn_negative():
    assert drawn(Range(0.0, 1.0, 20.0)).min() >= 0.0
    assert drawn(Range(-2.0, 1.0, 20.0)).min() < 0.0


def test_one_certain_value_is_always_that_value():
    assert set(drawn(Range(4.2, 4.2, 4.2))) == {4.2}


def test_the_expectation_of_skewed_assumptions_is_not_the_product_of_the_likely_values():
    rng = np.random.default_rng(1)
    product = Range(50, 100, 400).draw(rng, 60_000) * Range(0.1, 0.2, 0.7, is_share=True).draw(rng, 60_000)
    assert product.mean() > 1.5 * 100 * 0.2


def test_the_same_text_gives_the_same_seed_in_another_process():
    code = "from kpis.calculations.assumptions import seed_of; print(seed_of('support-triage 2026-11-24'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == seed_of("support-triage 2026-11-24")


@pytest.mark.parametrize("numbers", [(2, 1, 3), (1, 3, 2), (math.nan, 1, 2), (0, 1, math.inf)])
def test_what_is_no_range_is_refused(numbers):
    with pytest.raises(ValueError, match="range"):
        Range(*numbers)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Range(0.5, 0.9, 1.2, is_share=True)


def test_draws_of_two_versions_rise_and_fall_together_and_each_follows_its_own_range():
    first, later = Range(36.5, 38.5, 41.0), Range(38.0, 44.0, 46.0)
    generator = np.random.default_rng(seed_of("test"))
    together = later.draw(generator, 60_000, like=first)
    assert stats.spearmanr(drawn(first), together).statistic == pytest.approx(1)
    assert tuple(np.quantile(together, [0.1, 0.9])) == pytest.approx((38.0, 46.0), abs=0.05)
    assert together.mean() == pytest.approx(drawn(later).mean(), abs=0.02)


def test_a_version_that_is_certain_or_follows_a_certain_one_is_drawn_by_itself():
    certain, wide = Range(40, 40, 40), Range(38, 40, 44)
    generator = np.random.default_rng(seed_of("test"))
    assert (drawn(wide) == wide.draw(generator, 60_000, like=certain)).all()
    assert (certain.draw(generator, 10, like=wide) == 40).all()

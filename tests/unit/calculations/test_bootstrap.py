"""Intervals of what has no formula: those of scipy to the last digit, and what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kpis.calculations import bootstrap
from kpis.calculations.assumptions import seed_of
from kpis.calculations.bootstrap import bca, bca_difference, block_bootstrap, block_length
from tests.oracles.simulated import ar1


def median(rows):
    return np.median(rows, axis=-1)


def mean(rows):
    return np.mean(rows, axis=-1)


def p95(rows):
    return np.quantile(rows, 0.95, axis=-1)


def skewed(seed, n):
    return np.random.default_rng(seed).lognormal(size=n)


@pytest.mark.parametrize("statistic", [median, mean, p95])
def test_the_interval_of_one_sample_is_the_one_of_scipy_for_the_same_seed(statistic):
    values = skewed(1, 120)
    found = bca(values, statistic, seed="handling time", confidence=0.95)
    oracle = stats.bootstrap(
        (values,), lambda rows, axis: statistic(rows), rng=np.random.default_rng(seed_of("handling time")), axis=-1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert (found.value, found.status) == (pytest.approx(statistic(values)), "approximate")


def test_the_interval_of_a_difference_is_the_one_of_scipy_for_the_same_seed():
    before, after = skewed(2, 90), skewed(3, 70)
    found = bca_difference(before, after, p95, seed="p95", confidence=0.9)
    oracle = stats.bootstrap(
        (before, after),
        lambda a, b, axis: p95(b) - p95(a),
        rng=np.random.default_rng(seed_of("p95")),
        confidence_level=0.9,
        axis=-1,
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


def test_a_page_shows_the_same_number_twice_and_another_name_another_one():
    values = skewed(4, 60)
    again = [bca(values, median, seed=name, confidence=0.95).low for name in ("a", "a", "b")]
    assert again[0] == again[1] and len(set(again)) <= 2
    assert bca(values, mean, seed="a", confidence=0.95) != bca(values, mean, seed="b", confidence=0.95)


def test_what_is_drawn_in_parts_is_what_is_drawn_at_once(monkeypatch):
    values = skewed(5, 40)
    whole = bca(values, median, seed="a", confidence=0.95)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 4_000)
    assert bca(values, median, seed="a", confidence=0.95) == whole


def test_another_unit_scales_and_shifts_the_interval():
    values = skewed(6, 50)
    plain, other = (bca(v, median, seed="a", confidence=0.95) for v in (values, values * 60 + 1000))
    assert (other.low, other.high) == pytest.approx((plain.low * 60 + 1000, plain.high * 60 + 1000))


@pytest.fixture
def quick(monkeypatch):
    """Fewer draws where hundreds of intervals are made."""
    monkeypatch.setattr(bootstrap, "BOOTSTRAP_DRAWS", type(bootstrap.BOOTSTRAP_DRAWS)(499, "test"))


def test_of_twenty_and_eighty_values_the_interval_of_a_mean_holds_it_as_often_as_is_known(quick):
    rng = np.random.default_rng(20261124)
    for n, least, most in ((20, 0.88, 0.96), (80, 0.92, 0.975)):
        held = [
            f.low <= 0 <= f.high
            for f in (bca(rng.normal(size=n), mean, seed=str(i), confidence=0.95) for i in range(400))
        ]
        assert least <= np.mean(held) <= most


def test_blocks_of_neighbours_hold_the_mean_of_dependent_values_far_more_often_than_single_ones(quick):
    rng = np.random.default_rng(20261124)
    series = [ar1(rng, 200, 0.5) for _ in range(300)]
    in_blocks = [block_bootstrap(s, mean, seed=str(i), confidence=0.95) for i, s in enumerate(series)]
    alone = [bca(s, mean, seed=str(i), confidence=0.95) for i, s in enumerate(series)]
    held = [np.mean([f.low <= 0 <= f.high for f in found]) for found in (in_blocks, alone)]
    assert 0.86 <= held[0] <= 0.96 and held[1] <= 0.80


def test_the_length_of_a_block_grows_with_dependence_and_length():
    rng = np.random.default_rng(7)
    assert block_length(rng.permutation(np.arange(200.0) % 2 + np.tile([0.0, 5.0], 100))) <= 3
    assert block_length(np.tile([0.0, 1.0], 50)) == 1
    values = ar1(rng, 1000, 0.8)
    phi = float((values - values.mean())[1:] @ (values - values.mean())[:-1]) / float(
        ((values - values.mean()) ** 2).sum()
    )
    assert block_length(values) == round(1000 ** (1 / 3) * (2 * phi / (1 - phi**2)) ** (2 / 3))
    assert block_length(np.arange(30.0)) == 10  # never above a third


@pytest.mark.parametrize(("values", "says"), [([], "no values"), ([1.0] * 19, "20"), ([3.0] * 25, "do not vary")])
def test_no_values_few_values_and_equal_values_have_no_interval_and_say_why(values, says):
    for way in (bca, block_bootstrap):
        found = way(np.array(values), median, seed="a", confidence=0.95)
        assert found.low is None and says in found.reason


def test_a_median_that_no_draw_moves_has_no_interval():
    values = np.array([0.0] * 60 + [1.0])
    found = bca(values, median, seed="a", confidence=0.95)
    assert found.value == 0.0
    assert found.low is None or found.low == found.high == 0.0
    largest = bca(np.arange(25.0), lambda rows: rows.min(axis=-1), seed="a", confidence=0.95)
    assert largest.low is None or largest.low == 0.0


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="finite"):
        bca(np.array([np.nan] * 30), mean, seed="a", confidence=0.95)
    with pytest.raises(ValueError, match="between 0 and 1"):
        block_bootstrap(np.arange(30.0), mean, seed="a", confidence=95)

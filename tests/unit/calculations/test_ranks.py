"""Ordinal answers: held against scipy's Mann–Whitney and Brunner–Munzel, and counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kpis.calculations.ranks import higher_after, midranks


def stars(seed: int, n: int, chances) -> np.ndarray:
    return np.random.default_rng(seed).choice([1.0, 2, 3, 4, 5], n, p=chances)


BEFORE, AFTER = [0.1, 0.2, 0.4, 0.2, 0.1], [0.05, 0.1, 0.25, 0.35, 0.25]


def test_by_hand_each_pair_is_counted_once_and_ties_by_half():
    # 3 beats 1 and 2, ties 3: 2.5; 5 beats all three: 3; together 5.5 of 6 pairs.
    assert higher_after(np.array([1.0, 2, 3]), np.array([3.0, 5]), confidence=0.95).value == pytest.approx(5.5 / 6)


@pytest.mark.parametrize(("seed", "n", "m"), [(1, 40, 60), (2, 12, 9), (3, 300, 280)])
def test_share_and_p_value_are_those_of_scipys_mann_whitney(seed, n, m):
    before, after = stars(seed, n, BEFORE), stars(seed + 50, m, AFTER)
    oracle = stats.mannwhitneyu(after, before, method="asymptotic", use_continuity=False)
    found = higher_after(before, after, confidence=0.95)
    assert found.value == pytest.approx(oracle.statistic / (n * m))
    assert found.p_value == pytest.approx(oracle.pvalue)


def test_the_error_behind_the_interval_is_brunner_and_munzels():
    before, after = stars(4, 400, BEFORE), stars(5, 500, AFTER)
    oracle = stats.brunnermunzel(before, after, distribution="normal")
    found = higher_after(before, after, confidence=0.95)
    error = abs(found.value - 0.5) / abs(oracle.statistic)
    # On the logit the interval is half-width/(P(1 − P)): near the middle of a large sample the same.
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.02)


def test_the_interval_holds_the_true_share_about_as_often_as_said():
    marks = np.arange(5)
    higher = sum(a * b for i, a in zip(marks, AFTER, strict=True) for j, b in zip(marks, BEFORE, strict=True) if i > j)
    true = higher + 0.5 * sum(a * b for a, b in zip(AFTER, BEFORE, strict=True))
    inside = []
    for seed in range(400):
        found = higher_after(stars(seed, 25, BEFORE), stars(10_000 + seed, 25, AFTER), confidence=0.95)
        inside.append(found.low <= true <= found.high)
    assert 0.91 <= np.mean(inside) <= 0.985


def test_sides_that_do_not_overlap_have_an_end_of_their_own():
    found = higher_after(np.ones(10), np.full(10, 5.0), confidence=0.95)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 10))


def test_equal_answers_say_nothing():
    assert higher_after(np.full(9, 3.0), np.full(9, 3.0), confidence=0.95).low is None


def test_four_answers_are_shown_without_an_interval():
    found = higher_after(np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 4, 5]), confidence=0.95)
    assert (found.low, found.value) == (None, pytest.approx(11.5 / 16))
    assert higher_after(np.array([]), np.array([1.0]), confidence=0.95).status == "not_enough_data"


def test_ranks_are_those_of_scipy():
    values = stars(9, 200, BEFORE)
    assert midranks(values) == pytest.approx(stats.rankdata(values))


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        higher_after(np.array([np.nan]), np.array([1.0]), confidence=0.95)

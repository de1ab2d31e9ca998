"""Several variants against one control, held against scipy's Dunnett."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kpis.calculations.dunnett import against_control
from kpis.calculations.welch import Moments, difference


def samples(seed: int, sizes, means):
    rng = np.random.default_rng(seed)
    return [rng.normal(mean, 2.0, n) for n, mean in zip(sizes, means, strict=True)]


@pytest.mark.parametrize(
    ("sizes", "means"),
    [
        ((20, 20, 20), (10, 11, 12)),
        ((30, 8, 15, 22), (10, 10, 9, 11.5)),
        ((6, 6), (10, 13)),
        ((400, 300, 350), (10, 10.4, 9.9)),
    ],
)
def test_intervals_and_p_values_are_those_of_scipy(sizes, means):
    control, *others = samples(1, sizes, means)
    oracle = stats.dunnett(*others, control=control, rng=np.random.default_rng(0))
    ends = oracle.confidence_interval(0.95)

    found = against_control(Moments.of(control), [Moments.of(x) for x in others], confidence=0.95)

    # scipy integrates by random points: three digits.
    assert [f.low for f in found] == pytest.approx(list(ends.low), abs=0.02)
    assert [f.high for f in found] == pytest.approx(list(ends.high), abs=0.02)
    assert [f.p_value for f in found] == pytest.approx(list(oracle.pvalue), abs=0.003)


def test_the_published_quantile_is_met():
    # Dunnett 1955, table 1b: three variants and a control, 5 % two-sided, 20 degrees of freedom: 2.54.
    control, *others = (Moments(6, 0.0, 1.0) for _ in range(4))
    found = against_control(control, list(others), confidence=0.95)[0]
    assert found.high / np.sqrt(2 / 6) == pytest.approx(2.54, abs=0.005)


def test_one_variant_is_students_comparison():
    control, variant = samples(2, (15, 12), (10, 11))
    oracle = stats.ttest_ind(variant, control)
    found = against_control(Moments.of(control), [Moments.of(variant)], confidence=0.95)[0]
    assert found.p_value == pytest.approx(oracle.pvalue, abs=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval()), abs=1e-5)


def test_it_is_wider_than_one_comparison_and_narrower_than_bonferronis():
    control, *others = (Moments.of(x) for x in samples(3, (30, 30, 30, 30), (10, 10, 10, 10)))
    together = against_control(control, others, confidence=0.95)[0]
    alone = against_control(control, others[:1], confidence=0.95)[0]
    bonferroni = difference(control, others[0], confidence=1 - 0.05 / 3)
    assert alone.high - alone.low < together.high - together.low
    df = 4 * 29
    error = (together.high - together.low) / 2 / 2.38  # by Dunnett's table about 2.38 for 116 degrees of freedom
    assert together.high - together.low < 2 * stats.t.ppf(1 - 0.025 / 3, df) * error
    assert bonferroni.low is not None


def test_one_false_winner_in_all_comes_about_as_seldom_as_said():
    rng = np.random.default_rng(5)
    false = []
    for _ in range(400):
        control, *others = (Moments.of(rng.normal(0, 1, 12)) for _ in range(4))
        false.append(any(f.excludes_zero for f in against_control(control, others, confidence=0.95)))
    assert 0.02 <= np.mean(false) <= 0.085


def test_four_values_and_equal_values_have_no_interval():
    few = against_control(Moments(4, 1.0, 1.0), [Moments(9, 2.0, 1.0)], confidence=0.95)[0]
    flat = against_control(Moments(9, 1.0, 0.0), [Moments(9, 2.0, 0.0)], confidence=0.95)[0]
    assert (few.value, few.low, flat.value, flat.low) == (1.0, None, 1.0, None)
    assert against_control(Moments(0, 0.0, 0.0), [Moments(9, 2.0, 1.0)], confidence=0.95)[0].value is None


def test_no_variant_is_refused():
    with pytest.raises(ValueError, match="variant"):
        against_control(Moments(9, 1.0, 1.0), [], confidence=0.95)

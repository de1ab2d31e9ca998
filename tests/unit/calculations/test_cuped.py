"""Randomised groups, made sharper by what the same units did before."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from kpis.calculations.cuped import adjusted_difference
from kpis.calculations.welch import Moments, difference


def groups(seed, *, n=200, effect=1.0, rho=0.8, unknown=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 10, 2 * n)
    y = 50 + rho * (x - 50) + rng.normal(0, 10 * np.sqrt(1 - rho**2), 2 * n)
    y[n:] += effect
    x[rng.uniform(size=2 * n) < unknown] = np.nan
    return (y[:n], x[:n]), (y[n:], x[n:])


def found(control, treated):
    return adjusted_difference(control, treated, confidence=0.95)


def width(bounded):
    return bounded.high - bounded.low


def test_it_is_nearly_the_analysis_of_covariance():
    control, treated = groups(1)
    y, x = (np.concatenate([control[i], treated[i]]) for i in (0, 1))
    design = np.column_stack([np.ones(400), np.arange(400) >= 200, x])
    oracle = sm.OLS(y, design).fit()
    adjusted = found(control, treated)
    # Equal up to terms of 1/n.
    assert adjusted.value == pytest.approx(oracle.params[1], abs=0.02)
    assert width(adjusted) == pytest.approx(2 * 1.966 * oracle.bse[1], rel=0.01)


def test_theta_is_the_pooled_slope():
    control, treated = groups(2, n=40)
    y, x = (np.concatenate([control[i], treated[i]]) for i in (0, 1))
    theta = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    by_hand = y - theta * (x - x.mean())
    plain = difference(Moments.of(by_hand[:40]), Moments.of(by_hand[40:]), confidence=0.95)
    assert (found(control, treated).low, found(control, treated).high) == pytest.approx((plain.low, plain.high))


def test_the_variance_falls_by_one_minus_rho_squared():
    shares = []
    for seed in range(40):
        control, treated = groups(seed)
        plain = difference(Moments.of(control[0]), Moments.of(treated[0]), confidence=0.95)
        shares.append((width(found(control, treated)) / width(plain)) ** 2)
    assert np.mean(shares) == pytest.approx(1 - 0.8**2, abs=0.02)


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_the_interval_holds_the_truth_about_95_times_in_100(unknown):
    held = [f.low <= 1.0 <= f.high for f in (found(*groups(seed, n=60, unknown=unknown)) for seed in range(1000))]
    assert 0.93 <= np.mean(held) <= 0.97


def test_units_that_were_not_there_before_widen_the_interval_and_bias_nothing():
    control, treated = groups(3, unknown=0.5)
    plain = difference(Moments.of(control[0]), Moments.of(treated[0]), confidence=0.95)
    assert width(found(*groups(3))) < width(found(control, treated)) < width(plain)


def test_where_nobody_was_there_before_or_all_were_alike_nothing_is_adjusted():
    control, treated = groups(4)
    plain = difference(Moments.of(control[0]), Moments.of(treated[0]), confidence=0.95)
    for x in (np.nan, 7.0, 0.0):
        same = found((control[0], np.full(200, x)), (treated[0], np.full(200, x)))
        assert (same.low, same.high) == pytest.approx((plain.low, plain.high))


def test_no_units_and_rows_that_do_not_fit():
    nobody = np.empty(0)
    assert found((nobody, nobody), (nobody, nobody)).status == "not_enough_data"
    with pytest.raises(ValueError, match="one before"):
        found((np.ones(3), np.ones(2)), (np.ones(3), np.ones(3)))
    with pytest.raises(ValueError, match="finite"):
        found((np.ones(3), np.full(3, np.inf)), (np.ones(3), np.ones(3)))

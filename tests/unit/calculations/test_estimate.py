from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from kpis.calculations.estimate import equal_weighted_cosines, estimate_of, share_interval
from kpis.calculations.regression import reml_ar1
from tests.oracles.dense_reml import correlation_matrix
from tests.oracles.simulated import ar1

EFFECT, LEVEL = np.array([0.0, 1.0]), np.array([1.0, 0.0])


def fitted(seed=1, *, n_before=40, n_after=20, louder_after=1.0):
    y = ar1(np.random.default_rng(seed), n_before + n_after, 0.4)
    y[n_before:] *= louder_after
    after = np.arange(y.size) >= n_before
    x = np.column_stack([np.ones(y.size), after]).astype(float)
    return reml_ar1(10 + y, x), x, after


def test_where_the_variation_changed_the_wider_of_both_intervals_counts():
    fit, x, after = fitted(louder_after=4.0)
    estimate = estimate_of(fit, x, effect=EFFECT, level=LEVEL, after=after, confidence=0.95)
    other_error, other_df = equal_weighted_cosines(fit, x, EFFECT)
    reml = stats.t.ppf(0.975, fit.df) * math.sqrt(fit.covariance[1, 1])
    cosines = stats.t.ppf(0.975, other_df) * other_error
    assert estimate.variation_changed and cosines > reml
    assert estimate.half_width(0.95) == pytest.approx(cosines)


def test_where_nothing_changed_the_interval_is_that_of_the_model():
    fit, x, after = fitted(6)
    estimate = estimate_of(fit, x, effect=EFFECT, level=LEVEL, after=after, confidence=0.95)
    assert not estimate.variation_changed
    assert estimate.standard_error == pytest.approx(math.sqrt(fit.covariance[1, 1]))


def test_the_error_without_a_model_of_dependence_is_the_mean_square_of_cosine_sums():
    fit, _, _ = fitted()
    n = fit.n
    error, df = equal_weighted_cosines(fit, np.ones((n, 1)), np.array([1.0]))
    cosines = math.floor(0.41 * n ** (2 / 3))
    sums = [
        math.sqrt(2 / n) * sum(fit.residuals[t] / n * math.cos(math.pi * b * (t + 0.5) / n) for t in range(n))
        for b in range(1, cosines + 1)
    ]
    assert (error, df) == pytest.approx((math.sqrt(n * np.mean(np.square(sums))), cosines))


def test_of_independent_values_it_is_about_the_error_of_a_mean():
    rng = np.random.default_rng(3)
    squares = []
    for _ in range(200):
        fit = reml_ar1(rng.normal(size=120), np.ones((120, 1)))
        squares.append(equal_weighted_cosines(fit, np.ones((120, 1)), np.array([1.0]))[0] ** 2)
    assert math.sqrt(np.mean(squares)) == pytest.approx(1 / math.sqrt(120), rel=0.1)


def test_the_interval_of_a_share_counts_that_effect_and_baseline_err_together():
    fit, x, after = fitted(6)
    estimate = estimate_of(fit, x, effect=EFFECT, level=LEVEL, after=after, confidence=0.95)
    oracle = sm.GLS(x @ fit.beta + fit.residuals, x, sigma=correlation_matrix(fit.phi, np.arange(fit.n))).fit()
    (v_b, c), (_, v_e) = oracle.cov_params()
    baseline, effect = oracle.params
    q2 = stats.t.ppf(0.975, fit.df) ** 2
    # (effect − R·b)² = q²(v_e − 2R·c + R²·v_b), solved for R.
    roots = np.roots([baseline**2 - q2 * v_b, -2 * (effect * baseline - q2 * c), effect**2 - q2 * v_e])
    assert share_interval(estimate, baseline, 0.95) == pytest.approx(tuple(np.sort(roots.real)))

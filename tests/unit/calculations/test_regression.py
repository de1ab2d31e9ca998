"""The engine against statsmodels at a given φ, and against a dense implementation for φ itself."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.calculations.regression import Dependent, NoVariation, TooFew, reml_ar1, whiten
from tests.oracles.dense_reml import best_phi, correlation_matrix
from tests.oracles.simulated import ar1

seeds = st.integers(0, 10_000)


def case(seed: int, *, n: int = 80, phi: float = 0.5, gappy: bool = False):
    rng = np.random.default_rng(seed)
    positions = np.sort(rng.choice(2 * n, n, replace=False)) if gappy else np.arange(n)
    x = np.column_stack([np.ones(n), np.arange(n) >= n // 2, rng.normal(size=n)])
    return 10 + ar1(rng, 2 * n, phi)[positions], x, positions


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.5, 0.9]), st.booleans())
def test_phi_is_the_one_that_maximises_the_restricted_likelihood(seed, phi, gappy):
    y, x, positions = case(seed, phi=phi, gappy=gappy)
    fit = reml_ar1(y, x, gaps=np.diff(positions))
    assert fit.phi == pytest.approx(best_phi(y, x, positions), abs=0.0021)


@settings(max_examples=15, deadline=None)
@given(seeds, st.booleans())
def test_coefficients_and_covariance_are_those_of_generalised_least_squares(seed, gappy):
    y, x, positions = case(seed, gappy=gappy)
    fit = reml_ar1(y, x, gaps=np.diff(positions))
    oracle = sm.GLS(y, x, sigma=correlation_matrix(fit.phi, positions)).fit()
    assert fit.beta == pytest.approx(oracle.params, rel=1e-9)
    assert fit.covariance == pytest.approx(oracle.cov_params(), rel=1e-9)
    assert fit.sigma == pytest.approx(np.sqrt(oracle.scale), rel=1e-9)
    assert fit.residuals == pytest.approx(y - x @ oracle.params, abs=1e-9)


def test_without_correlation_it_is_ordinary_least_squares():
    y, x, positions = case(5)
    assert whiten(x, 0.0, np.diff(positions)) == pytest.approx(x)
    assert whiten(y[:, None], 0.0, np.diff(positions))[:, 0] == pytest.approx(y)


def test_statsmodels_iterated_autoregression_finds_about_the_same():
    y, x, _ = case(3, n=400)
    fit = reml_ar1(y, x)
    oracle = sm.GLSAR(y, x, rho=1)
    estimate = oracle.iterative_fit(maxiter=20)
    assert fit.phi == pytest.approx(float(oracle.rho[0]), abs=0.03)
    assert fit.beta[1] == pytest.approx(estimate.params[1], abs=0.05)


def test_a_large_level_costs_no_digits():
    y, x, _ = case(8)
    small, large = reml_ar1(y, x), reml_ar1(y + 1e9, x)
    assert large.phi == small.phi
    assert large.beta[1] == pytest.approx(small.beta[1], rel=1e-5)
    assert large.covariance[1, 1] == pytest.approx(small.covariance[1, 1], rel=1e-5)


def test_the_unit_of_the_values_does_not_matter():
    y, x, _ = case(9)
    fit, thousandth = reml_ar1(y, x), reml_ar1(y / 1000, x)
    assert thousandth.phi == fit.phi
    assert thousandth.beta * 1000 == pytest.approx(fit.beta, rel=1e-9)


def test_dependent_values_count_as_fewer():
    y, x, _ = case(4, n=100, phi=0.6)
    fit = reml_ar1(y, x)
    assert fit.df == pytest.approx(100 * (1 - fit.phi) / (1 + fit.phi) - 3)


def test_below_twelve_values_the_correlation_is_assumed_and_said_to_be():
    y = np.array([4.0, 6.0, 5.0, 7.0, 5.5, 6.5, 9.0, 8.0, 10.0])
    x = np.column_stack([np.ones(9), np.arange(9) >= 6])
    fit = reml_ar1(y, x)
    assert (fit.phi, fit.assumed_phi) == (0.3, True)
    assert fit.beta == pytest.approx(sm.OLS(y, x).fit().params)
    r = correlation_matrix(0.3, np.arange(9))
    hat = np.linalg.inv(x.T @ x)
    rest = y - x @ fit.beta
    variance = rest @ rest / np.trace((np.eye(9) - x @ hat @ x.T) @ r)
    assert fit.covariance == pytest.approx(variance * hat @ x.T @ r @ x @ hat)


def test_values_without_any_remainder_are_refused():
    with pytest.raises(NoVariation):
        reml_ar1(np.repeat([0.1, 0.3], 20), np.column_stack([np.ones(40), np.arange(40) >= 20]).astype(float))


def test_columns_that_depend_on_each_other_are_refused():
    y, x, _ = case(1)
    with pytest.raises(Dependent):
        reml_ar1(y, np.column_stack([x, 2 * x[:, 1] - x[:, 0]]))


def test_more_columns_than_values_are_refused():
    with pytest.raises(TooFew):
        reml_ar1(np.arange(3.0), np.eye(3))


@pytest.mark.parametrize("spoil", [{"y": np.full(80, np.nan)}, {"y": np.ones(79)}, {"gaps": np.zeros(79, int)}])
def test_rows_that_do_not_fit_and_numbers_that_are_none_are_refused(spoil):
    y, x, _ = case(1)
    with pytest.raises(ValueError, match=r"must be|needs|at least"):
        reml_ar1(spoil.get("y", y), x, gaps=spoil.get("gaps"))


@pytest.mark.parametrize(("phi", "n_before", "n_after"), [(0.0, 28, 14), (0.6, 40, 20), (0.8, 90, 30)])
def test_a_95_percent_interval_holds_the_truth_about_95_times_in_100(phi, n_before, n_after):
    from scipy.special import stdtrit

    rng = np.random.default_rng(20261124)
    n = n_before + n_after
    x = np.column_stack([np.ones(n), np.arange(n) >= n_before]).astype(float)
    held = 0
    for _ in range(400):
        fit = reml_ar1(ar1(rng, n, phi), x)
        held += abs(fit.beta[1]) <= stdtrit(fit.df, 0.975) * np.sqrt(fit.covariance[1, 1])
    assert 0.90 <= held / 400 <= 0.985

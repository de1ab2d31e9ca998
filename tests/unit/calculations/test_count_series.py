"""Interrupted time series of counts, held against statsmodels' generalised linear model."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from kpis.calculations.count_series import interrupted_counts
from kpis.calculations.season import NO_SEASON
from kpis.calculations.series import Series

N, M = 36, 24


def drawn(ratio: float = 0.6, seed: int = 1, *, spread: float = 0.0, base: float = 20.0):
    """Monthly events on a rising exposure with a falling rate; `spread` makes them vary more than a Poisson."""
    rng = np.random.default_rng(seed)
    exposure = 1000 * (1 + 0.01 * np.arange(N + M))
    rate = base / 1000 * np.exp(-0.01 * np.arange(N + M)) * np.where(np.arange(N + M) >= N, ratio, 1.0)
    mean = rate * exposure * (np.exp(rng.normal(0, spread, N + M)) if spread else 1.0)
    return rng.poisson(mean).astype(float), exposure


def found_in(y, exposure, confidence=0.95):
    before, after = Series(y[:N], np.arange(N)), Series(y[N:], np.arange(N, y.size))
    return interrupted_counts(before, after, exposure, NO_SEASON, confidence=confidence)


def oracle(y, exposure):
    t = np.arange(y.size) - N
    x = np.column_stack([np.ones(y.size), t, (t >= 0).astype(float)])
    fitted = sm.GLM(y, x, family=sm.families.Poisson(), exposure=exposure).fit(scale="X2", use_t=True)
    return fitted


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ratio_interval_dispersion_and_p_value_are_those_of_statsmodels(seed):
    y, exposure = drawn(seed=seed, spread=0.4)
    found, wanted = found_in(y, exposure), oracle(y, exposure)

    assert found.dispersion == pytest.approx(wanted.scale, rel=1e-6)
    assert found.dispersion > 1
    assert found.ratio.value == pytest.approx(math.exp(wanted.params[2]), rel=1e-6)
    assert (found.ratio.low, found.ratio.high) == pytest.approx(tuple(np.exp(wanted.conf_int()[2])), rel=1e-5)
    assert found.ratio.p_value == pytest.approx(wanted.pvalues[2], rel=1e-4)


def test_residuals_are_the_deviance_residuals_of_statsmodels():
    y, exposure = drawn(spread=0.3)
    r = oracle(y, exposure).resid_deviance
    assert found_in(y, exposure).neighbours == pytest.approx(float(r[1:] @ r[:-1] / (r @ r)), rel=1e-5)


def test_counts_that_vary_less_than_chance_get_no_narrower_interval_than_a_poissons():
    exposure = np.full(N + M, 1000.0)
    y = np.round(20 + 0.2 * np.sin(np.arange(N + M)))
    found = found_in(y, exposure)
    assert found.dispersion < 0.1
    # By hand: a Poisson's error of the logarithm of a step is at least √(1/Σy₁).
    assert math.log(found.ratio.high / found.ratio.value) > 1.96 * math.sqrt(1 / y[N:].sum())


def test_the_planted_ratio_lies_in_the_interval_about_as_often_as_said():
    inside = []
    for seed in range(200):
        ratio = found_in(*drawn(0.6, seed, spread=0.3)).ratio
        inside.append(ratio.low <= 0.6 <= ratio.high)
    assert 0.89 <= np.mean(inside) <= 0.99


def test_neighbours_that_resemble_each_other_are_told():
    y, exposure = drawn(spread=0.0)
    waves = np.repeat([1.0, 2.2], 6)[np.arange(N + M) % 12]
    found = found_in(np.round(y * waves), exposure)
    assert found.depends
    assert not found_in(y, exposure).depends


def test_no_events_on_one_side_leave_no_ratio():
    y, exposure = drawn()
    y[N:] = 0
    assert found_in(y, exposure).ratio.status == "undefined"


def test_eleven_intervals_are_too_few_for_a_line():
    short = Series(np.ones(11), np.arange(11))
    after = Series(np.ones(20), np.arange(11, 31))
    found = interrupted_counts(short, after, np.ones(31), NO_SEASON, confidence=0.95)
    assert found.ratio.status == "not_enough_data"


def test_negative_counts_and_exposures_of_zero_are_refused():
    y, exposure = drawn()
    for wrong_y, wrong_e in ((-y, exposure), (y, exposure * 0), (y, exposure[:-1])):
        with pytest.raises(ValueError, match="a rate needs"):
            found_in(wrong_y, wrong_e)

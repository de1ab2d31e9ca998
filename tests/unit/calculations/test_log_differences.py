"""Groups that differ in level are compared by ratio: what moves both by the same share cancels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kpis.calculations.difference import difference_of_means
from kpis.calculations.log_differences import differ_in_level, ratio_effect
from kpis.calculations.season import NO_SEASON
from kpis.calculations.series import Series
from tests.oracles.simulated import ar1

N, M = 60, 30


def series(values, first=0):
    values = np.asarray(values, float)
    return Series(values, np.arange(first, first + values.size))


def groups(effect: float, seed: int = 1):
    """A group at 20 and one at 200 that share shocks of ten per cent; `effect` multiplies the first after go-live."""
    rng = np.random.default_rng(seed)
    shock = np.exp(0.1 * ar1(rng, N + M, 0.4))
    treated, control = 20 * shock * np.exp(rng.normal(0, 0.02, N + M)), 200 * shock * np.exp(rng.normal(0, 0.02, N + M))
    treated[N:] *= effect
    return (series(treated[:N]), series(control[:N])), (series(treated[N:], N), series(control[N:], N))


def effect_of(before, after):
    return ratio_effect(before, after, NO_SEASON, confidence=0.95)


def test_a_fifth_less_is_found_though_the_groups_are_ten_times_apart():
    found = effect_of(*groups(0.8))
    assert found.low < 0.8 < found.high
    assert found.high < 0.83
    assert found.p_value < 1e-6


def test_on_the_plain_scale_the_shared_shocks_would_have_hidden_it():
    before, after = groups(0.8)
    gaps = before[0].minus(before[1]), after[0].minus(after[1])
    plain = difference_of_means(*gaps, NO_SEASON, confidence=0.95)
    assert plain.effect - plain.half_width(0.95) < 0 < plain.effect + plain.half_width(0.95)


def test_it_is_the_engines_difference_of_logarithms_exponentiated():
    before, after = groups(0.9, seed=3)
    logs = [series(np.log(t.values) - np.log(c.values), t.positions[0]) for t, c in (before, after)]
    oracle = difference_of_means(*logs, NO_SEASON, confidence=0.95)
    found = effect_of(before, after)
    assert found.value == pytest.approx(math.exp(oracle.effect))
    assert math.log(found.high) - math.log(found.low) == pytest.approx(2 * oracle.half_width(0.95))


def test_by_hand_the_ratio_of_geometric_means_is_said_below_five_values_without_an_interval():
    found = effect_of((series([2, 8]), series([4, 4])), (series([1, 4], 2), series([8, 2], 2)))
    assert (found.value, found.low) == (pytest.approx(0.5), None)  # √(2·8)/√(4·4) = 1 before, √(1·4)/√(8·2) after


def test_values_of_zero_have_no_ratio():
    found = effect_of((series([1, 0]), series([1, 1])), (series([1], 2), series([1], 2)))
    assert (found.value, found.status) == (None, "undefined")
    assert effect_of((series([]), series([])), (series([1], 2), series([1], 2))).status == "not_enough_data"


def test_values_that_do_not_vary_have_a_ratio_and_no_interval():
    flat = (series(np.full(9, 4.0)), series(np.full(9, 2.0)))
    found = effect_of(flat, (series(np.full(9, 2.0), 9), series(np.full(9, 2.0), 9)))
    assert (found.value, found.low) == (pytest.approx(0.5), None)


@pytest.mark.parametrize(
    ("treated", "control", "apart"), [(14, 15, False), (10, 15, True), (30, 15, True), (-1, 5, False)]
)
def test_the_scale_matters_from_half_as_much_again(treated, control, apart):
    assert differ_in_level(series([treated]), series([control])) is apart

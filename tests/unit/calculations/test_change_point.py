"""When did the level change? Held against trying every place by least squares."""

from __future__ import annotations

import numpy as np
import pytest

from kpis.calculations.change_point import change_point
from tests.oracles.simulated import ar1


def by_least_squares(values) -> int:
    """Every place tried: where two means leave the least."""
    places = range(5, values.size - 4)
    return min(places, key=lambda k: values[:k].var() * k + values[k:].var() * (values.size - k))


@pytest.mark.parametrize("seed", range(20))
def test_the_place_is_the_one_of_least_squares(seed):
    rng = np.random.default_rng(seed)
    at = int(rng.integers(15, 60))
    values = rng.normal(10, 1, 80) + np.where(np.arange(80) >= at, 3.0, 0.0)

    found = change_point(values)

    assert found.at == by_least_squares(values)
    assert abs(found.at - at) <= 2
    assert (found.before, found.after) == (
        pytest.approx(values[: found.at].mean()),
        pytest.approx(values[found.at :].mean()),
    )


def test_a_step_without_noise_is_found_at_its_first_value():
    found = change_point(np.repeat([5.0, 7.0], 10))
    assert (found.at, found.before, found.after, found.p_value) == (10, 5.0, 7.0, 0.0)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
def test_where_nothing_changed_hardly_anything_is_found(phi):
    rng = np.random.default_rng(7)
    found = [change_point(ar1(rng, 90, phi)).at is not None for _ in range(300)]
    assert np.mean(found) < 0.05


def test_a_change_is_seen_in_most_series_that_have_one():
    rng = np.random.default_rng(8)
    step = np.where(np.arange(90) >= 45, 1.5, 0.0)
    assert np.mean([change_point(ar1(rng, 90, 0.3) + step).at is not None for _ in range(100)]) > 0.9


def test_an_outlier_at_the_end_is_no_change_of_level():
    values = np.random.default_rng(3).normal(10, 1, 40)
    values[-1] += 12
    assert change_point(values).at is None


def test_scale_and_origin_do_not_matter():
    values = np.random.default_rng(4).normal(0, 1, 60) + np.where(np.arange(60) >= 25, 4.0, 0.0)
    found = change_point(values)
    assert change_point(1e9 + values * 1e-3).at == change_point(values * 1e6).at == found.at


@pytest.mark.parametrize("values", [np.ones(40), np.arange(11.0)])
def test_equal_values_and_short_series_say_so(values):
    found = change_point(values)
    assert found.at is None
    assert found.reason.endswith(".")


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        change_point(np.array([1.0, np.inf] * 10))

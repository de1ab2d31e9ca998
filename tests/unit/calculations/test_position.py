from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kpis.calculations.position import (
    Reading,
    among_normal,
    among_quantiles,
    beside_effect,
    beside_point,
    beside_range,
)

QUARTILES = [(0.25, 10.0), (0.5, 20.0), (0.75, 40.0)]


def test_between_two_published_quantiles_the_percentile_is_linear_in_the_value():
    found = among_quantiles(Reading(30.0), QUARTILES, "increase")
    assert (found.position, found.percentile, found.exactness) == ("ahead", 0.62, "interpolated")


def test_where_less_is_better_one_is_better_than_those_above():
    found = among_quantiles(Reading(15.0), QUARTILES, "decrease")
    assert (found.position, found.percentile) == ("ahead", 0.62)


def test_a_single_pair_of_quartiles_is_coarse():
    assert among_quantiles(Reading(12.0), [(0.25, 10), (0.75, 40)], "increase").exactness == "coarse"


@pytest.mark.parametrize(
    ("value", "direction", "position", "bounds"),
    [
        (50, "increase", "best", (0.75, 1.0)),
        (5, "increase", "worst", (0.0, 0.25)),
        (5, "decrease", "best", (0.75, 1.0)),
        (50, "decrease", "worst", (0.0, 0.25)),
    ],
)
def test_outside_the_published_quantiles_nothing_is_extrapolated(value, direction, position, bounds):
    found = among_quantiles(Reading(value), QUARTILES, direction)
    assert (found.position, found.percentile, found.bounds) == (position, None, bounds)
    assert found.exactness == "bound" and found.reasons["percentile"]


def test_equal_neighbouring_quantiles_give_an_interval():
    found = among_quantiles(Reading(2.0), [(0.25, 1.0), (0.5, 2.0), (0.75, 2.0)], "increase")
    assert (found.percentile, found.bounds) == (None, (0.5, 0.75))


def test_both_ends_of_the_own_interval_are_placed_too():
    found = among_quantiles(Reading(30.0, 25.0, 40.0), QUARTILES, "increase")
    assert found.bounds == pytest.approx((0.56, 0.75), abs=0.005)


def test_an_own_interval_that_covers_the_middle_is_level():
    assert among_quantiles(Reading(22.0, 15.0, 30.0), QUARTILES, "increase").position == "level"


@pytest.mark.parametrize(
    ("quantile", "value", "direction", "position", "bounds"),
    [
        ((0.95, 80.0), 85.0, "increase", "best", (0.95, 1.0)),
        ((0.95, 80.0), 70.0, "increase", "behind", (0.0, 0.95)),
        ((0.1, 4.0), 3.0, "decrease", "best", (0.9, 1.0)),
        ((0.1, 30.0), 20.0, "increase", "worst", (0.0, 0.1)),
        ((0.5, 30.0), 31.0, "increase", "ahead", (0.5, 1.0)),
    ],
)
def test_of_one_quantile_one_is_on_this_side_or_the_other(quantile, value, direction, position, bounds):
    found = among_quantiles(Reading(value), [quantile], direction)
    assert (found.position, found.bounds, found.percentile, found.exactness) == (position, bounds, None, "bound")


@given(st.lists(st.floats(0, 100), min_size=2, max_size=5, unique=True), st.floats(-10, 110), st.floats(-10, 110))
def test_a_better_value_never_has_a_lower_percentile(values, first, second):
    quantiles = list(zip(np.linspace(0.1, 0.9, len(values)), sorted(values), strict=True))
    low, high = sorted([first, second])
    a, b = (among_quantiles(Reading(x), quantiles, "increase") for x in (low, high))
    assert a.percentile is None or b.percentile is None or a.percentile <= b.percentile


@pytest.mark.parametrize("quantiles", [[], [(0.5, 1), (0.5, 2)], [(0.25, 9), (0.75, 1)], [(1.5, 1)], [(0.5, np.nan)]])
def test_quantiles_that_make_no_sense_are_refused(quantiles):
    with pytest.raises(ValueError, match="quantiles"):
        among_quantiles(Reading(1.0), quantiles, "increase")


def test_mean_and_standard_deviation_give_an_approximate_percentile():
    found = among_normal(Reading(110.0), 100.0, 10.0, "increase")
    assert (found.percentile, found.exactness) == (0.84, "approximate")


def test_what_is_skewed_and_cannot_be_negative_is_taken_as_log_normal():
    sigma = np.sqrt(np.log(1 + 0.8**2))
    oracle = stats.lognorm(sigma, scale=100 / np.sqrt(1 + 0.8**2))
    assert oracle.mean() == pytest.approx(100) and oracle.std() == pytest.approx(80)
    assert among_normal(Reading(60.0), 100.0, 80.0, "decrease").percentile == round(1 - oracle.cdf(60), 2)


def test_shares_are_taken_as_beta_distributed():
    oracle = stats.beta(0.9 * 8, 0.1 * 8)
    assert oracle.std() == pytest.approx(0.1)
    assert among_normal(Reading(0.95), 0.9, 0.1, "increase", is_share=True).percentile == round(oracle.cdf(0.95), 2)


def test_nobody_is_said_to_be_better_than_everybody():
    assert among_normal(Reading(1e6), 100.0, 10.0, "increase").percentile == 0.99


@pytest.mark.parametrize(("mean", "sd", "share"), [(1, 0, False), (1, np.nan, False), (0.5, 0.6, True)])
def test_a_population_that_cannot_be_is_refused(mean, sd, share):
    with pytest.raises(ValueError, match="mean"):
        among_normal(Reading(1.0), mean, sd, "increase", is_share=share)


@pytest.mark.parametrize(
    ("own", "direction", "position"),
    [
        (Reading(12.0), "increase", "ahead"),
        (Reading(12.0), "decrease", "behind"),
        (Reading(8.0), "decrease", "ahead"),
        (Reading(12.0, 9.0, 15.0), "increase", "level"),
        (Reading(10.0), "increase", "level"),
    ],
)
def test_beside_a_single_figure_one_is_ahead_behind_or_not_distinguishable(own, direction, position):
    found = beside_point(own, 10.0, direction)
    assert (found.position, found.percentile, found.exactness) == (position, None, "none")
    assert found.difference == own.value - 10.0


def test_a_value_inside_the_published_interval_is_level():
    assert beside_point(Reading(11.0), 10.0, "increase", published=(9.0, 12.0)).position == "level"


@pytest.mark.parametrize(
    ("value", "direction", "position"), [(5, "increase", "level"), (9, "increase", "ahead"), (9, "decrease", "behind")]
)
def test_a_range_has_an_inside_and_two_sides(value, direction, position):
    assert beside_range(Reading(value), 4.0, 6.0, direction).position == position


@pytest.mark.parametrize(
    ("own", "position"),
    [(Reading(0.2, 0.16, 0.24), "above"), (Reading(0.14, 0.1, 0.18), "within"), (Reading(0.02, 0.0, 0.04), "below")],
)
def test_an_effect_is_compared_with_that_of_a_study_interval_beside_interval(own, position):
    assert beside_effect(own, 0.10, published=(0.05, 0.15)).position == position


@pytest.mark.parametrize("numbers", [(np.nan,), (1.0, 0.5, None), (1.0, 2.0, 3.0)])
def test_a_reading_that_makes_no_sense_is_refused(numbers):
    with pytest.raises(ValueError, match=r"finite|two ends|hold"):
        Reading(*numbers)

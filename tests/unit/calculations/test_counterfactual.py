from __future__ import annotations

import json

import numpy as np
import pytest

from kpis.calculations.counterfactual import Counterfactual, constant, continued_trend, control_shift
from kpis.calculations.regression import NoVariation
from kpis.calculations.season import NO_SEASON, Season
from kpis.calculations.series import Series

WEEK = Season(cycles=((7, 1),))


def moving(n: int, *, slope: float = 0.0, noise: float = 0.01) -> Series:
    rng = np.random.default_rng(1)
    t = np.arange(n)
    return Series.of(10 + slope * t + np.array([0, 1, 2, 3, 2, 1, 0.5])[t % 7] + noise * rng.normal(size=n))


def test_a_constant_counterfactual_is_the_baselines_mean():
    baseline = Series.of([4.0, 6.0])
    assert constant(baseline).at(np.array([7, 8])).tolist() == [5.0, 5.0]


def test_with_a_control_group_it_is_the_control_plus_the_gap_that_there_was():
    shifted = control_shift(Series.of([-2.0, -4.0]))
    assert shifted.at(np.array([7, 8]), np.array([10.0, 11.0])).tolist() == [7.0, 8.0]


def test_where_the_control_group_has_no_value_there_is_no_counterfactual():
    answers = control_shift(Series.of([-2.0])).at(np.array([7, 8]), np.array([np.nan, 11.0]))
    assert np.isnan(answers[0]) and answers[1] == 9.0


def test_a_counterfactual_with_control_group_is_not_guessed_without_it():
    with pytest.raises(ValueError, match="control group"):
        control_shift(Series.of([1.0])).at(np.array([7]))


def test_a_trend_and_the_weekdays_go_on():
    later = np.arange(70, 84)
    going = continued_trend(moving(70, slope=0.2), WEEK)
    expected = 10 + 0.2 * later + np.array([0, 1, 2, 3, 2, 1, 0.5])[later % 7]
    assert going.at(later) == pytest.approx(expected, abs=0.05)


def test_a_trend_is_carried_on_no_further_than_the_baseline_is_long():
    going = continued_trend(moving(70, slope=0.2), WEEK)
    far = going.at(np.array([139, 139 + 7, 139 + 70]))
    assert far[1] == far[0] == far[2]
    assert going.at(np.array([132]))[0] < far[0]


def test_weekdays_that_never_occur_are_no_trouble():
    days = moving(70)
    workdays = Series(days.values[days.positions % 7 < 5], days.positions[days.positions % 7 < 5])
    going = continued_trend(workdays, WEEK)
    assert going.at(np.array([72])) == pytest.approx(12.0, abs=0.05)


def test_a_baseline_without_any_remainder_has_no_trend_to_continue():
    with pytest.raises(NoVariation):
        continued_trend(Series.of(range(20)), NO_SEASON)


@pytest.mark.parametrize(
    "original",
    [
        constant(Series.of([1.5])),
        control_shift(Series.of([-0.25])),
        continued_trend(moving(70, slope=0.1), Season(((7, 1),), (365.2425,))),
    ],
)
def test_a_frozen_counterfactual_survives_json(original):
    stored = json.loads(json.dumps(original.as_json()))
    assert Counterfactual.from_json(stored) == original


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown kind"):
        Counterfactual.from_json(constant(Series.of([1.0])).as_json() | {"kind": "guess"})

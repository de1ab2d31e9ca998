"""Is the control group one? Planted movements are found, and where there are none, hardly ever."""

from __future__ import annotations

import numpy as np
import pytest

from kpis.calculations.control_checks import control_checks
from kpis.calculations.difference import difference_of_means
from kpis.calculations.season import NO_SEASON
from kpis.calculations.series import Series
from tests.oracles.simulated import ar1

BEFORE, AFTER = 60, 30


def series(values, first: int = 0) -> Series:
    values = np.asarray(values, float)
    return Series(values, np.arange(first, first + values.size))


def checked(gap, control, *, effect: float = -1.0):
    before, after = series(control[:BEFORE]), series(control[BEFORE:], first=BEFORE)
    found = control_checks(series(gap), before, after, NO_SEASON, effect=effect, confidence=0.95)
    assert [check.name for check in found] == ["pre_trend", "placebo", "contamination"]
    return found


def quiet(seed: int, n: int = BEFORE + AFTER):
    return 10 + ar1(np.random.default_rng(seed), n, 0.3)


def test_groups_that_moved_alike_pass_with_their_intervals():
    for check in checked(quiet(1, BEFORE), quiet(2)):
        assert check.status == "ok"
        assert check.low < 0 < check.high
        assert check.low < check.value < check.high


def test_a_gap_that_was_already_widening_fails_both_looks_at_the_baseline():
    pre_trend, placebo, contamination = checked(quiet(3, BEFORE) + 0.05 * np.arange(BEFORE), quiet(4))

    assert (pre_trend.status, placebo.status, contamination.status) == ("differs", "differs", "ok")
    assert pre_trend.low < 0.05 < pre_trend.high
    assert placebo.low < 0.05 * BEFORE / 2 < placebo.high


def test_the_placebo_is_the_difference_between_the_halves_by_the_same_engine():
    gap = quiet(5, BEFORE)
    halves = series(gap[:30]), series(gap[30:], first=30)
    oracle = difference_of_means(*halves, NO_SEASON, confidence=0.95)

    placebo = checked(gap, quiet(6))[1]

    assert placebo.value == pytest.approx(oracle.effect)
    assert placebo.p_value == pytest.approx(oracle.p_value)
    assert placebo.high - placebo.low == pytest.approx(2 * oracle.half_width(0.95))


def test_a_control_group_that_moves_the_effects_own_way_is_asked_about():
    control = quiet(7)
    control[BEFORE:] -= 3

    contamination = checked(quiet(8, BEFORE), control, effect=-1.0)[2]

    assert contamination.status == "differs"
    assert contamination.low < -3 < contamination.high


def test_a_control_group_that_moves_against_the_effect_is_no_hint_of_the_tool():
    control = quiet(7)
    control[BEFORE:] -= 3

    assert checked(quiet(8, BEFORE), control, effect=+1.0)[2].status == "ok"


def test_a_movement_that_is_a_small_part_of_the_effect_is_no_hint_either():
    control = quiet(7)
    control[BEFORE:] -= 3

    assert checked(quiet(8, BEFORE), control, effect=-20.0)[2].status == "ok"
    assert checked(quiet(8, BEFORE), control, effect=-10.0)[2].status == "differs"


@pytest.mark.parametrize("gap", [np.arange(11.0), np.full(11, 2.0)])
def test_eleven_intervals_say_nothing(gap):
    few = series(gap)
    found = control_checks(few, few, series([1.0, 2.0, 3.0], first=11), NO_SEASON, effect=1.0, confidence=0.95)

    assert {check.status for check in found} == {"not_enough_data"}
    assert {check.value for check in found} == {None}


def test_values_that_do_not_vary_say_nothing_either():
    found = checked(np.full(BEFORE, 2.0), np.full(BEFORE + AFTER, 9.0))

    assert {check.status for check in found} == {"not_enough_data"}


def test_true_control_groups_are_doubted_about_as_often_as_said():
    found = [checked(quiet(2 * s, BEFORE), quiet(2 * s + 1)) for s in range(100, 300)]

    doubted = np.mean([[check.status == "differs" for check in checks] for checks in found], axis=0)

    # p < 0.05 each; the hint asks one side only. 200 draws: a standard error of 1.5 points.
    assert (doubted[:2] < 0.11).all()
    assert doubted[2] < 0.07

from __future__ import annotations

import numpy as np
import pytest

from kpis.calculations.season import NO_SEASON, Season, usable
from kpis.calculations.series import Series


def test_intervals_without_partner_are_left_out_of_a_difference():
    first = Series(np.array([5.0, 6.0, 7.0]), np.array([1, 2, 4]))
    second = Series(np.array([1.0, 1.0]), np.array([2, 3]))
    assert first.minus(second).values.tolist() == [5.0]
    assert first.minus(second).positions.tolist() == [2]


def test_a_gap_is_counted_in_intervals():
    assert Series(np.ones(3), np.array([1, 2, 5])).gaps.tolist() == [1, 3]


def test_an_empty_series_has_no_mean():
    with pytest.raises(ValueError, match="no mean"):
        _ = Series.of([]).mean


@pytest.mark.parametrize(
    ("values", "positions"), [([1.0], [1, 2]), ([1.0, 2.0], [2, 2]), ([np.nan], [1]), ([1e200], [1])]
)
def test_what_is_no_series_is_refused(values, positions):
    with pytest.raises(ValueError, match="series"):
        Series(np.array(values), np.array(positions))


def test_weekday_columns_leave_one_day_out_for_the_level():
    columns = Season(cycles=((7, 1),)).columns(np.arange(14))
    assert columns.shape == (14, 6)
    assert columns.sum(axis=1).tolist() == [0, 1, 1, 1, 1, 1, 1] * 2


def test_a_yearly_wave_repeats_after_a_year():
    wave = Season(waves=(52.0,)).columns(np.array([3, 55]))
    assert wave[0] == pytest.approx(wave[1])


def test_without_season_there_are_no_columns():
    assert NO_SEASON.columns(np.arange(5)).shape == (5, 0)


def test_columns_that_say_nothing_of_their_own_are_not_used():
    level = np.ones((6, 1))
    seasonal = np.column_stack([np.zeros(6), np.arange(6.0), 2 * np.arange(6.0), np.arange(6.0) ** 2])
    assert usable(level, seasonal) == [1, 3]

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.figures.thinning import kept_points

series = st.lists(st.one_of(st.floats(-100, 100), st.just(float("nan"))), min_size=1, max_size=400)


@given(series, st.integers(1, 40))
def test_each_pixel_column_keeps_its_extremes_and_its_ends(values, columns):
    x, y = np.arange(len(values), dtype=float), np.array(values)
    kept = kept_points(x, y, columns=columns)
    column = np.minimum((x / max(x[-1], 1) * columns).astype(int), columns - 1)
    for c in np.unique(column):
        inside = y[column == c]
        if not np.isnan(inside).all():
            shown = y[kept][column[kept] == c]
            assert np.nanmin(shown) == np.nanmin(inside)
            assert np.nanmax(shown) == np.nanmax(inside)


@given(series, st.integers(1, 20))
def test_a_gap_stays_a_gap(values, columns):
    x, y = np.arange(len(values), dtype=float), np.array(values)
    kept = kept_points(x, y, columns=columns)
    stretches = lambda row: int((np.diff(np.concatenate(([1], np.isnan(row).astype(int)))) == -1).sum())  # noqa: E731
    assert stretches(y[kept]) == stretches(y)


def test_ten_thousand_points_become_at_most_four_a_pixel():
    x = np.arange(10_000.0)
    kept = kept_points(x, np.sin(x), columns=500)
    assert kept.size <= 2_000
    assert (np.diff(kept) > 0).all()


def test_a_single_low_or_high_point_among_thousands_is_kept():
    y = np.zeros(10_000)
    y[3_333], y[7_777] = -5.0, 5.0
    kept = kept_points(np.arange(10_000.0), y, columns=100)
    assert {3_333, 7_777} <= set(kept.tolist())


def test_few_points_are_left_alone():
    assert kept_points(np.arange(8.0), np.ones(8), columns=2).tolist() == list(range(8))


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        kept_points(np.arange(3.0), np.arange(2.0), columns=1)

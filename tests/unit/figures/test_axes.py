"""Times in figures are local and carry no zone, on purpose."""

# ruff: noqa: DTZ001

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.figures.axes import EndLabel, TimeWords, day_number, kept_apart, moment, padded, time_ticks, value_ticks

WORDS = TimeWords(
    month=lambda on, year: f"{on:%b %Y}" if year else f"{on:%b}",
    day=lambda on: f"{on.day} {on:%b}",
    hour=lambda at: f"{at:%H:%M}",
)


def labels(start: date | datetime, end: date | datetime, pixels: float) -> list[str]:
    ticks = time_ticks(day_number(start), day_number(end), pixels=pixels, words=WORDS)
    return [tick.label for tick in ticks if tick.label]


def test_fourteen_months_are_labelled_by_the_month_and_the_year_is_said_at_its_start():
    assert labels(date(2025, 10, 6), date(2026, 11, 24), 560) == [
        "Nov 2025", "Jan 2026", "Mar", "May", "Jul", "Sep", "Nov",
    ]  # fmt: skip


def test_two_days_are_labelled_by_the_hour_and_midnight_by_its_day():
    said = labels(datetime(2026, 11, 23, 20), datetime(2026, 11, 24, 10), 500)
    assert "24 Nov" in said
    assert "06:00" in said


@given(st.integers(1, 8000), st.integers(100, 1200))
def test_there_is_always_room_for_the_words_of_a_time_axis(days, pixels):
    start = day_number(date(2026, 1, 15))
    ticks = [t for t in time_ticks(start, start + days, pixels=pixels, words=WORDS) if t.label]
    places = [(t.at - start) / days * pixels for t in ticks]
    assert all(right - left >= 50 for left, right in pairwise(places))


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_values_on_an_axis_are_round_inside_and_not_too_many(low, span, most):
    ticks = value_ticks(low, low + span, at_most=most)
    assert len(ticks) <= most + 1
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_zero_on_an_axis_is_exactly_zero():
    assert value_ticks(-0.3, 0.3, at_most=6) == [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]


def test_a_span_of_nothing_gets_a_width():
    low, high = padded(12, 12, share=0.1)
    assert low < 12 < high


@given(st.lists(st.floats(20, 280), min_size=1, max_size=5))
def test_labels_at_line_ends_never_overlap_and_stay_above_the_floor(places):
    found = kept_apart([EndLabel(y, ("a", "b"), "ink") for y in places], top=0, floor=300, line=16, gap=4)
    rows = sorted(label.y for label in found)
    assert all(below - above >= 36 - 1e-6 for above, below in pairwise(rows))
    assert rows[-1] + 16 + 4 <= 300 + 16 + 1e-6


def test_labels_that_do_not_meet_stay_where_they_are():
    found = kept_apart([EndLabel(50, ("a",), "ink"), EndLabel(200, ("b",), "ink")], top=0, floor=300, line=16, gap=4)
    assert [label.y for label in found] == [50, 200]


@pytest.mark.parametrize("at", [datetime(2026, 3, 1, 9, 30), datetime(2026, 3, 1)])
def test_a_day_number_can_be_read_back(at):
    assert moment(day_number(at)) == at

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations import sampling
from kpis.calculations.sampling import AS_IS, COUNTER, GAUGE, Timeline, rows_of

END = math.nan


def timeline(kind: int, *samples: tuple[float, float], fresh: set[int] | None = None, series: list[int] | None = None):
    n = len(samples)
    return Timeline(
        series=np.array(series if series is not None else [0] * n, np.int32),
        at_us=np.array([seconds * 1_000_000 for seconds, _ in samples], np.int64),
        value=np.array([value for _, value in samples], np.float64),
        kind=np.full(n, kind, np.int8),
        fresh=np.array([fresh is None or place in fresh for place in range(n)], np.bool_),
    )


def said(found: sampling.Rows) -> list[tuple[int, float, float]]:
    return list(zip(found.sample.tolist(), found.value.tolist(), found.weight.tolist(), strict=True))


def test_a_counter_brings_what_it_grew_by_and_all_of_it_after_a_reset():
    assert said(rows_of(timeline(COUNTER, (0, 10), (15, 12), (30, 12), (45, 3), (60, 8)))) == [
        (1, 2, 1),
        (2, 0, 1),
        (3, 3, 1),
        (4, 5, 1),
    ]


def test_what_a_counter_counted_while_its_series_had_ended_is_counted():
    assert said(rows_of(timeline(COUNTER, (0, 10), (15, END), (900, 14)))) == [(2, 4, 1)]


def test_a_gauge_weighs_the_seconds_since_the_sample_before_up_to_five_minutes():
    assert said(rows_of(timeline(GAUGE, (0, 7), (15, 8), (1000, 9)))) == [(0, 7, 60), (1, 8, 15), (2, 9, 300)]


def test_after_its_end_a_gauge_begins_anew():
    assert said(rows_of(timeline(GAUGE, (0, 7), (15, END), (30, 8)))) == [(0, 7, 60), (2, 8, 60)]


def test_what_is_taken_as_it_is_has_a_weight_of_one_whatever_came_before():
    assert said(rows_of(timeline(AS_IS, (0, 7), (15, END), (30, 8)))) == [(0, 7, 1), (2, 8, 1)]


def test_a_late_sample_changes_its_own_row_and_that_of_the_next_one_alone():
    assert said(rows_of(timeline(COUNTER, (0, 1), (15, 2), (30, 9), (45, 9), fresh={1}))) == [(1, 1, 1), (2, 7, 1)]
    assert said(rows_of(timeline(GAUGE, (0, 1), (15, END), (30, 9), (45, 9), fresh={1}))) == [(2, 9, 60)]


def test_two_series_are_nothing_to_each_other():
    two = timeline(COUNTER, (0, 10), (15, 30), (0, 1), (15, 2), series=[0, 0, 1, 1])
    assert said(rows_of(two)) == [(1, 20, 1), (3, 1, 1)]


def test_of_one_instant_the_sample_that_was_given_last_counts():
    series, at = np.array([1, 0, 1, 1], np.int32), np.array([5, 5, 5, 4], np.int64)
    assert sampling.last_given(series, at).tolist() == [1, 3, 2]


def test_nothing_gives_nothing():
    assert said(rows_of(timeline(COUNTER))) == []
    assert sampling.last_given(np.zeros(0, np.int32), np.zeros(0, np.int64)).tolist() == []


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_what_a_counter_brings_adds_up_as_increase_does(values):
    """Prometheus' own way to add up: the last value less the first, and the value before each reset on top."""
    found = rows_of(timeline(COUNTER, *[(15 * n, value) for n, value in enumerate(values)]))
    resets = sum(before for before, now in itertools.pairwise(values) if now < before)
    assert math.isclose(found.value.sum(), values[-1] - values[0] + resets, rel_tol=1e-9, abs_tol=1e-3)


@given(
    st.sampled_from([COUNTER, GAUGE]),
    st.lists(st.one_of(st.floats(0, 100), st.just(END)), min_size=1, max_size=12),
    st.data(),
)
def test_in_whatever_order_samples_come_the_rows_are_those_of_ordered_ones(kind, values, data):
    samples = [(15 * n, value) for n, value in enumerate(values)]
    whole = {place: (value, weight) for place, value, weight in said(rows_of(timeline(kind, *samples)))}
    there: list[int] = []
    rows: dict[int, tuple[float, float]] = {}
    for place in data.draw(st.permutations(range(len(values)))):
        there = sorted([*there, place])
        some = timeline(kind, *[samples[p] for p in there], fresh={there.index(place)})
        rows |= {there[p]: (value, weight) for p, value, weight in said(rows_of(some))}
    assert rows == whole

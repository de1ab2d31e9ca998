from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations import sketch
from kpis.calculations.sketch import Sketch, sketch_of

numbers = st.floats(allow_nan=False, allow_infinity=False)
columns = st.lists(numbers, min_size=1, max_size=60).map(np.array)


@given(columns, st.floats(0, 1))
def test_a_quantile_is_within_one_percent_of_the_value_at_its_rank(values, q):
    exact = np.sort(values)[int(np.floor(q * (values.size - 1)))]
    assert sketch_of(values).quantile(q) == pytest.approx(exact, rel=0.01 + 1e-9, abs=1e-300)


@given(columns, columns)
def test_merging_two_sketches_is_the_sketch_of_the_whole(first, second):
    assert sketch.merged([sketch_of(first), sketch_of(second)]) == sketch_of(np.concatenate([first, second]))


@given(columns)
def test_a_sketch_survives_json(values):
    original = sketch_of(values)
    assert Sketch.from_json(json.loads(json.dumps(original.as_json()))) == original


def test_bins_are_those_of_ddsketch():
    gamma = 1.01 / 0.99
    value = 250.0
    assert sketch.keys_of(np.array([value]))[0] - sketch.LIFT == int(np.ceil(np.log(value) / np.log(gamma)))


def test_negative_values_come_before_zero_and_zero_before_positive_ones():
    found = sketch_of(np.array([3.0, -3.0, 0.0]))
    assert [found.quantile(q) for q in (0, 0.5, 1)] == pytest.approx([-3.0, 0.0, 3.0], rel=0.01)


def test_two_hundred_thousand_response_times_need_a_few_hundred_bins():
    values = np.random.default_rng(1).lognormal(5, 1, 200_000)
    assert sketch_of(values).keys.size < 500


def test_bins_of_another_relative_error_are_refused():
    with pytest.raises(ValueError, match="relative error"):
        Sketch.from_json({"error": 0.02, "steps": [1], "counts": [1]})


def test_a_quantile_of_no_values_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        sketch.merged([]).quantile(0.5)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.aggregation import AGGREGATIONS, aggregate_groups, merge, value_of
from kpis.calculations.merging import merge_groups, taken, values_of

measurement = st.tuples(st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.5, 1.0, 7.0]), st.integers(0, 10**15))
days = st.lists(st.lists(measurement, min_size=1, max_size=5), min_size=1, max_size=12)


def states_of(rows):
    values, weights, at = (np.array(column) for column in zip(*[m for row in rows for m in row], strict=True))
    groups = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return aggregate_groups(values.astype(float), weights.astype(float), at.astype(np.int64), groups)


@given(days, st.integers(1, 4))
def test_many_groups_merged_at_once_are_what_they_are_merged_one_by_one(rows, size):
    states = states_of(rows)
    merged = merge_groups(states, np.arange(len(rows)) // size)
    for i in range(len(merged)):
        expected = merge([states.state(j) for j in range(i * size, min((i + 1) * size, len(rows)))])
        found = merged.state(i)
        exact = ("n", "minimum", "maximum", "last_at", "last", "total", "bins")
        assert [getattr(found, name) for name in exact] == [getattr(expected, name) for name in exact]
        for name in ("sum_w", "sum_w2", "mean"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-6)
        assert found.m2 == pytest.approx(expected.m2, rel=1e-9, abs=1e-3)


@given(days, st.sampled_from(AGGREGATIONS))
def test_many_values_at_once_are_the_values_one_by_one(rows, aggregation):
    states = states_of(rows)
    values, exists = values_of(states, aggregation)
    answers = [value_of(states.state(i), aggregation) for i in range(len(states))]
    assert exists.tolist() == [answer.exists for answer in answers]
    assert [v for v, e in zip(values, exists, strict=True) if e] == [a.value for a in answers if a.exists]


@pytest.mark.parametrize("huge", [[1.7e308, 1.7e308, 1.0], [1.7e308, -1.7e308, 1.0], [1e200, 1.0, 1.0]])
def test_absurdly_large_values_give_no_number_rather_than_infinity_or_a_crash(huge):
    merged = merge_groups(states_of([[(value, 1.0, 0)] for value in huge]), np.array([0, 0, 0]))
    assert np.isfinite([merged.mean, merged.m2, merged.total]).all()
    assert [bool(values_of(merged, a)[1][0]) for a in ("max", "count")] == [False, True]


def test_states_are_taken_by_their_place():
    states = states_of([[(1.0, 1.0, 0)], [(2.0, 1.0, 0)], [(3.0, 1.0, 0)]])
    assert taken(states, np.array([2, 0])).mean.tolist() == [3.0, 1.0]


def test_groups_out_of_order_are_refused():
    states = states_of([[(1.0, 1.0, 0)], [(2.0, 1.0, 0)]])
    with pytest.raises(ValueError, match="sorted"):
        merge_groups(states, np.array([1, 0]))

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.peers import among_peers
from kpis.calculations.position import Reading

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40)


def test_of_four_others_nothing_is_said_of_five_the_quartiles():
    assert among_peers(Reading(3.0), [1, 2, 3, 4], "increase") is None
    found = among_peers(Reading(3.5), [1, 2, 3, 4, 5], "increase")
    assert found.peers == 5
    assert found.quartiles == ((0.25, 2.0), (0.5, 3.0), (0.75, 4.0))
    assert found.position.percentile == 0.62  # half way between the half and three quarters


@given(VALUES)
def test_the_quartiles_are_those_of_the_statistics_module(values):
    found = among_peers(Reading(values[0]), values, "decrease")
    expected = statistics.quantiles(values, n=4, method="inclusive")
    assert [value for _, value in found.quartiles] == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(VALUES)
def test_who_is_ahead_of_all_others_is_not_told_by_how_much(values):
    found = among_peers(Reading(max(values) + 1.0), values, "increase")
    assert (found.position.position, found.position.percentile) == ("best", None)
    assert max(value for _, value in found.quartiles) <= max(values)

"""Patterns on a control chart, found where shewhart finds them, and how often chance makes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shewhart._rules import RULES

from kpis.calculations.run_rules import alarms, broken, hints, persisting, settled_elsewhere

# Values on and around the zones' borders, so that strict and other inequalities differ.
rows = st.lists(st.sampled_from([-3.5, -3.0, -2.2, -2.0, -1.2, -1.0, -0.4, 0.0, 0.4, 1.0, 1.2, 2.0, 2.2, 3.0, 3.5]),
                max_size=60).map(np.array)  # fmt: skip


def found_by_shewhart(z, rule, size):
    """Its patterns are whole runs; ours are reported at each point at which one is complete."""
    ends = set()
    for points in RULES[f"nelson_{rule}"].fn(z):
        ends |= set(points[size - 1 :])
    return ends


@settings(max_examples=150)
@given(rows)
def test_runs_are_those_of_shewhart_reported_at_their_last_point(z):
    for rule, size in ((1, 1), (2, 9), (3, 6), (4, 14), (7, 15), (8, 8)):
        assert set(np.flatnonzero(broken(z, rule)).tolist()) == found_by_shewhart(z, rule, size)


@settings(max_examples=150)
@given(rows)
def test_zones_are_those_of_the_definition(z):
    for rule, sigmas, some, size in ((5, 2, 2, 3), (6, 1, 4, 5)):
        ends = [
            i
            for i in range(z.size)
            for side in (1, -1)
            if side * z[i] > sigmas and sum(side * x > sigmas for x in z[max(0, i - size + 1) : i + 1]) >= some
        ]
        assert np.flatnonzero(broken(z, rule)).tolist() == ends
        # shewhart names all points of a pattern, once there are three (five): it has one exactly where we do.
        assert z.size < size or bool(ends) == bool(RULES[f"nelson_{rule}"].fn(z))


@given(rows)
def test_a_mirrored_chart_breaks_the_same_rules(z):
    for rule in range(1, 9):
        assert broken(-z, rule).tolist() == broken(z, rule).tolist()


def test_a_point_on_the_centre_line_ends_a_run_and_equal_neighbours_a_trend():
    assert not broken(np.array([1.0] * 8 + [0.0] + [1.0] * 8), 2).any()
    assert not broken(np.array([1.0, 2, 3, 3, 4, 5, 6, 7]), 3).any()
    assert broken(np.array([1.0, 2, 3, 4, 5, 6]), 3).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("rule", "size", "point"),
    [
        (2, 9, lambda i: 0.5),
        (3, 6, lambda i: 0.1 * i),
        (4, 14, lambda i: 0.5 * (-1) ** i),
        (7, 15, lambda i: 0.3 * (-1) ** (i // 2)),
        (8, 8, lambda i: 1.5 * (-1) ** (i // 2)),
    ],
)
def test_a_pattern_is_complete_with_its_last_point_and_not_before(rule, size, point):
    row = np.array([point(i) for i in range(size)])
    assert np.flatnonzero(broken(row, rule)).tolist() == [size - 1]


def false_alarms(found):
    rng = np.random.default_rng(20261124)
    points = raised = 0
    for _ in range(1200):
        at = found(rng.normal(size=600))
        points, raised = points + (int(np.argmax(at)) + 1 if at.any() else 600), raised + bool(at.any())
    return points / raised


@pytest.mark.parametrize(
    ("rules", "expected"), [((1,), 370), ((1, 2), 216), ((1, 2, 3), 142), ((1, 2, 5, 6), 110), ((1, 2, 3, 5, 6), 87)]
)
def test_so_many_points_of_chance_go_by_until_a_false_alarm(rules, expected):
    found = false_alarms(lambda z: np.logical_or.reduce([broken(z, rule) for rule in rules]))
    assert found == pytest.approx(expected, rel=0.1)


def test_rules_one_and_two_alarm_and_of_dependent_values_rule_one_alone():
    run = np.array([0.5] * 9 + [3.1])
    assert np.flatnonzero(alarms(run)).tolist() == [8, 9]
    assert np.flatnonzero(alarms(run, dependent=True)).tolist() == [9]
    assert np.flatnonzero(hints(np.array([2.1, 0.0, 2.1, 0.0]))).tolist() == [2]


def test_a_mail_waits_for_a_second_alarm_within_three_points():
    alarm = np.array([True, False, False, True, False, True, True, False])
    assert np.flatnonzero(persisting(alarm)).tolist() == [5, 6]


def test_after_twenty_points_on_one_side_the_process_has_settled_elsewhere():
    assert settled_elsewhere(np.array([-1.0, *[0.2] * 20]))
    assert not settled_elsewhere(np.full(19, 0.2))
    assert not settled_elsewhere(np.array([*[0.2] * 19, 0.0]))


@pytest.mark.parametrize("rule", [0, 9])
def test_there_are_eight_rules(rule):
    with pytest.raises(ValueError, match="1 to 8"):
        broken(np.zeros(3), rule)


def test_no_points_break_no_rule():
    assert not any(broken(np.empty(0), rule).any() for rule in range(1, 9))

"""Will there be enough intervals for a baseline when go-live comes?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.countdown import pace_of, prospect, slack


def test_nine_of_twenty_eight_days_and_four_days_to_go_do_not_suffice():
    assert prospect(9, 28, left=4, pace=1.0) == "will_not_suffice"


@pytest.mark.parametrize(
    ("left", "state"), [(18, "will_not_suffice"), (19, "just_suffices"), (21, "just_suffices"), (22, "will_suffice")]
)
def test_three_days_may_be_missing_before_twenty_eight_are_unsure(left, state):
    # 9 + 19 = 28; a tenth of 28 is 2.8, so three days are kept as slack.
    assert prospect(9, 28, left=left, pace=1.0) == state


def test_working_days_fill_a_baseline_more_slowly_than_the_calendar_says():
    # 28 calendar days hold 20 working days: 8 + 20 = 28.
    assert prospect(8, 28, left=28, pace=5 / 7) == "just_suffices"
    assert prospect(7, 28, left=28, pace=5 / 7) == "will_not_suffice"


def test_what_is_there_is_enough_however_little_time_is_left():
    assert prospect(28, 28, left=0, pace=0.0) == "enough"


@pytest.mark.parametrize(("needed", "spare"), [(336, 34), (28, 3), (12, 2), (6, 1)])
def test_a_tenth_is_slack_and_one_interval_at_least(needed, spare):
    assert slack(needed) == spare


def test_the_pace_is_what_came_of_what_passed_and_never_more_than_is_due():
    assert pace_of(6, 8, at_most=1.0) == 0.75
    assert pace_of(5, 5, at_most=5 / 7) == 5 / 7
    assert pace_of(0, 0, at_most=5 / 7) == 5 / 7


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 60), st.floats(0, 1))
def test_more_time_or_more_data_never_makes_it_worse(n, needed, left, pace):
    order = ["will_not_suffice", "just_suffices", "will_suffice", "enough"]
    now = order.index(prospect(n, needed, left=left, pace=pace))
    assert order.index(prospect(n + 1, needed, left=left, pace=pace)) >= now
    assert order.index(prospect(n, needed, left=left + 1, pace=pace)) >= now


@pytest.mark.parametrize("wrong", [{"n": -1}, {"needed": 0}, {"left": -1}, {"pace": 1.1}])
def test_a_countdown_of_nonsense_is_refused(wrong):
    given = {"n": 1, "needed": 2, "left": 3, "pace": 0.5} | wrong
    with pytest.raises(ValueError, match="countdown"):
        prospect(given["n"], given["needed"], left=given["left"], pace=given["pace"])

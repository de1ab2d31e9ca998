"""Pilot to scale in figures that can be done in the head, and what no roll-out may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from kpis.calculations.scaling import PARTS, CostStep, Rollout, projection, users_by_month

TEN = (8.0, 10.0, 12.0)  # a user and month


def steady(users, months=3, **more):
    return Rollout(users, users, 1, months, **more)


def test_the_curve_reaches_95_percent_in_the_stated_month_and_is_the_logistic():
    users = users_by_month(Rollout(50, 1000, 12, 36))

    assert users[11] == 950
    rate = (logit(0.95) - logit(0.05)) / 12  # the same curve as an inverse logit
    assert users.tolist() == np.rint(1000 * expit(logit(0.05) + rate * np.arange(1, 37))).astype(int).tolist()
    assert users[-1] == 1000


@given(now=st.integers(1, 5_000), more=st.integers(0, 50_000), to=st.integers(1, 60), months=st.integers(1, 60))
def test_users_never_fall_and_never_exceed_the_scale(now, more, to, months):
    users = users_by_month(Rollout(now, now + more, to, months))
    assert (np.diff(users) >= 0).all()
    assert users[0] >= now and users[-1] <= now + more


def test_stated_users_stand_as_stated_and_the_last_ones_stay():
    assert users_by_month(Rollout(10, 100, 6, 5, stated=(20, 60))).tolist() == [20, 60, 60, 60, 60]


def test_users_that_were_measured_bring_what_was_measured_later_ones_what_is_stated():
    found = projection(TEN, Rollout(100, 200, 1, 2, stated=(100, 200)), [], kept=0.5, measured=100)

    assert [month.benefit for month in found.months] == [(800, 1000, 1200), (1200, 1500, 1800)]
    assert [month.is_measured for month in found.months] == [True, False]
    assert found.evidence_ends == 2
    assert found.benefit == (2000, 2500, 3000)


def test_each_cost_is_counted_on_its_own_basis():
    rollout = Rollout(100, 250, 1, 2, stated=(100, 250))
    costs = [
        CostStep("licence", "user_month", 2),
        CostStep("training", "new_user", 7),
        CostStep("governance", "month", 30),
        CostStep("infrastructure", "block_month", 50, block=100),
        CostStep("integration", "once", 1000),
    ]

    found = projection(TEN, rollout, costs, kept=1.0, measured=250)

    assert found.months[0].cost == 200 + 0 + 30 + 50 + 1000
    assert found.months[1].cost == 500 + 150 * 7 + 30 + 150
    assert found.missing == ("support",)
    assert found.evidence_ends is None
    assert found.cumulative_net()[1] == (800 + 2000 - 3010, 1000 + 2500 - 3010, 1200 + 3000 - 3010)


def test_from_how_many_users_a_month_pays():
    # 10 a user against 2 a user and 400 a month: from 50 users on
    costs = [CostStep("licence", "user_month", 2), CostStep("governance", "month", 400)]
    assert projection(TEN, steady(1000), costs, kept=1.0, measured=1000).pays_from == 50
    assert projection(TEN, steady(40), costs, kept=1.0, measured=40).pays_from is None
    assert projection(TEN, steady(40), [], kept=1.0, measured=40).pays_from == 1


def test_a_projection_without_costs_names_every_part_that_is_missing():
    assert projection(TEN, steady(5), [], kept=1.0, measured=5).missing == PARTS


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: Rollout(0, 10, 1, 1),
        lambda: Rollout(10, 5, 1, 1),
        lambda: Rollout(1, 5, 0, 1),
        lambda: Rollout(1, 5, 1, 1, stated=(-1,)),
        lambda: projection(TEN, steady(5), [], kept=1.5, measured=5),
        lambda: projection((float("nan"), 1, 1), steady(5), [], kept=1.0, measured=5),
        lambda: projection(TEN, steady(5), [CostStep("fun", "month", 1)], kept=1.0, measured=5),
        lambda: projection(TEN, steady(5), [CostStep("licence", "month", -1)], kept=1.0, measured=5),
    ],
)
def test_what_is_no_roll_out_is_refused(nonsense):
    with pytest.raises(ValueError, match=r"users|month|share|finite|unknown|negative"):
        nonsense()

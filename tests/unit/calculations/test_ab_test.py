"""Two variants side by side."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels
from statsmodels.stats.power import TTestIndPower

from kpis.calculations.ab_test import (
    assignment,
    chances,
    mcnemar,
    monitored_difference,
    paired_difference,
    price_of_task,
    standardised_difference,
    units_needed,
    winner,
)
from kpis.calculations.answer import Bounded
from kpis.calculations.welch import Moments, difference


def normal(seed, n, mean=0.0, sd=1.0):
    return np.random.default_rng(seed).normal(mean, sd, n)


def test_an_assignment_is_held_against_its_plan_as_scipy_does():
    found = assignment([5100, 4900, 10200], [1, 1, 2])
    expected = np.array([1, 1, 2]) / 4 * 20200
    assert found.p_value == pytest.approx(stats.chisquare([5100, 4900, 10200], expected).pvalue)
    assert not found.broken


def test_groups_of_another_size_than_planned_are_broken_and_a_little_chance_is_not():
    assert assignment([50_000, 48_900], [0.5, 0.5]).broken
    assert "as planned" in assignment([50_000, 48_900], [0.5, 0.5]).reason
    assert not assignment([500, 460], [0.5, 0.5]).broken
    assert assignment([0, 0], [1, 1]).p_value is None


def test_of_sound_experiments_one_in_a_thousand_is_called_broken():
    rng = np.random.default_rng(20261124)
    broken = [assignment([k, 1000 - k], [1, 1]).broken for k in rng.binomial(1000, 0.5, 20_000).tolist()]
    assert np.mean(broken) <= 0.002


def test_sixteen_times_variance_by_effect_squared_is_about_what_statsmodels_plans():
    oracle = TTestIndPower().solve_power(effect_size=0.2, alpha=0.05, power=0.8)
    assert units_needed(5.0, 1.0) == 400
    assert units_needed(5.0, -1.0) == pytest.approx(oracle, rel=0.03)


def test_looking_every_ten_units_finds_a_difference_where_there_is_none_in_at_most_one_of_twenty():
    rng, false, once = np.random.default_rng(20261124), 0, 0
    series = 300
    for _ in range(series):
        a, b = rng.normal(size=(2, 500))
        looks = [(Moments.of(a[:n]), Moments.of(b[:n])) for n in range(14, 500, 10)]
        false += any(monitored_difference(*look, confidence=0.95).excludes_zero for look in looks)
        once += any(difference(*look, confidence=0.95).excludes_zero for look in looks)
    assert false / series <= 0.05 and once / series > 0.2


def test_monitoring_begins_with_fourteen_units_and_says_so():
    found = monitored_difference(Moments.of(normal(1, 13)), Moments.of(normal(2, 90)), confidence=0.95)
    assert (found.status, found.value) == ("not_yet", None) and "14" in found.reason
    equal = Moments.of(np.full(20, 3.0))
    assert "do not vary" in monitored_difference(equal, equal, confidence=0.95).reason


def test_a_vendor_with_the_easier_cases_is_not_the_better_one():
    # Both are alike in each stratum; the second has nine easy cases in ten.
    easy, hard = {"mean": 5.0}, {"mean": 20.0}
    control = {"easy": Moments.of(normal(1, 100, **easy)), "hard": Moments.of(normal(2, 900, **hard))}
    variant = {"easy": Moments.of(normal(3, 900, **easy)), "hard": Moments.of(normal(4, 100, **hard))}
    found = standardised_difference(control, variant, confidence=0.95)
    assert not found.excludes_zero and found.value == pytest.approx(0, abs=0.15)
    w = 0.5
    by_hand = sum(w * (variant[k].mean - control[k].mean) for k in control)
    error = math.sqrt(sum(w * w * (s[k].variance / s[k].n) for s in (control, variant) for k in s))
    assert found.value == pytest.approx(by_hand)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.02)


def test_of_one_stratum_the_adjusted_difference_is_the_plain_one():
    control, variant = Moments.of(normal(5, 40)), Moments.of(normal(6, 30))
    adjusted = standardised_difference({"all": control}, {"all": variant}, confidence=0.95)
    plain = difference(control, variant, confidence=0.95)
    assert (adjusted.low, adjusted.high, adjusted.p_value) == pytest.approx((plain.low, plain.high, plain.p_value))


def test_a_stratum_that_one_variant_never_saw_makes_no_comparison():
    some = Moments.of(normal(7, 20))
    assert standardised_difference({"a": some, "b": some}, {"a": some}, confidence=0.95).status == "undefined"
    assert standardised_difference({}, {}, confidence=0.95).status == "not_enough_data"
    few = Moments.of(normal(8, 4))
    assert "five" in standardised_difference({"a": few}, {"a": some}, confidence=0.95).reason


def test_the_same_items_are_compared_in_pairs_as_scipy_does():
    first = normal(9, 25, 10, 5)
    second = first + normal(10, 25, 0.4, 0.5)
    found = paired_difference(first, second, confidence=0.95)
    oracle = stats.ttest_rel(second, first)
    interval = oracle.confidence_interval(0.95)
    assert (found.low, found.high, found.p_value) == pytest.approx((interval.low, interval.high, oracle.pvalue))
    apart = difference(Moments.of(first), Moments.of(second), confidence=0.95)
    assert found.high - found.low < (apart.high - apart.low) / 5


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [([], [], "no values"), ([1.0] * 4, [2.0] * 4, "five"), ([1.0, 2, 3, 4, 5], [2.0, 3, 4, 5, 6], "do not vary")],
)
def test_no_pairs_few_pairs_and_equal_gaps_have_no_interval_and_say_why(first, second, says):
    found = paired_difference(np.array(first, float), np.array(second, float), confidence=0.95)
    assert found.low is None and says in found.reason


@pytest.mark.parametrize(("b", "c"), [(5, 12), (0, 6), (7, 7), (1, 40)])
def test_right_and_wrong_on_the_same_items_is_the_exact_test_of_statsmodels(b, c):
    oracle = mcnemar_of_statsmodels([[30, b], [c, 9]], exact=True).pvalue
    assert mcnemar(b, c).value == pytest.approx(oracle)


def test_models_that_were_right_on_the_same_items_are_not_told_apart():
    assert mcnemar(0, 0).status == "undefined"
    with pytest.raises(ValueError, match="at least 0"):
        mcnemar(-1, 2)


def test_the_chance_of_being_best_and_what_a_wrong_choice_costs():
    found = chances(np.array([[1.0, 5.0, 3.0, 2.0], [2.0, 4.0, 3.0, 0.0]]))
    # Best in two draws and half of a third; loses 1 in one of four.
    assert [c.probability for c in found] == [0.625, 0.375]
    assert [c.expected_loss for c in found] == [0.25, 0.75]
    with pytest.raises(ValueError, match="finite draws"):
        chances(np.array([[np.nan]]))


def test_there_is_a_winner_only_above_the_runner_up():
    a, b, c = Bounded(3.0, 2.5, 3.5), Bounded(2.0, 1.0, 3.2), Bounded(2.4, 2.3, 2.6)
    assert winner({"a": a, "b": b, "c": c}) == "a"
    assert winner({"a": Bounded(3.0, 2.3, 3.5), "c": c}) is None
    assert winner({"a": a}) is None
    assert winner({"a": a, "b": Bounded(None, status="not_yet", reason="no values yet")}) is None


def test_a_task_costs_its_tokens_and_its_share_of_the_machine():
    price = price_of_task(Decimal(1200), Decimal("0.000003"), Decimal(300), Decimal("0.000015"), Decimal("0.0004"))
    assert price == Decimal("0.0085")


@pytest.mark.parametrize(("counts", "planned"), [([1], [1]), ([1, 2], [1, 0]), ([1, -2], [1, 1]), ([1, 2], [1, 1, 1])])
def test_an_assignment_that_cannot_be_is_refused(counts, planned):
    with pytest.raises(ValueError, match="two or more"):
        assignment(counts, planned)
    with pytest.raises(ValueError, match="planning needs"):
        units_needed(1.0, 0.0)

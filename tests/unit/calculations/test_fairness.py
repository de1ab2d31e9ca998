"""Groups of people and a model's decisions, against fairlearn wherever fairlearn has a true answer."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn import metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.calculations.fairness import (
    Group,
    demographic_parity,
    equal_opportunity,
    equalised_odds,
    false_positive_parity,
    passes_four_fifths,
    precision_parity,
)
from kpis.calculations.proportions import Share, newcombe


def group(n, positives, true_positives, false_positives):
    return Group(n, true_positives + false_positives, positives, true_positives, false_positives)


@st.composite
def large(draw):
    """Groups that have enough of everything."""
    n = draw(st.integers(60, 200))
    positives = draw(st.integers(10, n - 10))
    return group(n, positives, draw(st.integers(1, positives)), draw(st.integers(1, n - positives)))


many = st.lists(large(), min_size=2, max_size=4).map(lambda found: dict(zip("abcd", found, strict=False)))


def as_rows(groups):
    """One row a person: truth, decision, group."""
    truth, decided, names = [], [], []
    for name, g in groups.items():
        truth += [1] * g.positives + [0] * (g.n - g.positives)
        decided += [1] * g.true_positives + [0] * (g.positives - g.true_positives)
        decided += [1] * g.false_positives + [0] * (g.n - g.positives - g.false_positives)
        names += [name] * g.n
    return truth, decided, {"sensitive_features": names}


@settings(max_examples=15, deadline=None)
@given(many)
def test_differences_and_ratios_are_those_of_fairlearn(groups):
    truth, decided, by = as_rows(groups)
    parity = demographic_parity(groups, confidence=0.95)
    assert parity.difference.value == pytest.approx(metrics.demographic_parity_difference(truth, decided, **by))
    assert parity.ratio.value == pytest.approx(metrics.demographic_parity_ratio(truth, decided, **by))
    difference, ratio = equalised_odds(groups, confidence=0.95)
    assert difference.value == pytest.approx(metrics.equalized_odds_difference(truth, decided, **by))
    assert ratio.value == pytest.approx(metrics.equalized_odds_ratio(truth, decided, **by))
    opportunity = equal_opportunity(groups, confidence=0.95)
    assert opportunity.difference.value == pytest.approx(metrics.equal_opportunity_difference(truth, decided, **by))


def test_a_group_without_positives_has_no_rate_where_fairlearn_counts_zero():
    groups = {"a": group(100, 50, 40, 10), "b": group(100, 40, 32, 12), "c": group(100, 0, 0, 20)}
    truth, decided, by = as_rows(groups)
    assert metrics.equal_opportunity_difference(truth, decided, **by) == pytest.approx(0.8)
    found = equal_opportunity(groups, confidence=0.95)
    assert (found.difference.value, found.left_out) == (0.0, ("c",))
    assert (found.rates["c"].value, found.rates["c"].status) == (None, "undefined")


def test_small_groups_are_shown_with_their_interval_and_not_compared():
    groups = {"a": group(100, 50, 40, 10), "b": group(100, 50, 30, 10), "few": group(29, 10, 10, 19)}
    found = demographic_parity(groups, confidence=0.95)
    assert found.left_out == ("few",)
    assert found.difference.value == pytest.approx(0.1)
    assert found.rates["few"].low is not None


def test_with_one_group_left_there_is_nothing_to_compare_and_it_says_so():
    found = demographic_parity({"a": group(100, 50, 40, 10), "b": group(5, 2, 1, 1)}, confidence=0.95)
    assert (found.difference.status, found.ratio.status) == ("not_enough_data", "not_enough_data")
    nobody = {"a": group(50, 0, 0, 10), "b": group(50, 0, 0, 12)}
    assert equalised_odds(nobody, confidence=0.95)[0].status == "not_enough_data"
    assert equalised_odds({}, confidence=0.95)[1].value is None


def test_where_nobody_is_selected_there_is_no_ratio_rather_than_a_perfect_one():
    nobody = {"a": group(100, 50, 0, 0), "b": group(100, 50, 0, 0)}
    found = demographic_parity(nobody, confidence=0.95)
    assert (found.difference.value, found.ratio.value, found.ratio.status) == (0.0, None, "undefined")
    assert passes_four_fifths(nobody) is None
    assert equalised_odds(nobody, confidence=0.95)[1].status == "undefined"


def test_exactly_four_fifths_pass():
    # In doubles it is a little less.
    exact = {"a": group(50, 25, 15, 5), "b": group(50, 25, 12, 4)}
    assert 0.32 / 0.4 < 0.8 and passes_four_fifths(exact) is True
    assert passes_four_fifths({**exact, "b": group(50, 25, 12, 3)}) is False


def test_five_points_between_two_groups_of_a_hundred_are_noise():
    groups = {"a": group(100, 50, 40, 10), "b": group(100, 50, 40, 15)}
    found = demographic_parity(groups, confidence=0.95).difference
    assert found.value == pytest.approx(0.05) and not found.excludes_zero
    assert (found.high - found.low) / 2 == pytest.approx(0.14, abs=0.01)


def test_of_several_groups_the_interval_holds_for_all_pairs_at_once():
    groups = {name: group(200, 100, 60 + i, 40) for i, name in enumerate("abcd")}
    found = demographic_parity(groups, confidence=0.95).difference
    pair = newcombe(Share(100, 200), Share(103, 200), confidence=1 - 0.05 / 6)
    assert (found.low, found.high) == pytest.approx((pair.low, pair.high))


def test_of_alike_groups_at_most_one_comparison_in_twenty_says_otherwise():
    rng = np.random.default_rng(20261124)
    false = [
        demographic_parity(
            {str(i): group(150, 150, int(k), 0) for i, k in enumerate(row)}, confidence=0.95
        ).difference.excludes_zero
        for row in rng.binomial(150, 0.3, (1500, 5))
    ]
    assert np.mean(false) <= 0.05


def test_precision_and_false_alarms_are_compared_too():
    groups = {"a": group(100, 50, 40, 10), "b": group(100, 50, 30, 20)}
    assert precision_parity(groups, confidence=0.95).difference.value == pytest.approx(0.2)
    assert false_positive_parity(groups, confidence=0.95).difference.value == pytest.approx(0.2)
    assert groups["a"].base.value == 0.5


@pytest.mark.parametrize("wrong", [(10, 5, 6, 0), (10, 5, 2, 6), (4, 5, 1, 0), (10, 5, -1, 0)])
def test_counts_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValueError, match="contradict"):
        group(*wrong)
    with pytest.raises(ValueError, match="contradict"):
        Group(10, 3, 5, 1, 1)

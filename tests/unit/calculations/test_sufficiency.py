"""How much data is enough, and when it will be there."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

from kpis.calculations.intervals import Calendar, Granularity
from kpis.calculations.sufficiency import enough_at, intervals_needed

BERLIN = Calendar("Europe/Berlin")


def needed(sigma, effect, n_before):
    return intervals_needed(sigma, smallest_effect=effect, n_before=n_before, confidence=0.95)


def test_it_is_the_number_that_statsmodels_plans_with():
    oracle = NormalIndPower().solve_power(effect_size=0.5, nobs1=90, alpha=0.05, power=0.8, ratio=None)
    assert needed(1.0, 0.5, 90).value == pytest.approx(np.ceil(oracle * 90), abs=1)


def test_dependent_days_need_far_more_than_independent_ones():
    # Neighbours correlated by 0.3: the long-run standard deviation is 1.36 times as large.
    sigma = np.sqrt((1 + 0.3) / (1 - 0.3))
    assert needed(1.0, 0.75, 90).value < needed(sigma, 0.75, 90).value / 1.8


def test_as_many_intervals_find_the_effect_in_four_of_five_cases():
    rng = np.random.default_rng(20261124)
    n = int(needed(1.0, 0.5, 90).value)
    gaps = rng.normal(0.5, 1, (4000, n)).mean(axis=1) - rng.normal(0, 1, (4000, 90)).mean(axis=1)
    assert np.mean(np.abs(gaps) > 1.959964 * np.sqrt(1 / n + 1 / 90)) == pytest.approx(0.80, abs=0.025)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.integers(5, 500), st.sampled_from([0.01, 60.0, -1.0]))
def test_neither_unit_nor_sign_matter(sigma, effect, n_before, factor):
    plain, scaled = needed(sigma, effect, n_before), needed(sigma * abs(factor), effect * factor, n_before)
    assert plain.status == scaled.status
    assert plain.value is None or abs(plain.value - scaled.value) <= 1


def test_a_baseline_that_is_too_unsure_is_never_made_up_for():
    found = needed(1.0, 0.2, 20)
    assert (found.value, found.status) == (None, "none") and "baseline" in found.reason
    assert "wait" in needed(1.0, 0.0281, 10_001).reason


def test_values_that_did_not_vary_need_one_interval():
    assert needed(0.0, 0.5, 20).value == 1.0


@pytest.mark.parametrize("wrong", [(1.0, 0.0, 20), (float("nan"), 1.0, 20), (1.0, 1.0, 0), (-1.0, 1.0, 20)])
def test_planning_without_variation_effect_or_baseline_is_refused(wrong):
    with pytest.raises(ValueError, match="planning needs"):
        needed(*wrong)


def test_five_more_days_end_with_the_fifth_day_as_clocks_go():
    # 25 October 2026 has 25 hours in Berlin.
    since = BERLIN.local_midnight(datetime(2026, 10, 23, tzinfo=UTC).date())
    found = enough_at(5, since=since, calendar=BERLIN, granularity=Granularity.DAY, present=1.0)
    assert found == BERLIN.local_midnight(datetime(2026, 10, 28, tzinfo=UTC).date())


def test_where_only_workdays_have_values_it_takes_longer():
    since = BERLIN.local_midnight(datetime(2026, 6, 1, tzinfo=UTC).date())
    found = enough_at(10, since=since, calendar=BERLIN, granularity=Granularity.DAY, present=5 / 7)
    assert found == BERLIN.local_midnight(datetime(2026, 6, 15, tzinfo=UTC).date())


def test_months_are_calendar_months():
    since = BERLIN.local_midnight(datetime(2026, 1, 1, tzinfo=UTC).date())
    found = enough_at(4, since=since, calendar=BERLIN, granularity=Granularity.MONTH, present=1.0)
    assert found == BERLIN.local_midnight(datetime(2026, 5, 1, tzinfo=UTC).date())


def test_nothing_missing_is_there_already_and_from_a_silent_source_nothing_is_foreseen():
    since = datetime(2026, 1, 1, tzinfo=UTC)
    ask = {"since": since, "calendar": Calendar("UTC"), "granularity": Granularity.DAY}
    assert enough_at(0, **ask, present=0.0) == since
    assert enough_at(3, **ask, present=0.0) is None
    assert enough_at(3, **ask, present=1e-9) is None
    with pytest.raises(ValueError, match="share between"):
        enough_at(3, **ask, present=1.5)

"""Effects with a known truth, and what is said where nothing can be said."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kpis.calculations.effect import NOTES, Comparison, choose_method, declared_effect, evaluate
from kpis.calculations.intervals import Granularity
from kpis.calculations.season import season_of
from kpis.calculations.series import Series
from tests.oracles.dense_reml import correlation_matrix
from tests.oracles.simulated import ar1

DAY, WEEK, MONTH, QUARTER = Granularity.DAY, Granularity.WEEK, Granularity.MONTH, Granularity.QUARTER
WEEKDAYS = np.array([0.9, 0.2, -0.1, -0.3, -0.7, -2.0, -2.5])


def pair(seed=1, *, n_before=60, n_after=40, effect=-1.0, level=10.0, phi=0.3, slope=0.0, weekdays=None):
    rng = np.random.default_rng(seed)
    n = n_before + n_after
    t = np.arange(n)
    values = level + ar1(rng, n, phi) + slope * t + effect * (t >= n_before)
    if weekdays is not None:
        values = values + weekdays[t % 7]
    return Series.of(values[:n_before]), Series.of(values[n_before:], start=n_before)


def compare(before, after, granularity=DAY, direction="decrease", **more):
    return Comparison(before, after, direction, granularity, **more)


def effects(method, seeds=60, **how):
    for seed in range(seeds):
        before, after = pair(seed, **how)
        yield evaluate(compare(before, after), method=method, confidence=0.95)


# How much -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ar1", "its", "welch"])
def test_a_planted_effect_is_found_without_bias(method):
    found = [e.effect for e in effects(method, effect=-1.0)]
    assert np.mean(found) == pytest.approx(-1.0, abs=4 * np.std(found) / math.sqrt(len(found)))


def test_a_trend_that_goes_on_is_no_effect_for_its_but_one_for_the_difference_of_means():
    # The trend improves the KPI by itself; there is no effect at all.
    its = [e.effect for e in effects("its", 30, effect=0.0, slope=-0.05)]
    naive = [e.effect for e in effects("ar1", 30, effect=0.0, slope=-0.05)]
    assert np.mean(its) == pytest.approx(0.0, abs=0.5)
    assert np.mean(naive) < -1.5


def test_a_shock_that_hits_both_groups_is_no_effect_for_difference_in_differences():
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shared = ar1(rng, 100, 0.7) + 3.0 * (np.arange(100) >= 60)
        treated = 10 + shared + rng.normal(0, 0.3, 100) - 1.0 * (np.arange(100) >= 60)
        control = 12 + shared + rng.normal(0, 0.3, 100)
        estimate = evaluate(
            compare(
                Series.of(treated[:60]),
                Series.of(treated[60:], start=60),
                control_before=Series.of(control[:60]),
                control_after=Series.of(control[60:], start=60),
            ),
            confidence=0.95,
        )
        found.append(estimate.effect)
        assert (estimate.method, estimate.evidence_grade, estimate.verdict) == ("did", "A", "improved")
    assert np.mean(found) == pytest.approx(-1.0, abs=0.1)


def test_weekdays_do_not_pass_for_an_effect_where_the_weeks_are_not_whole():
    # Ten days after go-live that miss the good weekdays.
    before, _ = pair(2, weekdays=WEEKDAYS * 3, phi=0.0)
    rng = np.random.default_rng(9)
    positions = np.array([p for p in range(60, 100) if p % 7 in (0, 1, 2, 3)])
    after = Series(10 + rng.normal(size=positions.size) + 3 * WEEKDAYS[positions % 7], positions)
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    assert abs(estimate.naive_effect) > 1.0
    assert abs(estimate.effect) < 0.6


def test_the_difference_of_means_is_the_one_that_statsmodels_finds():
    before, after = pair(5, weekdays=WEEKDAYS)
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    t = np.arange(100)
    dummies = np.column_stack([t % 7 == d for d in range(1, 7)]).astype(float)
    x = np.column_stack([np.ones(100), t >= 60, dummies])
    oracle = sm.GLS(before.followed_by(after).values, x, sigma=correlation_matrix(estimate.phi, t)).fit()
    assert estimate.effect == pytest.approx(oracle.params[1], rel=1e-9)
    assert "variation_changed" not in estimate.notes
    assert estimate.standard_error == pytest.approx(oracle.bse[1], rel=1e-9)
    half = stats.t.ppf(0.975, estimate.df) * oracle.bse[1]
    assert (estimate.low, estimate.high) == pytest.approx((oracle.params[1] - half, oracle.params[1] + half))
    assert estimate.p_value == pytest.approx(2 * stats.t.sf(abs(oracle.params[1] / oracle.bse[1]), estimate.df))


def test_welch_is_the_one_of_scipy():
    before, after = pair(6, n_before=12, n_after=9)
    estimate = evaluate(compare(before, after, None), method="welch", confidence=0.9)
    oracle = stats.ttest_ind(after.values, before.values, equal_var=False)
    interval = oracle.confidence_interval(0.9)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))
    assert (estimate.p_value, estimate.df) == pytest.approx((oracle.pvalue, oracle.df))
    assert estimate.phi is None and "phi" in estimate.reasons


def test_the_effect_of_its_is_the_mean_distance_from_its_counterfactual():
    before, after = pair(7, slope=0.04, weekdays=WEEKDAYS, n_after=42)
    estimate = evaluate(compare(before, after), method="its", confidence=0.95)
    expected = estimate.counterfactual.at(after.positions)
    assert estimate.effect == pytest.approx(float((after.values - expected).mean()), abs=0.25)


def test_an_effect_is_not_measured_from_a_trend_that_nobody_would_carry_on():
    rng = np.random.default_rng(3)
    t = np.arange(160)
    values = 10 + 0.1 * t + 0.05 * rng.normal(size=160)
    before, after = Series.of(values[:40]), Series.of(values[40:], start=40)
    estimate = evaluate(compare(before, after), method="its", confidence=0.95)
    assert "trend_flattened" in estimate.notes
    # Up to interval 79 the trend goes on and the values follow it; from there on they leave a flat line.
    expected = np.mean(np.maximum(0, 0.1 * (t[40:] - 79)))
    assert estimate.effect == pytest.approx(expected, abs=0.3)


def test_a_missing_weekend_changes_the_estimate_but_little():
    before, after = pair(8, phi=0.5)
    whole = evaluate(compare(before, after), method="ar1", confidence=0.95)
    gone = [Series(s.values[s.positions % 7 < 5], s.positions[s.positions % 7 < 5]) for s in (before, after)]
    workdays = evaluate(compare(*gone), method="ar1", confidence=0.95)
    assert workdays.effect == pytest.approx(whole.effect, abs=0.5)
    assert workdays.phi == pytest.approx(whole.phi, abs=0.25)


# How sure -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ar1", "its"])
def test_the_interval_holds_the_planted_effect_about_95_times_in_100(method):
    held = [e.low <= -1.0 <= e.high for e in effects(method, seeds=150, phi=0.5, n_before=42, n_after=28)]
    assert 0.89 <= np.mean(held) <= 0.99


def skewed(rng, n):
    errors = rng.exponential(1, n + 50) - 1
    for i in range(1, errors.size):
        errors[i] += 0.4 * errors[i - 1]
    return errors[50:]


def longer_memory(rng, n):
    errors = rng.normal(size=n + 50)
    for i in range(2, errors.size):
        errors[i] += 0.4 * errors[i - 1] + 0.3 * errors[i - 2]
    return errors[50:]


def moving_average(rng, n):
    return np.convolve(rng.normal(size=n + 5), np.ones(6), "valid")


def twice_as_loud_after(rng, n):
    return rng.normal(size=n) * np.where(np.arange(n) < 40, 1.0, math.sqrt(2))


@pytest.mark.parametrize(
    ("errors", "least"), [(skewed, 0.91), (moving_average, 0.93), (longer_memory, 0.83), (twice_as_loud_after, 0.87)]
)
def test_in_worlds_that_the_model_does_not_describe_the_interval_holds_the_truth_as_often_as_is_known(errors, least):
    rng, held = np.random.default_rng(20261124), 0
    for _ in range(250):
        values = errors(rng, 60)
        estimate = evaluate(
            compare(Series.of(values[:40]), Series.of(values[40:], start=40), None), method="ar1", confidence=0.95
        )
        held += estimate.low <= 0 <= estimate.high
    assert least <= held / 250 <= 0.995


@pytest.mark.parametrize("phi", [0.4, 0.7])
def test_the_effect_beyond_a_trend_has_an_interval_that_holds_it_where_plain_ones_do_not(phi):
    rng, held, plain = np.random.default_rng(20261124), 0, 0
    for _ in range(200):
        values = ar1(rng, 36, phi)
        estimate = evaluate(
            compare(Series.of(values[:24]), Series.of(values[24:], start=24), None), method="its", confidence=0.95
        )
        held += estimate.low <= 0 <= estimate.high
        x = np.column_stack([np.ones(36), np.arange(36), np.arange(36) >= 24, np.maximum(np.arange(36) - 24, 0)])
        mean_effect = sm.OLS(values, x).fit().t_test([0, 0, 1, 5.5])
        plain += mean_effect.pvalue > 0.05
    assert 0.90 <= held / 200 <= 0.99
    assert plain / 200 < (0.88 if phi == 0.4 else 0.70)


def test_dependent_days_make_a_wider_interval_than_independent_ones():
    before, after = pair(3, phi=0.7)
    dependent = evaluate(compare(before, after), method="ar1", confidence=0.95)
    independent = evaluate(compare(before, after), method="welch", confidence=0.95)
    assert dependent.high - dependent.low > 1.3 * (independent.high - independent.low)


def test_where_the_variation_doubles_the_wider_interval_is_shown_and_said():
    before, after = pair(4, effect=0.0)
    after = Series((after.values - 10) * 4 + 10, after.positions)
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    assert "variation_changed" in estimate.notes


def test_the_monitoring_interval_is_wider_than_the_one_for_a_single_look():
    estimate = next(effects("ar1"))
    assert estimate.monitoring_low < estimate.low < estimate.high < estimate.monitoring_high


def test_monitoring_begins_with_fourteen_intervals_after_go_live():
    before, after = pair(n_before=14, n_after=8)
    estimate = evaluate(compare(before, after, WEEK), confidence=0.95)
    assert estimate.low is not None and estimate.monitoring_low is None
    assert "14" in estimate.reasons["monitoring_low"]


@pytest.mark.parametrize(
    ("direction", "effect", "verdict"),
    [
        ("decrease", -3.0, "improved"),
        ("decrease", 3.0, "worse"),
        ("increase", 3.0, "improved"),
        ("increase", -3.0, "worse"),
        ("increase", 0.0, "no_clear_change"),
    ],
)
def test_the_verdict_follows_the_interval_and_the_direction(direction, effect, verdict):
    before, after = pair(11, effect=effect)
    estimate = evaluate(compare(before, after, direction=direction), confidence=0.95)
    assert estimate.verdict == estimate.monitoring_verdict == verdict
    assert (estimate.improvement > 0) == (verdict == "improved") or verdict == "no_clear_change"


# As a share of the baseline -------------------------------------------------------------------------------------------


def test_an_improvement_is_a_share_of_the_baseline_and_positive_is_better():
    before, after = pair(12, effect=-1.5)
    estimate = evaluate(compare(before, after), confidence=0.95)
    assert estimate.improvement == pytest.approx(-estimate.effect / before.mean)
    assert estimate.improvement_low < estimate.improvement < estimate.improvement_high


def test_a_share_of_a_negative_baseline_keeps_the_sign_of_better():
    before, after = pair(13, effect=2.0, level=-10)
    estimate = evaluate(compare(before, after, direction="increase"), confidence=0.95)
    assert estimate.improvement_low > 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1.5, 1.5))
def test_the_interval_of_the_share_excludes_zero_exactly_where_that_of_the_effect_does(seed, effect):
    before, after = pair(seed, effect=effect)
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    assert (estimate.improvement_low <= 0 <= estimate.improvement_high) == (estimate.low <= 0 <= estimate.high)


def test_the_share_has_the_interval_of_fieller():
    # Independent values: Fieller's interval from two means, written out.
    before, after = pair(14, phi=0.0, level=6)
    e = evaluate(compare(before, after, None), method="welch", confidence=0.95)
    m0, m1 = before.mean, after.mean
    v0, v1 = before.values.var(ddof=1) / 60, after.values.var(ddof=1) / 40
    q2 = stats.t.ppf(0.975, e.df) ** 2
    # Roots of (m1 − R·m0)² = q²(v1 + R²·v0), R the ratio of the means.
    roots = np.sort(np.roots([m0**2 - q2 * v0, -2 * m0 * m1, m1**2 - q2 * v1]).real)
    assert (e.improvement_low, e.improvement_high) == pytest.approx((1 - roots[1], 1 - roots[0]))


def test_a_baseline_of_zero_gives_an_absolute_effect_only():
    after = Series.of(3 + np.random.default_rng(1).normal(size=40), start=60)
    errors = np.random.default_rng(2).normal(size=30)
    before = Series.of(np.concatenate([errors, -errors]))
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    assert estimate.effect is not None and estimate.improvement is None
    assert "zero" in estimate.reasons["improvement"]


def test_a_share_of_a_baseline_near_zero_has_no_bounds():
    before, after = pair(15, level=0.1)
    estimate = evaluate(compare(before, after), method="ar1", confidence=0.95)
    assert estimate.improvement is not None and estimate.improvement_low is None
    assert "near zero" in estimate.reasons["improvement_low"]


# The choice of the method ---------------------------------------------------------------------------------------------


def test_a_control_group_decides_for_difference_in_differences():
    assert choose_method(pair()[0], has_control=True, granularity=DAY).method == "did"


def test_a_trend_in_a_long_baseline_decides_for_an_interrupted_series():
    choice = choose_method(pair(slope=0.1)[0], has_control=False, granularity=DAY)
    assert choice.method == "its"
    assert choice.details["slope"] == pytest.approx(0.1, abs=0.05)


def test_a_trend_in_a_short_baseline_does_not_decide():
    assert choose_method(pair(slope=0.5, n_before=20)[0], has_control=False, granularity=WEEK).method == "ar1"


def test_weekdays_alone_are_no_trend():
    baseline = pair(4, weekdays=WEEKDAYS * 3)[0]
    assert choose_method(baseline, has_control=False, granularity=DAY).method == "ar1"


def test_a_baseline_without_trend_is_taken_for_one_in_about_a_tenth_of_all_cases():
    chosen = [choose_method(pair(s)[0], has_control=False, granularity=DAY).method for s in range(150)]
    assert 0.03 <= np.mean([c == "its" for c in chosen]) <= 0.17


def test_a_short_moving_baseline_is_said_to_move():
    before, after = pair(16, slope=0.4, n_before=20, n_after=10)
    assert "trend_in_baseline" in evaluate(compare(before, after, WEEK), confidence=0.95).notes


def test_the_frozen_method_counts_whatever_the_data_look_like_later():
    before, after = pair(slope=0.1)
    assert evaluate(compare(before, after), method="ar1", confidence=0.95).method == "ar1"


def test_groups_that_moved_apart_before_go_live_are_said_to():
    before, after = pair(17, slope=0.1)
    control_before, control_after = pair(18)
    estimate = evaluate(
        compare(before, after, control_before=control_before, control_after=control_after), confidence=0.95
    )
    assert "groups_not_parallel" in estimate.notes
    assert estimate.checks[0].status == "differs"
    assert estimate.checks[0].low > 0


def test_intervals_without_a_partner_in_the_other_group_are_left_out_and_said_to_be():
    before, after = pair(19)
    control_before, control_after = pair(20)
    control_after = Series(control_after.values[5:], control_after.positions[5:])
    estimate = evaluate(
        compare(before, after, control_before=control_before, control_after=control_after), confidence=0.95
    )
    assert estimate.n_after == 35
    assert "intervals_without_partner" in estimate.notes
    assert estimate.control_actual == pytest.approx(control_after.mean)


def test_a_transition_counts_neither_as_before_nor_as_after():
    before, after = pair(21, effect=-2.0)
    estimate = evaluate(compare(before, after, transition=(55, 70)), confidence=0.95)
    assert (estimate.n_before, estimate.n_after) == (55, 30)


# Too little, and nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granularity", "before", "after"), [(DAY, 28, 14), (WEEK, 12, 6), (MONTH, 12, 4), (QUARTER, 6, 3)]
)
def test_one_interval_fewer_than_needed_gives_no_effect_and_says_how_many_are_missing(granularity, before, after):
    series = pair(n_before=before, n_after=after)
    assert evaluate(compare(*series, granularity), method="ar1", confidence=0.95).effect is not None
    fewer = pair(n_before=before - 1, n_after=after - 1)
    estimate = evaluate(compare(*fewer, granularity), method="ar1", confidence=0.95)
    assert (estimate.missing_before, estimate.missing_after) == (1, 1)
    assert estimate.verdict == "not_enough_data"
    assert f"{before - 1} of {before}" in estimate.reasons["effect"]


def test_every_number_that_does_not_exist_has_its_reason():
    numbers = """
        baseline actual control_baseline control_actual naive_effect effect standard_error df phi
        low high p_value improvement improvement_low improvement_high monitoring_low monitoring_high
    """
    members = numbers.split()
    nothing = Series.of([])
    cases = [
        evaluate(compare(nothing, nothing), confidence=0.95),
        evaluate(compare(Series.of([1.0] * 30), Series.of([2.0] * 20, start=30)), confidence=0.95),
        evaluate(compare(*pair(n_before=13, n_after=7), WEEK), confidence=0.95),
        evaluate(compare(*pair(level=0.05), None), method="welch", confidence=0.95),
        evaluate(compare(*pair(), control_before=pair()[0]), confidence=0.95),
        declared_effect(nothing, value=3.5, direction="decrease"),
        declared_effect(Series.of([2.0]), value=0.0, direction="decrease"),
    ]
    for estimate in cases:
        missing = {member for member in members if getattr(estimate, member) is None}
        assert missing <= set(estimate.reasons)
        assert not set(estimate.reasons) & (set(members) - missing)
        assert all(estimate.reasons.values())


def test_values_that_never_vary_give_no_verdict():
    estimate = evaluate(compare(Series.of([1.0] * 30), Series.of([2.0] * 20, start=30)), confidence=0.95)
    assert estimate.effect is None and "do not vary" in estimate.reasons["effect"]
    assert estimate.naive_effect == 1.0


def test_few_quarters_give_an_interval_that_names_its_assumption():
    before, after = pair(n_before=6, n_after=3)
    estimate = evaluate(compare(before, after, QUARTER), confidence=0.95)
    assert {"few_intervals", "assumed_correlation"} <= set(estimate.notes)
    assert estimate.phi == 0.3


def test_a_declared_baseline_has_a_difference_but_no_interval_and_no_verdict():
    estimate = declared_effect(Series.of([2.2, 2.1]), value=3.5, direction="decrease", low=2.8, high=4.2)
    assert estimate.effect == pytest.approx(-1.35)
    assert estimate.improvement == pytest.approx(1.35 / 3.5)
    assert (estimate.evidence_grade, estimate.low, estimate.verdict) == ("D", None, "not_enough_data")
    assert estimate.details == {"declared_low": 2.8, "declared_high": 4.2}


def test_without_a_season_of_their_own_values_have_the_cycle_that_is_named():
    before, after = pair(22, weekdays=WEEKDAYS * 3, phi=0.0)
    blind = evaluate(compare(before, after, None), method="ar1", confidence=0.95)
    seeing = evaluate(compare(before, after, None, season_length=7), method="ar1", confidence=0.95)
    assert seeing.standard_error < blind.standard_error / 2


def test_every_note_is_one_that_pages_can_say():
    seen = {note for seed in range(30) for note in evaluate(compare(*pair(seed)), confidence=0.95).notes}
    assert seen <= set(NOTES)


@pytest.mark.parametrize(
    ("change", "method"),
    [
        ({"direction": "up"}, "auto"),
        ({}, "median"),
        ({}, "did"),
        ({"after": Series.of([1.0] * 20, start=10)}, "auto"),
    ],
)
def test_what_makes_no_sense_is_refused(change, method):
    before, after = pair()
    with pytest.raises(ValueError, match=r"direction|method|control|increase"):
        evaluate(Comparison(**{"before": before, "after": after, "direction": "increase"} | change), method=method,
                 confidence=0.95)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e150, 1e150), max_size=40),
    st.lists(st.floats(-1e150, 1e150), max_size=30),
    st.sampled_from(["auto", "ar1", "its", "welch"]),
    st.sampled_from([None, *Granularity]),
)
def test_any_finite_values_give_an_answer_with_finite_numbers(before, after, method, granularity):
    estimate = evaluate(
        compare(Series.of(before), Series.of(after, start=len(before)), granularity), method=method, confidence=0.95
    )
    for member in ("effect", "low", "high", "standard_error", "p_value", "improvement_low", "monitoring_high"):
        value = getattr(estimate, member)
        assert value is None or math.isfinite(value)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["ar1", "its", "welch"]),
    st.sampled_from([60.0, 0.001, -1.0]),
    st.floats(-50, 50),
)
def test_another_unit_scales_the_effect_and_a_mirrored_one_with_the_other_direction_says_the_same(
    seed, method, factor, shift
):
    sides = pair(seed, n_before=42, n_after=28)
    turned = [Series(side.values * factor + shift, side.positions) for side in sides]
    plain = evaluate(compare(*sides), method=method, confidence=0.95)
    other = evaluate(
        compare(*turned, direction="decrease" if factor > 0 else "increase"), method=method, confidence=0.95
    )
    assert (other.effect, other.standard_error) == pytest.approx(
        (plain.effect * factor, plain.standard_error * abs(factor)), rel=1e-6, abs=1e-9
    )
    assert sorted([other.low, other.high]) == pytest.approx(
        sorted([plain.low * factor, plain.high * factor]), rel=1e-6, abs=1e-9
    )
    assert (other.verdict, other.monitoring_verdict) == (plain.verdict, plain.monitoring_verdict)
    assert other.p_value == pytest.approx(plain.p_value, rel=1e-5, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([60.0, 0.001]))
def test_an_improvement_has_no_unit(seed, factor):
    sides = pair(seed)
    plain = evaluate(compare(*sides), method="ar1", confidence=0.95)
    scaled = evaluate(
        compare(*(Series(side.values * factor, side.positions) for side in sides)), method="ar1", confidence=0.95
    )
    assert (scaled.improvement, scaled.improvement_low, scaled.improvement_high) == pytest.approx(
        (plain.improvement, plain.improvement_low, plain.improvement_high), rel=1e-6
    )


def test_the_season_depends_on_the_length_of_the_baseline_alone():
    assert season_of(pair(n_before=27)[0], DAY).cycles == ()
    assert season_of(pair(n_before=28)[0], DAY).cycles == ((7, 1),)
    assert season_of(pair(n_before=24)[0], MONTH).waves == (12.0,)
    assert season_of(pair(n_before=23)[0], MONTH).waves == ()

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kpis.baselines import approving, declaring
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.rollups import series
from tests.db.evaluation.conftest import DAYS_BEFORE, FIRST, GO_LIVE, as_of, noise
from tests.factories import AnnotationFactory, ControllerFactory, InitiativeFactory, KpiFactory, ProductOwnerFactory

LIVE = 60
TOTAL = DAYS_BEFORE + LIVE
NOW = as_of(LIVE + 1)  # the last day is complete because its lateness is over
TEAMS = {"treated": {"team": "assistant"}, "control": {"team": "control"}}


def evaluated(kpi, now: datetime = NOW) -> Effect:
    [effect] = effects.evaluate_kpis([kpi.pk], now=now)
    return effect


def step(size: float, live: int = LIVE) -> np.ndarray:
    return np.concatenate([np.zeros(DAYS_BEFORE), np.full(live, size)])


# -- planted effects are found --------------------------------------------------------------------------------------


def test_a_planted_drop_is_found_by_the_difference_of_means(measured, approved, kpi):
    values = 14 + noise(TOTAL, seed=1) + step(-2.0)
    measured(kpi, values)
    approved(kpi)

    effect = evaluated(kpi)

    assert (effect.method, effect.evidence_grade, effect.verdict) == ("ar1", "C", "improved")
    assert effect.low < -2.0 < effect.high < 0
    assert effect.baseline_value == pytest.approx(values[:82].mean())
    assert effect.actual == pytest.approx(values[DAYS_BEFORE:].mean())
    assert effect.improvement == pytest.approx(-effect.effect / effect.baseline_value)
    assert (effect.n_before, effect.n_after) == (82, 60)


def test_a_planted_drop_is_found_against_the_continued_trend(measured, approved, kpi):
    trend = 14 - 0.03 * np.arange(TOTAL)
    measured(kpi, trend + noise(TOTAL, seed=2, sd=0.5) + step(-2.0))
    approved(kpi)

    effect = evaluated(kpi)

    assert (effect.method, effect.evidence_grade, effect.verdict) == ("its", "B", "improved")
    assert effect.low < -2.0 < effect.high


def test_a_trend_that_only_goes_on_is_no_effect(measured, approved, kpi):
    measured(kpi, 14 - 0.03 * np.arange(TOTAL) + noise(TOTAL, seed=3, sd=0.5))
    approved(kpi)

    effect = evaluated(kpi)

    assert effect.details["naive_effect"] < -1.5
    assert (effect.method, effect.verdict) == ("its", "no_clear_change")


def test_what_moves_both_groups_is_no_effect_of_the_initiative(measured, approved, kpi):
    shared = noise(TOTAL, seed=4) + step(-3.0)  # everybody got faster by 3
    measured(kpi, 14 + shared + noise(TOTAL, seed=5, sd=0.4) + step(-1.0), TEAMS["treated"])
    measured(kpi, 15 + shared + noise(TOTAL, seed=6, sd=0.4), TEAMS["control"])
    approved(kpi, **TEAMS)

    effect = evaluated(kpi)

    assert (effect.method, effect.evidence_grade, effect.verdict) == ("did", "A", "improved")
    assert effect.low < -1.0 < effect.high < 0
    assert effect.details["naive_effect"] == pytest.approx(effect.actual - effect.baseline_value)
    assert effect.details["naive_effect"] < -3.5


def test_where_more_is_better_a_rise_is_an_improvement_and_a_drop_is_worse(measured, approved):
    for size, verdict in ((4.0, "improved"), (-4.0, "worse")):
        kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE), direction="increase")
        measured(kpi, 60 + noise(TOTAL, seed=7) + step(size))
        approved(kpi)

        effect = evaluated(kpi)

        assert effect.verdict == verdict
        assert effect.improvement == pytest.approx(effect.effect / effect.baseline_value)


def test_series_without_effect_are_hardly_ever_called_changed_however_often_one_looks(measured, approved):
    """Twelve series, looked at on ten days each: one false alarm in all would already be more than expected."""
    alarms = 0
    for seed in range(12):
        kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE))
        measured(kpi, 14 + noise(TOTAL, seed=100 + seed))
        approved(kpi)
        looks = (effects.effect_as_of(kpi, as_of=as_of(days)) for days in range(15, 60, 5))
        alarms += any(look.verdict in ("improved", "worse") for look in looks)

    assert alarms <= 1


def test_the_verdict_of_a_page_is_that_of_the_interval_for_daily_looks(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=9) + step(-0.9))
    approved(kpi)

    effect = evaluated(kpi)

    assert effect.high < 0 < effect.monitoring_high
    assert effect.verdict == "no_clear_change"
    assert effect.details["verdict_by_interval"] == "improved"
    assert effect.reasons["verdict"].endswith("not clear yet.")


# -- which intervals are compared -----------------------------------------------------------------------------------


def test_the_day_that_is_not_over_is_never_compared(measured, approved, kpi):
    measured(kpi, 14 + noise(DAYS_BEFORE + 20, seed=1))
    approved(kpi)

    evening = as_of(19) + timedelta(hours=12)

    assert evaluated(kpi, evening).n_after == 19


def test_a_day_whose_data_may_still_come_is_not_compared_until_its_lateness_is_over(measured, approved, kpi):
    measured(kpi, 14 + noise(DAYS_BEFORE + 20, seed=1))
    approved(kpi)

    assert evaluated(kpi, as_of(20)).n_after == 19
    assert evaluated(kpi, as_of(21)).n_after == 20


def test_the_roll_out_before_go_live_and_after_the_window_is_left_out(measured, approved, kpi):
    values = 14 + noise(TOTAL, seed=1)
    values[82:DAYS_BEFORE] = 99.0
    measured(kpi, values)
    approved(kpi)

    effect = evaluated(kpi)

    assert effect.baseline_value == pytest.approx(values[:82].mean())
    assert effect.actual == pytest.approx(values[DAYS_BEFORE:].mean())


def test_weeks_that_began_before_go_live_are_not_compared(measured, approved):
    kpi = KpiFactory(initiative=InitiativeFactory(go_live_on=date(2026, 4, 1)), category="quality")
    measured(kpi, 14 + noise(TOTAL, seed=1))
    approved(kpi, window_end=date(2026, 3, 30), at=datetime(2026, 4, 2, tzinfo=UTC))

    effect = evaluated(kpi)

    assert (effect.n_before, effect.n_after) == (12, 7)


def test_only_the_treated_group_is_compared(measured, approved, kpi):
    values = 14 + noise(TOTAL, seed=1)
    measured(kpi, values, TEAMS["treated"])
    measured(kpi, np.full(TOTAL, 90.0), {"team": "elsewhere"})
    approved(kpi, treated=TEAMS["treated"])

    assert evaluated(kpi).actual == pytest.approx(values[DAYS_BEFORE:].mean())


def test_days_on_which_one_group_is_missing_are_left_out_and_that_is_noted(measured, approved, kpi):
    treated, control = 14 + noise(TOTAL, seed=1), list(15 + noise(TOTAL, seed=2))
    control[DAYS_BEFORE + 5] = None
    measured(kpi, treated, TEAMS["treated"])
    measured(kpi, control, TEAMS["control"])
    approved(kpi, **TEAMS)

    effect = evaluated(kpi)

    assert effect.n_after == 59
    assert "intervals_without_partner" in effect.notes


# -- an approved baseline does not move -----------------------------------------------------------------------------


def test_data_that_arrive_late_in_the_window_do_not_move_an_approved_baseline(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1) + step(-2.0))
    baseline = approved(kpi)
    before = evaluated(kpi)

    measured(kpi, [50.0], {"source": "archive"}, first=10)
    after = evaluated(kpi)

    assert after.baseline_value == pytest.approx(float(baseline.value))
    assert after.counterfactual["level"] == pytest.approx(before.counterfactual["level"])
    assert after.effect == pytest.approx(before.effect, abs=0.4)
    assert "baseline_data_changed" in after.notes
    assert "baseline_data_changed" not in before.notes


def test_the_method_stays_the_one_that_was_frozen_with_the_baseline(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    baseline = approved(kpi)

    measured(kpi, 14 - 0.2 * np.arange(80) + noise(80, seed=2))

    assert baseline.method_choice == "ar1"
    assert evaluated(kpi).method == "ar1"


# -- not enough data ------------------------------------------------------------------------------------------------


def test_too_few_days_after_go_live_give_no_number_that_looks_sure_and_say_when_there_are_enough(
    measured, approved, kpi
):
    measured(kpi, 14 + noise(DAYS_BEFORE + 10, seed=1) + step(-5.0, live=10))
    approved(kpi)

    effect = evaluated(kpi, as_of(10))

    assert effect.verdict == "not_enough_data"
    assert (effect.effect, effect.low, effect.improvement, effect.monitoring_low) == (None, None, None, None)
    assert effect.reasons["effect"] == (
        "Not enough data yet: 9 of 14 intervals since go-live. 5 more are needed, about until 2026-04-14."
    )
    assert (effect.details["missing_after"], effect.details["enough_about_on"]) == (5, "2026-04-14")


def test_where_every_other_day_has_no_value_it_takes_twice_as_long_until_there_are_enough(measured, approved, kpi):
    values = 14 + noise(DAYS_BEFORE + 10, seed=1)
    measured(kpi, [None if day > DAYS_BEFORE and (day - DAYS_BEFORE) % 2 else v for day, v in enumerate(values)])
    approved(kpi)

    effect = evaluated(kpi, as_of(10))

    # Five days in nine have a value: nine more of those take sixteen days and a bit.
    assert effect.reasons["effect"] == (
        "Not enough data yet: 5 of 14 intervals since go-live. 9 more are needed, about until 2026-04-26."
    )


def test_a_baseline_that_is_too_short_says_how_many_intervals_it_lacks(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    approved(kpi, window_start=date(2026, 3, 20), few_allowed=True)

    effect = evaluated(kpi)

    assert (effect.verdict, effect.effect) == ("not_enough_data", None)
    assert effect.reasons["effect"] == "Not enough data: the baseline holds 8 of the 28 intervals that a range needs."
    assert effect.counterfactual["level"] == pytest.approx(effect.baseline_value)


def test_without_an_approved_baseline_there_is_no_effect_but_the_values_since_go_live(measured, kpi):
    values = 14 + noise(TOTAL, seed=1)
    measured(kpi, values)

    effect = evaluated(kpi)

    assert (effect.verdict, effect.baseline, effect.effect) == ("not_enough_data", None, None)
    assert effect.reasons["effect"] == "There is no approved baseline yet."
    assert effect.actual == pytest.approx(values[DAYS_BEFORE:].mean())


def test_without_a_go_live_date_before_and_after_cannot_be_told_apart(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    approved(kpi)
    kpi.initiative.go_live_on = None
    kpi.initiative.save()

    assert evaluated(kpi).reasons["effect"].startswith("The initiative has no go-live date")


def test_before_go_live_nothing_is_compared(measured, approved, kpi):
    measured(kpi, 14 + noise(DAYS_BEFORE, seed=1))
    approved(kpi)

    assert evaluated(kpi, as_of(-1) + timedelta(hours=6)).reasons["effect"].startswith("The initiative is not live yet")


def test_values_that_do_not_vary_allow_no_interval(measured, approved, kpi):
    measured(kpi, np.concatenate([np.full(DAYS_BEFORE, 14.0), np.full(LIVE, 12.0)]))
    approved(kpi)

    effect = evaluated(kpi)

    assert (effect.effect, effect.low, effect.verdict) == (None, None, "not_enough_data")
    assert "do not vary" in effect.reasons["effect"]


def test_a_control_group_that_is_gone_leaves_nothing_to_compare_with(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1), TEAMS["treated"])
    measured(kpi, 15 + noise(TOTAL, seed=2), TEAMS["control"])
    approved(kpi, **TEAMS)
    kpi.series.get(labels=TEAMS["control"]).delete()

    assert evaluated(kpi).reasons["effect"].startswith("The control group of the baseline has no data")


# -- declared -------------------------------------------------------------------------------------------------------


def test_a_declared_baseline_gives_a_plain_difference_of_grade_d_without_interval_or_verdict(measured, kpi):
    values = 2.1 + noise(TOTAL, seed=1, sd=0.1)
    measured(kpi, values)
    draft = declaring.declare(kpi, value=Decimal("3.5"), source="Head of Legal", by=ProductOwnerFactory(), at=NOW)
    approving.approve(draft, by=ControllerFactory(), at=NOW)

    effect = evaluated(kpi)

    assert (effect.method, effect.evidence_grade, effect.verdict) == ("declared", "D", "not_enough_data")
    assert effect.effect == pytest.approx(values[DAYS_BEFORE:].mean() - 3.5)
    assert (effect.low, effect.high, effect.standard_error) == (None, None, None)
    assert effect.reasons["low"].startswith("The baseline was declared")


# -- what would have been -------------------------------------------------------------------------------------------


def points_of(kpi, where=None) -> list[series.IntervalPoint]:
    return series.interval_values(kpi, "day", as_of(0), as_of(10), where=where, now=NOW)


def test_the_counterfactual_of_a_difference_of_means_is_the_baseline(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    baseline = approved(kpi)

    found = effects.counterfactuals(evaluated(kpi), points_of(kpi))

    assert found == pytest.approx(np.full(len(points_of(kpi)), float(baseline.value)))


def test_the_counterfactual_of_a_treated_group_is_the_control_group_plus_the_old_gap(measured, approved, kpi):
    treated, control = 14 + noise(TOTAL, seed=1), 15 + noise(TOTAL, seed=2)
    measured(kpi, treated, TEAMS["treated"])
    measured(kpi, control, TEAMS["control"])
    approved(kpi, **TEAMS)

    points, others = points_of(kpi, TEAMS["treated"]), points_of(kpi, TEAMS["control"])
    found = effects.counterfactuals(evaluated(kpi), points, [*others[:4], None, *others[5:]])

    gap = treated[:82].mean() - control[:82].mean()
    expected = control[DAYS_BEFORE : DAYS_BEFORE + len(points)] + gap
    assert np.flatnonzero(np.isnan(found)).tolist() == [4]
    assert np.delete(found, 4) == pytest.approx(np.delete(expected, 4))


def test_without_a_baseline_no_counterfactual_can_be_said(measured, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))

    assert np.isnan(effects.counterfactuals(evaluated(kpi), points_of(kpi))).all()


# -- what else changed ----------------------------------------------------------------------------------------------


def test_other_changes_near_go_live_are_named_as_rivals(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    approved(kpi)
    of_it = {"initiative": kpi.initiative}
    AnnotationFactory(**of_it, kind="reorganisation", on=date(2026, 4, 13), text="Teams reorganised")
    AnnotationFactory(**of_it, kind="price_change", on=date(2025, 12, 1), text="Long before")
    AnnotationFactory(**of_it, kind="go_live", on=GO_LIVE, text="Go-live")
    AnnotationFactory(kind="other", on=GO_LIVE, text="Of another initiative")

    assert evaluated(kpi).details["rivals"] == [
        {"on": "2026-04-13", "kind": "reorganisation", "text": "Teams reorganised"}
    ]


# -- as of, again, many ---------------------------------------------------------------------------------------------


def test_as_of_an_earlier_day_only_the_intervals_up_to_then_count_and_nothing_is_stored(measured, approved, kpi):
    values = 14 + noise(TOTAL, seed=1) + step(-2.0)
    measured(kpi, values)
    approved(kpi)

    effect = effects.effect_as_of(kpi, as_of=as_of(30))

    assert effect.actual == pytest.approx(values[DAYS_BEFORE : DAYS_BEFORE + 30].mean())
    assert not Effect.objects.exists()


def test_as_of_a_day_before_the_approval_there_is_no_baseline(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1))
    approved(kpi)

    assert effects.effect_as_of(kpi, as_of=datetime(2026, 3, 29, tzinfo=UTC)).baseline is None


def test_evaluating_again_changes_nothing(measured, approved, kpi):
    measured(kpi, 14 + noise(TOTAL, seed=1) + step(-2.0))
    approved(kpi)
    evaluated(kpi)
    before = Effect.objects.values().get()

    evaluated(kpi)

    assert Effect.objects.values().get() == before


def test_many_kpis_are_evaluated_with_the_same_number_of_queries(measured, approved, django_assert_max_num_queries):
    kpis = [KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE)) for _ in range(4)]
    for seed, kpi in enumerate(kpis):
        measured(kpi, 14 + noise(TOTAL, seed=seed))
        approved(kpi)

    with django_assert_max_num_queries(10):
        effects.evaluate_kpis([kpi.pk for kpi in kpis], now=NOW)


def test_the_window_of_the_fixture_is_what_these_tests_say():
    assert (FIRST.weekday(), DAYS_BEFORE) == (0, 84)

"""A KPI beside the figures of its metrics, from measurements to the sentence."""

from __future__ import annotations

import pytest

from kpis.definitions.models import Kpi
from kpis.evaluation import effects
from kpis.evaluation.returns import PAYBACK, ROI, Return, returns_beside
from kpis.evaluation.standings import foremost, standings_of, standings_of_initiatives
from tests.db.evaluation.conftest import DAYS_BEFORE, as_of, noise
from tests.factories import (
    BaselineFactory,
    BenchmarkFactory,
    ComparisonFactory,
    EffectFactory,
    KpiFactory,
)

LIVE = 60
NOW = as_of(LIVE)
LEVELS = {"kind": "level", "metric": "handling_time", "unit": "min", "direction": "decrease"}


def values(size=-3.0):
    found = 14 + noise(DAYS_BEFORE + LIVE, seed=1)
    found[DAYS_BEFORE:] += size
    return found


def standing(kpi):
    (found,) = standings_of([Kpi.objects.select_related("initiative").get(pk=kpi.pk)], now=NOW)[kpi.pk]
    return found


def test_time_saved_is_compared_as_more_each_hour(kpi, measured, approved):
    """An effect x of less time for each is 1/(1 − x) − 1 more of them an hour; its interval is turned alike."""
    measured(kpi, values())
    approved(kpi)
    (effect,) = effects.evaluate_kpis([kpi.pk], now=NOW)
    BenchmarkFactory()
    ComparisonFactory(kpi=kpi)
    (position,) = standing(kpi).positions
    x, low, high = effect.improvement, effect.improvement_low, effect.improvement_high
    assert position.value == pytest.approx(x / (1 - x))
    assert (position.low, position.high) == (pytest.approx(low / (1 - low)), pytest.approx(high / (1 - high)))
    assert position.position == "above"


def test_a_level_is_the_mean_of_late_with_an_interval_and_only_since_go_live(kpi, measured, approved):
    row = values()
    measured(kpi, row)
    approved(kpi)
    effects.evaluate_kpis([kpi.pk], now=NOW)
    BenchmarkFactory(**LEVELS, statistic={"type": "median", "value": 12.5})
    ComparisonFactory(kpi=kpi, metric="handling_time", reading="level")
    (position,) = standing(kpi).positions
    complete = row[: DAYS_BEFORE + LIVE - 1]  # the newest day may still change
    assert position.value == pytest.approx(complete[-28:].mean(), abs=0.15)
    assert position.low < position.value < position.high < 12.5
    assert position.position == "ahead"


def test_a_level_whose_interval_covers_the_figure_is_level_with_it(kpi, measured, approved):
    row = values()
    measured(kpi, row)
    approved(kpi)
    effects.evaluate_kpis([kpi.pk], now=NOW)
    BenchmarkFactory(**LEVELS, statistic={"type": "median", "value": float(row[-29:-1].mean())})
    ComparisonFactory(kpi=kpi, metric="handling_time", reading="level")
    assert standing(kpi).best.position == "level"


def test_before_there_is_an_effect_it_is_too_early_and_the_figures_are_only_quoted(kpi):
    BenchmarkFactory()
    ComparisonFactory(kpi=kpi)
    found = standing(kpi)
    assert (found.reason, found.best, found.own) == ("too_early", None, None)
    assert [p.reason for p in found.positions] == ["not_compared"]


def test_a_declared_baseline_proves_no_change_to_compare(kpi):
    BenchmarkFactory()
    ComparisonFactory(kpi=kpi)
    declared = BaselineFactory(kpi=kpi, approved=True, declared=True)
    EffectFactory(kpi=kpi, baseline=declared, improvement=0.3, low=None, high=None,
                  improvement_low=None, improvement_high=None)  # fmt: skip
    assert standing(kpi).reason == "only_declared"


def test_a_metric_without_any_figure_says_so(kpi):
    ComparisonFactory(kpi=kpi, metric="scrap_rate", reading="level")
    assert (standing(kpi).reason, standing(kpi).positions) == ("no_figure", ())


def test_where_only_context_is_published_nobody_is_ranked(kpi, measured):
    measured(kpi, values())
    BenchmarkFactory(**LEVELS | {"unit": "min"}, statistic={"type": "tiers", "groups": [{"name": "x", "value": 3}]})
    ComparisonFactory(kpi=kpi, metric="handling_time", reading="level")
    assert (standing(kpi).reason, standing(kpi).best) == ("not_ranked", None)


def test_a_kpi_without_a_chosen_metric_is_absent(kpi):
    assert standings_of([kpi], now=NOW) == {}


def test_of_an_initiative_the_best_proved_position_is_told_first(kpi):
    for grade, metric in (("C", "worse_proved"), ("A", "better_proved")):
        other = KpiFactory(initiative=kpi.initiative)
        BenchmarkFactory(metric=metric, evidence_grade=grade, members={"peer_reviewed": True})
        ComparisonFactory(kpi=other, metric=metric)
        EffectFactory(kpi=other, improvement=0.2, improvement_low=0.1, improvement_high=0.3)
    found = standings_of_initiatives([kpi.initiative], now=NOW)[kpi.initiative_id]
    assert foremost(found)[0].metric == "better_proved"


def test_twenty_kpis_take_as_many_queries_as_two(kpi, django_assert_max_num_queries):
    def chosen(count):
        for _ in range(count):
            other = KpiFactory(initiative=kpi.initiative)
            BenchmarkFactory()
            ComparisonFactory(kpi=other)
            ComparisonFactory(kpi=other, metric="handling_time", reading="level")
            EffectFactory(kpi=other, improvement=0.2, improvement_low=0.1, improvement_high=0.3)

    BenchmarkFactory(**LEVELS, statistic={"type": "median", "value": 12.5})
    chosen(20)
    with django_assert_max_num_queries(12):
        assert len(standings_of_initiatives([kpi.initiative], now=NOW)[kpi.initiative_id]) == 40


def test_returns_stand_beside_published_returns_and_another_horizon_is_said():
    BenchmarkFactory(metric=ROI, kind="level", statistic={"type": "mean", "value": 0.059},
                     members={"function_code": "whole_firm", "horizon_months": None})  # fmt: skip
    BenchmarkFactory(metric=PAYBACK, kind="level", unit="mo", direction="decrease",
                     statistic={"type": "range", "low": 24, "high": 48})  # fmt: skip
    found = returns_beside(Return(0.222, 0.11, 0.31, months=14, payback_months=11), now=NOW)
    assert (found[ROI][0].position, found[PAYBACK][0].position) == ("ahead", "ahead")
    assert "horizon" in {mismatch.code for mismatch in found[ROI][0].mismatches}


def test_a_booked_return_outside_its_draws_has_no_range_beside_it():
    BenchmarkFactory(metric=ROI, kind="level", statistic={"type": "mean", "value": 0.059})
    found = returns_beside(Return(0.5, 0.1, 0.3, months=14), now=NOW)
    assert (found[ROI][0].low, found[ROI][0].position) == (None, "ahead")

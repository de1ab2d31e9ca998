"""What is said of a position: never a percentile with decimals, never more than the figure allows."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from kpis.wording import benchmarks
from kpis.wording.positions import PositionFacts, figure_text, mismatch, published_text, sentence, short, why_not

EFFECT = {"method": "effect_comparison", "unit": "1", "is_effect": True, "point": 0.15}
POINT = {"method": "ahead_behind", "unit": "1", "is_effect": False, "point": 0.70}
PERCENTILE = {"method": "percentile", "unit": "h", "is_effect": False}


@pytest.fixture(autouse=True)
def english():
    with override("en"):
        yield


def facts(position, value, more, **others):
    return PositionFacts(position=position, value=value, **(more | others))


def test_an_effect_is_above_within_or_below_the_published_one():
    told = facts("above", 0.189, EFFECT, low=0.173, high=0.205)
    assert sentence(told) == "Above the published effect: +15.0% lies outside your range (+17.3% to +20.5%)."
    told = facts("within", 0.16, EFFECT, low=0.1, high=0.22)
    assert sentence(told).startswith("Not distinguishable from the published effect of +15.0%")
    told = facts("below", -0.02, EFFECT, low=-0.04, high=0.0)
    assert sentence(told).startswith("Below the published effect")


def test_without_a_range_of_ones_own_that_is_said():
    assert "how sure your own is, cannot be said" in sentence(facts("below", 0.08, EFFECT))


def test_ahead_and_behind_say_by_how_much_and_shares_differ_in_points():
    told = facts("ahead", 0.76, POINT, low=0.75, high=0.77, difference=0.06)
    assert sentence(told).replace("\u00a0", " ") == "Ahead of the published 70.0% by 6.0 points."
    told = facts("behind", 0.64, POINT, difference=-0.06)
    assert sentence(told).replace("\u00a0", " ") == "Behind the published 70.0% by 6.0 points."


def test_what_the_own_range_covers_is_not_distinguishable():
    told = facts("level", 0.705, POINT, low=0.695, high=0.715)
    assert sentence(told) == "Not distinguishable from the published 70.0%; your range is 69.5% to 71.5%."
    assert sentence(facts("level", 0.7, POINT)) == "Level with the published 70.0%."


def test_a_percentile_is_a_whole_number_and_about():
    told = facts("ahead", 40.0, PERCENTILE, percentile=0.62, exactness="interpolated")
    assert sentence(told) == "Better than about 62%."
    told = facts("ahead", 40.0, PERCENTILE, percentile=0.62, bounds=(0.55, 0.7), exactness="interpolated")
    assert sentence(told) == "Better than about 62%. With your range: between 55% and 70%."


def test_coarse_and_approximate_percentiles_are_marked():
    assert "coarsely" in sentence(facts("ahead", 4.0, PERCENTILE, percentile=0.62, exactness="coarse"))
    told = facts("ahead", 4.0, PERCENTILE | {"method": "percentile_approx"}, percentile=0.62, exactness="approximate")
    assert "roughly 62%" in sentence(told)


def test_outside_the_published_quantiles_only_the_end_of_the_field_is_named():
    told = facts("best", 1.0, PERCENTILE, bounds=(0.9, 1.0), exactness="bound")
    assert sentence(told).startswith("Among the best 10%")
    told = facts("worst", 90.0, PERCENTILE, bounds=(0.0, 0.25), exactness="bound")
    assert sentence(told).startswith("Among the last 25%")


@pytest.mark.parametrize(
    ("p", "more_is_better", "position", "said"),
    [
        (0.95, True, "behind", "Not among the best 5%, which begin at 80.0%."),
        (0.95, True, "best", "Among the best 5%, which begin at 80.0%."),
        (0.10, False, "best", "Among the best 10%, which begin at 80.0%."),
        (0.10, True, "worst", "Among the last 10%, which end at 80.0%."),
        (0.10, True, "ahead", "Not among the last 10%, which end at 80.0%."),
    ],
)
def test_one_quantile_is_the_border_of_the_best_or_of_the_last(p, more_is_better, position, said):
    bound = {"method": "bound", "unit": "1", "is_effect": False, "quantile": (p, 0.8)}
    assert sentence(facts(position, 0.7, bound, more_is_better=more_is_better)) == said


def test_beside_a_range_above_and_below_are_meant_by_size():
    reach = {"method": "range", "unit": "mo", "is_effect": False, "ends": (24.0, 48.0), "more_is_better": False}
    assert sentence(facts("ahead", 12.0, reach)).startswith("Below the published range of 24 months to 48 months")
    assert sentence(facts("behind", 60.0, reach)).startswith("Above the published range")
    assert sentence(facts("level", 30.0, reach)).startswith("Inside the published range")


@pytest.mark.parametrize("reason", ["context", "tier", "no_group", "kind", "unit", "not_compared"])
def test_where_nobody_is_ranked_no_word_of_rank_is_said(reason):
    told = facts("", None, POINT | {"method": reason}, reason=reason, groups=(("retail", 0.78),))
    assert not {"ahead", "behind", "better", "above", "below"} & set(sentence(told).lower().replace(".", "").split())


def test_a_cell_says_the_word_and_the_own_figure():
    assert short(facts("above", 0.189, EFFECT)) == "ahead: +18.9%"
    assert short(facts("below", 8.0, EFFECT | {"unit": "min"})).replace("\u00a0", " ") == "behind: +8.00 min"


def test_figures_have_their_unit_and_effects_their_sign():
    assert figure_text(0.15, "1", signed=True) == "+15.0%"
    assert figure_text(-0.19, "pp", signed=True).replace("\u00a0", " ") == "−19.0 points"
    assert figure_text(3.7, "×").replace("\u00a0", " ") == "3.70 ×"
    assert figure_text(24, "mo") == "24 months"
    assert published_text(facts("", None, POINT | {"point": None}, groups=(("retail", 0.78),))) == "retail 78.0%"


def test_each_difference_is_said_in_words():
    assert mismatch("industry", "manufacturing", "healthcare") == "another industry: healthcare"
    assert mismatch("age", "", "2013") == "old benchmark, data of 2013"
    assert mismatch("horizon", "14", "36") == "over 36 months; yours is over 14 months"
    assert "not published" in mismatch("horizon", "14", "")
    assert mismatch("industry", "", "wood_working") == "another industry: wood working"


def test_why_nothing_can_be_said():
    assert why_not("no_figure", searched=142) == "No published figure matches; 142 were searched."
    assert why_not("too_early", detail="Not enough data yet: 9 of 14.") == "Not enough data yet: 9 of 14."
    assert why_not("no_metric")
    assert why_not("only_declared")


def test_every_word_of_the_catalogue_has_a_name_in_both_languages():
    import json

    from kpis.benchmarks.catalogue import CATALOGUE

    entries = json.loads(CATALOGUE.read_text(encoding="utf-8"))["entries"]
    tables = {
        "metric": benchmarks.METRICS,
        "industry_code": benchmarks.INDUSTRIES,
        "function_code": benchmarks.FUNCTIONS,
        "technology_code": benchmarks.TECHNOLOGIES,
        "method": benchmarks.METHODS,
        "evidence_grade": benchmarks.GRADES,
        "verification": benchmarks.VERIFICATIONS,
        "position_method": benchmarks.MAY_SAY,
    }
    for member, words in tables.items():
        assert {entry[member] for entry in entries} <= words.keys(), member


def test_in_german_the_sentences_are_german():
    with override("de"):
        told = facts("ahead", 0.76, POINT, difference=0.06)
        assert sentence(told).startswith("Vor dem veröffentlichten Wert")
        assert mismatch("age", "", "2013").startswith("alter Vergleichswert")
        assert benchmarks.metric_name("first_contact_resolution") == "Erstlösungsquote"

"""What may be said beside each kind of published figure, on entries of the catalogue itself. Figures by hand."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kpis.benchmarks.catalogue import CATALOGUE, row_of
from kpis.benchmarks.matching import Ours
from kpis.benchmarks.published import published
from kpis.evaluation.positions import Figure, best_of, position_beside

ENTRIES = {e["id"]: published(row_of(e)) for e in json.loads(CATALOGUE.read_text(encoding="utf-8"))["entries"]}
ON = date(2026, 11, 24)
SERVICE = Ours("manufacturing", "customer_service", "genai_assistant", "Europe")


def beside(
    name, value, low=None, high=None, *, unit="%", direction="increase", reading="level", ours=SERVICE, factor=1.0
):
    return position_beside(ENTRIES[name], Figure(value, low, high, unit, direction, reading, factor), ours, on=ON)


def codes(position):
    return {mismatch.code for mismatch in position.mismatches}


def test_an_effect_stands_beside_an_effect_and_claims_no_percentile():
    found = beside("blr-issues-per-hour", 0.189, 0.173, 0.205, unit="1", direction="decrease", reading="rate_change")
    assert (found.position, found.percentile, found.exactness) == ("above", None, "none")
    assert found.difference == pytest.approx(0.039)
    assert "derived" in codes(found)


def test_an_effect_whose_interval_covers_the_published_one_is_within_it():
    found = beside("blr-issues-per-hour", 0.16, 0.10, 0.22, unit="1", direction="decrease", reading="rate_change")
    assert found.position == "within"


def test_where_less_is_better_a_larger_fall_is_above_the_published_effect():
    """METR 2025: +19 % time, 2 to 39; ours −16 %, −17 to −15."""
    found = beside("metr-2025-time", -0.16, -0.17, -0.15, unit="1", direction="decrease", reading="change")
    assert found.position == "above"
    assert found.difference == pytest.approx(-0.35)
    assert (
        beside("noy-zhang-time", -0.16, -0.17, -0.15, unit="1", direction="decrease", reading="change").position
        == "below"
    )


def test_a_single_figure_allows_ahead_behind_and_level():
    assert beside("sqm-fcr-average", 72.0, 71.0, 73.0).position == "ahead"
    assert beside("sqm-fcr-average", 66.0, 65.0, 67.0).position == "behind"
    level = beside("sqm-fcr-average", 70.5, 69.5, 71.5)
    assert (level.position, level.percentile) == ("level", None)
    assert level.value == pytest.approx(0.705)
    assert level.difference == pytest.approx(0.005)


def test_one_published_quantile_tells_the_side_and_no_percentile():
    found = beside("sqm-fcr-world-class", 72.0, 71.0, 73.0)
    assert (found.position, found.percentile, found.exactness) == ("behind", None, "bound")


def test_among_quantiles_the_percentile_is_interpolated_by_hand():
    """LinearB's cycle time in hours: half way between two quantiles lies half way between their shares."""
    figure = ENTRIES["linearb-cycle-time"]
    (p, low), (q, high) = figure.statistic.quantiles[:2]
    found = beside("linearb-cycle-time", (low + high) / 2 * 60, unit="min", direction="decrease")
    assert found.percentile == pytest.approx(1 - (p + q) / 2, abs=0.006)
    assert found.value == pytest.approx((low + high) / 2)


def test_outside_the_published_quantiles_nothing_is_extrapolated():
    figure = ENTRIES["linearb-cycle-time"]
    found = beside("linearb-cycle-time", figure.statistic.quantiles[0][1] / 2, unit="h", direction="decrease")
    assert (found.position, found.percentile) == ("best", None)


def test_from_mean_and_standard_deviation_the_percentile_is_marked_approximate():
    """z = 1 in a normal distribution: 84 %."""
    found = beside("sus-mean-sd", 80.5, unit="{score}")
    assert (round(found.percentile, 2), found.exactness) == (0.84, "approximate")


def test_beside_a_range_one_is_inside_or_on_one_side():
    at = {"unit": "1", "direction": "decrease", "reading": "rate_change"}
    assert beside("schwarcz-legal", 0.8, **at).position == "level"
    assert beside("schwarcz-legal", 1.6, **at).position == "ahead"
    assert beside("schwarcz-legal", 0.1, **at).position == "behind"


@pytest.mark.parametrize("name", [n for n, f in ENTRIES.items() if f.position_method in ("context", "tier")])
def test_a_share_of_a_population_and_a_tier_rank_nobody(name):
    figure = ENTRIES[name]
    found = beside(name, 1.0, unit=figure.unit, direction=figure.direction)
    assert (found.position, found.percentile, found.bounds) == ("", None, None)
    assert found.reason == figure.position_method


def test_a_tier_is_named_where_tiers_are_steps_of_one_scale_and_only_there():
    assert beside("dora-2024-lead-time", 36.0, unit="h", direction="decrease").group.startswith("high")
    assert beside("dora-2024-cfr", 12.0, direction="decrease").group == ""


def test_of_figures_by_group_only_the_own_group_is_a_measure():
    assert beside("sqm-fcr-by-industry", 79.0).reason == "no_group"
    found = beside("sqm-fcr-by-industry", 79.0, ours=Ours(industry="retail", function="customer_service"))
    assert (found.position, found.group) == ("ahead", "retail")


def test_a_level_is_never_compared_with_an_effect_nor_an_effect_with_a_level():
    found = beside("sqm-fcr-average", 0.05, unit="1", reading="change")
    assert (found.position, found.reason) == ("", "kind")


def test_what_is_better_in_opposite_directions_is_not_compared():
    assert beside("sqm-fcr-average", 20.0, direction="decrease").reason == "direction"


def test_money_of_another_currency_is_not_compared_unless_somebody_states_the_rate():
    assert beside("gartner-2019-contact-cost", 7.0, unit="EUR", direction="decrease").reason == "unit"
    stated = beside("apqc-cost-per-hire-2006", 1000.0, unit="EUR", direction="decrease", factor=1.26)
    assert stated.value == pytest.approx(1260.0)
    assert "unit" in codes(stated)


def test_counted_things_do_not_keep_minutes_from_being_hours_but_are_said():
    found = beside("linearb-cycle-time", 600.0, unit="min/{change}", direction="decrease")
    assert found.value == pytest.approx(10.0)
    assert "unit" in codes(found)


def test_each_difference_between_their_world_and_ours_is_said():
    found = beside("blr-issues-per-hour", 0.189, unit="1", direction="decrease", reading="rate_change")
    assert codes(found) == {"industry", "region", "derived"}
    assert "age" in codes(beside("zendesk-2013-csat", 81.0))
    assert codes(beside("zendesk-2013-csat", 81.0)) == {"age"}
    assert codes(beside("hdi-2015-fcr", 70.0)) == {"function", "age"}
    assert "population" in codes(beside("tei-m365-2025-roi", 22.2))


def test_an_roi_over_another_horizon_says_so():
    ours = Ours(horizon_months=14.0)
    assert "horizon" in codes(beside("tei-m365-2025-roi", 22.2, ours=ours))
    assert "horizon" in codes(beside("ibm-ibv-enterprise-roi", 22.2, ours=ours))
    assert "horizon" not in codes(beside("tei-m365-2025-roi", 22.2, ours=Ours(horizon_months=36.0)))


def test_the_one_position_to_tell_is_young_of_the_own_function_and_of_the_best_grade():
    fitting = [beside(name, 71.6, 70.8, 72.4) for name in ("hdi-2015-fcr", "sqm-fcr-world-class", "sqm-fcr-average")]
    assert best_of(fitting).benchmark.slug == "sqm-fcr-average"
    assert best_of([beside("sqm-fcr-by-industry", 79.0)]) is None


@pytest.mark.parametrize("name", sorted(ENTRIES))
@pytest.mark.parametrize("value", [0.0, -3.0, 0.2, 1e6])
def test_no_entry_of_the_catalogue_and_no_value_makes_a_position_fail(name, value):
    figure = ENTRIES[name]
    for reading in ("level", "change", "rate_change"):
        for direction in ("increase", "decrease"):
            found = beside(name, value, value - 1, value + 1, unit=figure.unit, direction=direction, reading=reading)
            assert found.position or found.reason
            assert found.percentile is None or figure.position_method in ("percentile", "percentile_approx")

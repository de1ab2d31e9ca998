"""Bars start at zero and add up: evidence, waterfall, tornado, and the forest plot beside them."""

from __future__ import annotations

import re
from decimal import Decimal as D

import pytest

from kpis.figures.evidence import evidence_bar
from kpis.figures.forest import Estimate, shared_span, whisker
from kpis.figures.tornado import Swing, tornado_cells
from kpis.figures.waterfall import Step, waterfall_cells


def bars(svg: str) -> list[tuple[str, float, float]]:
    """(class, left, right) of each bar."""
    found = re.findall(r'<rect class="([^"]+)" x="([\d.-]+)" y="[\d.-]+" width="([\d.]+)"', svg)
    return [(css, float(x), float(x) + float(width)) for css, x, width in found]


def zero(svg: str) -> float:
    return float(re.search(r'<line class="zero" x1="([\d.]+)"', svg)[1])  # type: ignore[index]


def test_a_grade_that_destroyed_value_stands_left_of_zero():
    svg = evidence_bar({"A": D(90), "B": D(-10), "D": D(20)}, width=122)
    drawn = {css: (left, right) for css, left, right in bars(svg)}
    assert drawn["grade-b destroyed"][1] <= zero(svg)
    assert drawn["grade-a"][0] >= zero(svg)


def test_the_bar_never_leaves_its_drawing():
    for amounts in ({"A": D(90), "B": D(-400)}, {"B": D(-10)}, {"A": D(1), "D": D(10**9)}):
        assert all(0 <= left <= right <= 122 for _, left, right in bars(evidence_bar(amounts, width=122)))


def test_the_lengths_of_the_grades_are_in_proportion():
    svg = evidence_bar({"A": D(60), "C": D(30)}, width=182)
    lengths = {css: right - left for css, left, right in bars(svg)}
    assert (lengths["grade-a"] + 1.5) / (lengths["grade-c"] + 1.5) == pytest.approx(2, rel=0.01)


def test_nothing_booked_yet_is_an_empty_bar():
    assert bars(evidence_bar({}, width=100)) == []


def test_a_waterfall_begins_each_bar_where_the_one_above_ended():
    steps = [Step(D(100), "benefit"), Step(D(50), "freed"), Step(D(150), "total"), Step(D(-60), "cost")]
    (_, _, a_end), (_, b_start, b_end), (_, t_start, t_end), (_, c_start, c_end) = (
        bars(cell)[0] for cell in waterfall_cells(steps)
    )
    assert a_end == pytest.approx(b_start, abs=0.2)
    assert (t_start, t_end) == (pytest.approx(zero(waterfall_cells(steps)[0])), pytest.approx(b_end, abs=0.2))
    assert c_end == pytest.approx(b_end, abs=0.2)
    assert c_start < c_end


def test_a_waterfall_refuses_a_total_that_is_not_the_sum():
    with pytest.raises(ValueError, match="rows that add up to 100"):
        waterfall_cells([Step(D(100), "benefit"), Step(D(99), "total")])


def test_a_benefit_that_destroyed_value_is_marked():
    assert "bar-destroyed" in waterfall_cells([Step(D(-5), "benefit")])[0]


def test_the_rows_of_a_tornado_share_one_scale_and_the_likely_net():
    cells = tornado_cells([Swing(80, 120), Swing(95, 104)], likely=100)
    likely = {re.search(r'class="likely" x1="([\d.]+)"', cell)[1] for cell in cells}  # type: ignore[index]
    assert len(likely) == 1


def test_an_assumption_whose_low_end_is_the_better_one_is_drawn_on_the_other_side():
    (low, _, low_end), (high, high_start, _) = bars(tornado_cells([Swing(120, 90)], likely=100)[0])
    assert (low, high) == ("bar-low", "bar-high")
    assert high_start < low_end


def test_a_tornado_near_zero_shows_zero():
    assert 'class="zero"' in tornado_cells([Swing(5, 90)], likely=40)[0]
    assert 'class="zero"' not in tornado_cells([Swing(900, 1000)], likely=950)[0]


def test_all_rows_of_a_forest_plot_draw_zero_at_one_place():
    rows = [Estimate(300, 260, 340), Estimate(-160, -170, -150), None]
    span = shared_span([row for row in rows if row])
    assert len({zero(whisker(row, span=span)) for row in rows}) == 1


def test_what_cannot_be_proved_is_a_hollow_point():
    assert "dot hollow" in whisker(Estimate(3, -1, 7, proved=False), span=(-10, 10))


def test_an_estimate_without_a_range_has_a_point_and_no_whisker():
    svg = whisker(Estimate(3, None, None), span=(-10, 10))
    assert 'class="range"' not in svg
    assert svg.count("<circle") == 1

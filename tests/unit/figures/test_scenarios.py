"""Scenarios begin at zero on one scale, and each kind has a form of its own."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from kpis.figures.scenarios import Outlook, scenario_cells
from kpis.figures.waterfall import Step, waterfall_cells

D = Decimal


def width(cell):
    xs = [float(x) for x in re.findall(r"[ML]([\d.]+),", cell)]
    return max(xs) - min(xs)


def test_bars_are_as_long_as_their_nets_on_one_scale():
    plan, forecast = scenario_cells([Outlook(D(200), "plan"), Outlook(D(100), "forecast")], name="a")
    assert width(plan) == pytest.approx(2 * width(forecast), abs=0.2)


def test_a_plan_is_hollow_and_a_forecast_hatched_under_a_name_of_its_own():
    plan, forecast = scenario_cells([Outlook(D(-20), "plan"), Outlook(D(10), "forecast")], name="a")
    assert "bar-plan" in plan and "url(#" not in plan
    assert "url(#hatching-a-1)" in forecast


def test_what_is_no_scenario_is_refused():
    with pytest.raises(ValueError, match="unknown form"):
        scenario_cells([Outlook(D(1), "dream")], name="a")


def test_a_bridge_begins_with_the_plan_and_ends_at_what_was_booked():
    steps = [Step(D(100), "plan"), Step(D(-30), "less"), Step(D(5), "more"), Step(D(75), "actual")]
    cells = waterfall_cells(steps)
    assert [re.search(r"bar-(\w+)", cell)[1] for cell in cells] == ["plan", "less", "more", "actual"]
    with pytest.raises(ValueError, match="add up to 75"):
        waterfall_cells([*steps[:3], Step(D(76), "actual")])

"""A published three-year table to the dollar, and arithmetic by hand."""

from __future__ import annotations

import numpy_financial
import pytest

from kpis.calculations.tei import impact

# A published study of total economic impact (2020, risk-adjusted, 10 %): initial, years 1 to 3.
COSTS = (53_150, 666_715, 636_772, 647_783)
BENEFITS = (0, 1_606_511, 3_061_331, 4_229_760)


def test_a_published_table_comes_out_to_the_dollar():
    found = impact(BENEFITS, COSTS, rate=0.10)

    assert found.costs.value == pytest.approx(1_672_201, abs=1)
    assert found.benefits.value == pytest.approx(7_168_371, abs=1)
    assert found.npv.value == pytest.approx(5_496_170, abs=1)
    assert round(found.roi.value, 2) == 3.29
    assert found.payback_years.value * 12 < 6


def test_costs_of_the_start_are_not_discounted_and_years_are_at_their_ends():
    found = impact((0, 110, 0, 0), (50, 0, 0, 133.1), rate=0.10)

    assert (found.benefits.value, found.costs.value) == (pytest.approx(100), pytest.approx(150))
    assert found.roi.value == pytest.approx(-1 / 3)


def test_its_npv_is_that_of_periodic_flows_in_another_library():
    net = [b - c for b, c in zip(BENEFITS, COSTS, strict=True)]
    assert impact(BENEFITS, COSTS, rate=0.07).npv.value == pytest.approx(numpy_financial.npv(0.07, net))


def test_risk_takes_from_benefits_and_adds_to_costs():
    found = impact((0, 100, 100, 100), (100, 0, 0, 0), rate=0.0, benefit_risk=0.2, cost_risk=0.1)

    assert (found.benefits.value, found.costs.value) == (pytest.approx(240), pytest.approx(110))


def test_payback_is_read_off_the_undiscounted_yearly_net():
    assert impact((0, 50, 100, 0), (100, 0, 0, 0), rate=0.5).payback_years.value == pytest.approx(1.5)
    never = impact((0, 10, 10, 10), (100, 0, 0, 0), rate=0.1).payback_years
    assert (never.value, never.status) == (None, "not_yet")


def test_without_costs_there_is_no_return():
    assert impact((0, 1, 1, 1), (0, 0, 0, 0), rate=0.1).roi.status == "undefined"


@pytest.mark.parametrize(
    ("benefits", "costs", "risk"), [((0, 1), (0, 1), 0), ((0, 1, 1, 1), (1, 1, 1), 0), ((0,) * 4, (1,) * 4, 1.5)]
)
def test_what_is_no_three_year_table_is_refused(benefits, costs, risk):
    with pytest.raises(ValueError, match=r"three years|share"):
        impact(benefits, costs, rate=0.1, benefit_risk=risk)

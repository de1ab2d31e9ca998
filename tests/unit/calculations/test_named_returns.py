"""The same return under its several names, by plain arithmetic."""

from __future__ import annotations

from decimal import Decimal

import numpy_financial
import pytest

from kpis.calculations.named_returns import against_plan, annualised, return_multiple, run_rate

D = Decimal


def test_three_and_a_half_for_one_is_250_percent():
    assert return_multiple(D("350.00"), D("100.00")).value == 3.5
    assert return_multiple(D(5), D(0)).status == "undefined"


def test_twenty_one_percent_in_two_years_are_ten_a_year():
    assert annualised(0.21, 730).value == pytest.approx(0.10)
    assert annualised(0.42, 365).value == pytest.approx(0.42)
    assert annualised(0.5, 912).value == pytest.approx(numpy_financial.rate(912 / 365, 0, -100, 150))


def test_under_a_quarter_nothing_is_said_by_year():
    found = annualised(0.2, 89)
    assert (found.value, found.status) == (None, "not_meaningful")
    assert found.reason == "A yearly rate needs 90 days; there are 89."
    assert annualised(0.2, 90).exists


def test_all_lost_stays_all_lost_and_more_than_all_has_no_rate():
    assert annualised(-1.0, 400).value == -1.0
    assert annualised(-1.2, 400).status == "undefined"
    assert annualised(1e30, 90).status == "not_meaningful"


def test_the_run_rate_is_the_ratio_of_means_not_the_mean_of_ratios():
    found = run_rate([D(100), D(200), D(300)], [D(100), D(50), D(150)])
    assert found.value == pytest.approx(600 / 300 - 1)


def test_the_run_rate_needs_three_full_months_and_a_cost_that_recurs():
    assert run_rate([D(1)] * 2, [D(1)] * 2).reason == "The run-rate needs 3 full months; there are 2."
    assert run_rate([D(1)] * 3, [D(0)] * 3).status == "undefined"
    with pytest.raises(ValueError, match="same months"):
        run_rate([D(1)], [])


def test_against_the_plan_is_told_in_points():
    assert against_plan(0.30, 0.25).value == pytest.approx(0.05)

"""Worked cases that an accountant can check, second implementations, and properties."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy_financial
import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from kpis.calculations.investment import (
    add_months,
    by_day,
    discounted_payback_days,
    discounted_payback_periods,
    irr_dated,
    irr_periodic,
    irrs_dated,
    irrs_periodic,
    months_between,
    npv_dated,
    npv_periodic,
    payback_days,
    roi,
    roi_of_flows,
)

START = date(2026, 1, 1)
whole_cents = st.integers(-(10**8), 10**8).map(lambda c: c / 100)
histories = st.lists(whole_cents, min_size=1, max_size=40).map(lambda rows: np.array(rows, float))
rates = st.floats(-0.5, 2.0)


def row(*numbers: float) -> np.ndarray:
    return np.array(numbers, float)


# ROI ------------------------------------------------------------------------------------------------------------------


def test_roi_is_what_came_back_beyond_the_costs_for_each_euro_spent():
    assert roi(Decimal("142"), Decimal("100")).value == pytest.approx(0.42)


def test_a_total_loss_is_minus_one_hundred_percent():
    assert roi(Decimal(0), Decimal("80.00")).value == -1.0


@pytest.mark.parametrize("costs", ["0.00", "-5.00"])
def test_without_costs_there_is_no_roi(costs):
    answer = roi(Decimal("100.00"), Decimal(costs))
    assert answer.status == "undefined" and answer.reason.endswith(".")


def test_roi_of_flows_counts_all_outlays():
    assert roi_of_flows(row(-100, 60, -20, 90)).value == pytest.approx(30 / 120)


# Present value --------------------------------------------------------------------------------------------------------


@given(histories, rates)
def test_dated_present_value_is_that_of_pyxirr(flows, rate):
    days = np.arange(flows.size) * 37.0
    dates = [START + timedelta(days=int(d)) for d in days]
    expected = pyxirr.xnpv(rate, dates, flows.tolist())
    assert npv_dated(days, flows, rate).value == pytest.approx(expected, rel=1e-9, abs=1e-3)


@given(histories, rates)
def test_periodic_present_value_is_that_of_numpy_financial(flows, rate):
    assert npv_periodic(flows, rate).value == pytest.approx(numpy_financial.npv(rate, flows), rel=1e-9, abs=1e-3)


def test_a_year_has_365_days_also_in_a_leap_year():
    # Excel's XNPV of 1,000 on the last day of 2028 (a leap year), 366 days after 31 December 2027.
    assert npv_dated(row(0, 366), row(0, 1000), 0.10).value == pytest.approx(1000 / 1.1 ** (366 / 365))


def test_without_flows_there_is_no_present_value():
    assert npv_periodic(row(), 0.1).status == "undefined"


def test_a_rate_of_minus_one_is_refused():
    with pytest.raises(ValueError, match="above -1"):
        npv_periodic(row(1), -1.0)


def test_a_present_value_beyond_all_numbers_is_no_number():
    assert npv_periodic(np.ones(400), -0.9999999).status == "undefined"


# Internal rate of return ----------------------------------------------------------------------------------------------


def test_the_rate_of_microsofts_example_is_found():
    # Example of Excel's XIRR: 37.34 % a year.
    dates = [date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30), date(2009, 2, 15), date(2009, 4, 1)]
    days, flows = by_day(list(zip(dates, [-10_000.0, 2_750, 4_250, 3_250, 2_750], strict=True)))
    assert irr_dated(days, flows).value == pytest.approx(0.373362535, abs=1e-8)


def test_both_rates_of_lorie_and_savages_pump_are_found_and_neither_is_answered():
    # Lorie & Savage 1955: -1,600, +10,000, -10,000 has 25 % and 400 %.
    flows = row(-1600, 10_000, -10_000)
    assert irrs_periodic(flows) == pytest.approx((0.25, 4.0))
    answer = irr_periodic(flows)
    assert (answer.value, answer.status) == (None, "multiple")


def test_a_rate_that_only_touches_zero_is_found():
    assert irrs_periodic(row(-100, 220, -121)) == pytest.approx((0.10,), abs=1e-6)


def test_three_rates_are_all_found():
    # (x - 1/1.1)(x - 1/1.2)(x - 1/1.5), x = 1/(1 + r)
    flows = np.poly([1 / 1.1, 1 / 1.2, 1 / 1.5])[::-1]
    assert irrs_periodic(flows) == pytest.approx((0.1, 0.2, 0.5))


@pytest.mark.parametrize("flows", [(100, 50), (-100, -50), (1000, -3000, 2500), (0, 0)])
def test_where_no_rate_fits_there_is_none_and_it_is_said(flows):
    answer = irr_periodic(row(*flows))
    assert answer.status == "none" and answer.reason.endswith(".")


def test_flows_within_a_month_have_no_meaningful_yearly_rate():
    assert irr_dated(row(0, 20), row(-100, 130)).status == "not_meaningful"


def test_money_that_comes_first_is_read_like_a_loan():
    answer = irr_periodic(row(100, -110))
    assert answer.value == pytest.approx(0.10) and "loan" in answer.reason


@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_an_outlay_followed_by_returns_has_the_one_rate_of_pyxirr(outlay, returns):
    flows = row(-outlay, *returns)
    assume(sum(returns) > outlay * 0.05)
    expected = pyxirr.irr(flows)
    assume(expected is not None and expected < 9_000)
    assert irr_periodic(flows).value == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(histories)
def test_at_every_rate_that_is_found_the_flows_are_worth_nothing(flows):
    days = np.arange(flows.size) * 30.0
    for rate in irrs_dated(days, flows):
        scale = float((np.abs(flows) * np.exp(-days / 365 * np.log1p(rate))).sum())
        assert abs(npv_dated(days, flows, rate).value) <= 1e-7 * scale


@given(histories)
def test_no_rate_of_a_polynomial_is_missed(flows):
    assume(flows.size >= 2 and flows[0] != 0 and flows[-1] != 0)
    assume(np.abs(flows[[0, -1]]).min() > 1e-6 * np.abs(flows).max())
    roots = np.roots(flows[::-1])
    real = roots[np.abs(roots.imag) < 1e-9 * np.abs(roots)].real
    growth = np.sort(1 / real[real > 0])
    growth = growth[(growth > 1e-3) & (growth < 1e3)]
    assume(growth.size < 2 or (np.diff(np.log(growth)) > 0.05).all())
    found = np.array(irrs_periodic(flows)) + 1
    for g in growth:
        assert np.abs(found / g - 1).min() < 1e-4


# Payback --------------------------------------------------------------------------------------------------------------


def test_costs_earned_back_halfway_through_the_second_year_pay_back_after_a_year_and_a_half():
    assert payback_days(row(0, 365, 730), row(-150, 100, 100)).value == pytest.approx(547.5)


@given(histories)
def test_there_is_a_payback_unless_the_balance_ends_below_zero_and_then_it_lasts(flows):
    days, balance = np.arange(flows.size, dtype=float), np.cumsum(flows)
    dust = 1e-9 * np.abs(flows).max()
    answer = payback_days(days, flows)
    assert (answer.value is None) == bool(balance[-1] < -dust)
    if answer.value is not None:
        assert (balance[days > answer.value + 1e-9] >= -dust).all()


def test_of_two_crossings_the_one_that_lasts_counts():
    assert payback_days(row(0, 1, 2, 3), row(-100, 150, -80, 60)).value == pytest.approx(2.5)


def test_without_an_outlay_payback_is_at_once():
    answer = payback_days(row(0, 1), row(10, 10))
    assert answer.value == 0 and "no outlay" in answer.reason


def test_what_is_not_earned_back_yet_has_no_payback():
    assert payback_days(row(0, 30), row(-100, 40)).status == "not_yet"


def test_one_hundred_cents_earned_back_one_by_one_are_earned_back():
    assert payback_days(np.arange(11.0), np.concatenate([row(-1), np.full(10, 0.1)])).value == pytest.approx(10)


@given(histories, st.floats(0, 1))
def test_a_discounted_payback_is_never_earlier(flows, rate):
    costs_first = np.concatenate([row(-abs(flows).sum() / 2 - 1), np.abs(flows)])
    days = np.arange(costs_first.size) * 30.0
    plain, discounted = payback_days(days, costs_first), discounted_payback_days(days, costs_first, rate)
    assert discounted.value is None or discounted.value >= plain.value - 1e-6


def test_discounted_periods_follow_the_textbook():
    # 1,000 spent, 600 a year at 10 %: 545.45 + 495.87 cover it after 1 + 454.55/495.87 years.
    answer = discounted_payback_periods(row(-1000, 600, 600), 0.10)
    assert answer.value == pytest.approx(1 + (1000 - 600 / 1.1) / (600 / 1.21))


@pytest.mark.parametrize(("days", "flows"), [((0, 1), (1,)), ((1, 2), (1, 1)), ((0, 0), (1, 1)), ((0, 1), (1, np.inf))])
def test_rows_that_make_no_sense_are_refused(days, flows):
    with pytest.raises(ValueError, match="days"):
        payback_days(row(*days), row(*flows))


# Dates ----------------------------------------------------------------------------------------------------------------


def test_a_month_after_the_31st_of_january_is_the_end_of_february():
    assert add_months(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert add_months(date(2026, 11, 15), 3) == date(2027, 2, 15)


def test_months_are_counted_whole_and_the_rest_by_days():
    assert months_between(date(2025, 10, 1), date(2026, 5, 15)) == pytest.approx(7 + 14 / 31)
    assert months_between(date(2026, 1, 31), date(2026, 2, 28)) == 1.0


@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(0, 4000))
def test_months_grow_with_the_days(start, days):
    end = start + timedelta(days=days)
    assert months_between(start, end) <= months_between(start, end + timedelta(days=1))


def test_flows_of_one_date_are_added_and_dates_are_put_in_order():
    days, flows = by_day([(START + timedelta(days=5), Decimal("2.50")), (START, Decimal(-9)), (START, Decimal(1))])
    assert (days.tolist(), flows.tolist()) == ([0.0, 5.0], [-8.0, 2.5])

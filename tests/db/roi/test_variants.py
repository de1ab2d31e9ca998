"""One account under its several names, each figure worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy_financial
import pytest

from kpis.roi.horizon import horizon_of
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from kpis.roi.variants import variants_of
from tests.db.roi.conftest import AS_OF
from tests.factories import CostEntryFactory, InitiativeFactory


def variants(initiative, as_of=AS_OF):
    return variants_of(roi_statement(initiative, as_of=as_of))


def cost(initiative, amount, on="2026-03-02", **more):
    return CostEntryFactory(initiative=initiative, amount=Decimal(str(amount)), on=date.fromisoformat(on), **more)


@pytest.fixture
def paying(driver, book):
    """Live on the 1st of March 2026. 1,000 before it, then 100 a month; 250 a month came back, March to May."""
    initiative = InitiativeFactory(
        slug="paying",
        started_on=date(2026, 1, 1),
        go_live_on=date(2026, 3, 1),
        discount_rate=Decimal("0.10"),
        horizon_months=12,
    )
    monthly = driver(initiative, "month", is_freed_time=False)
    for month, days in (("2026-03-01", 31), ("2026-04-01", 30), ("2026-05-01", 31)):
        book(monthly, month, 250, days=days)
    cost(initiative, 1000, "2026-01-15")
    cost(initiative, 100, "2026-03-01", recurrence="monthly")
    return initiative


def test_multiple_and_yearly_rate_follow_from_the_same_two_sums(paying):
    found = variants(paying)  # 750 came back for 1,400 (March to June)

    assert found.to_date.value == pytest.approx(750 / 1400 - 1)
    assert found.return_multiple.value == pytest.approx(750 / 1400)
    assert found.days == 151
    assert found.annualised.value == pytest.approx((750 / 1400) ** (365 / 151) - 1)


def test_the_run_rate_is_of_the_last_three_full_months_and_leaves_out_what_was_spent_once(paying):
    cost(paying, 77, "2026-04-20")

    found = variants(paying).run_rate

    assert found.months == (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1))
    assert found.roi.value == pytest.approx(750 / 300 - 1)
    assert found.left_out == 77


def test_with_two_full_months_there_is_no_run_rate_and_the_reason_counts_them(paying):
    found = variants(paying, datetime(2026, 5, 20, tzinfo=UTC))

    assert found.run_rate.roi.value is None
    assert found.reasons["run_rate"] == "The run-rate needs 3 full months; there are 2."


def test_the_cash_view_leaves_out_what_is_indirect_and_the_books_also_freed_time(initiative, driver, book):
    book(driver(initiative, is_freed_time=False), "2026-03-02", 300)
    book(driver(initiative, is_freed_time=True), "2026-03-02", 200)
    book(driver(initiative, benefit_type="indirect"), "2026-03-02", 500)
    cost(initiative, 400)

    found = variants(initiative)

    assert (found.direct.benefit, found.direct.net, found.direct.roi.value) == (500, 100, 0.25)
    assert (found.traced.benefit, found.traced.net, found.traced.roi.value) == (300, -100, -0.25)


def test_to_the_end_of_the_horizon_the_last_weeks_go_on_and_every_recurring_cost_is_paid(paying):
    found = variants(paying).forecast

    assert (horizon_of(roi_statement(paying, as_of=AS_OF).flows[0]), found.until) == (date(2027, 2, 28),) * 2
    # The last interval ended on 1 June; 61 days before, on 1 April, the first: all of it lies within 61 days of looking
    # back, so April and May, 500, came in 61 days; from 1 June to 28 February are 272 days.
    assert found.benefit == pytest.approx(Decimal(750 + 500 / 61 * 272), abs=Decimal("0.01"))
    assert found.cost == 1000 + 12 * 100
    assert [s.name for s in variants(paying).scenarios] == ["as_measured", "low", "high"]
    low, high = variants(paying).scenarios[1:]
    assert low.benefit < high.benefit
    assert low.cost == high.cost == found.cost


def test_three_years_begin_undiscounted_and_each_year_counts_at_its_end(paying):
    found = variants(paying).three_years

    rate = 500 / 61
    ends = [(date(2026 + k, 2, 28 + (k == 2)) - date(2026, 6, 1)).days for k in (1, 2, 3)]  # 2028 has a 29 February
    by_end = [750 + rate * days for days in ends]
    years = [0, by_end[0], by_end[1] - by_end[0], by_end[2] - by_end[1]]
    assert [float(y.benefit) for y in found.years] == pytest.approx(years, abs=0.011)
    assert [y.cost for y in found.years] == [1000, 1200, 1200, 1200]
    assert [y.is_over for y in found.years] == [True, False, False, False]
    assert (found.is_forecast, found.measured_until, found.rate) == (True, date(2026, 6, 1), 0.10)
    worth, spent = numpy_financial.npv(0.10, years), numpy_financial.npv(0.10, [1000, 1200, 1200, 1200])
    assert found.impact.npv.value == pytest.approx(worth - spent, abs=0.05)
    assert found.impact.roi.value == pytest.approx((worth - spent) / spent, abs=1e-4)


def test_three_years_that_are_over_are_what_was_booked(paying):
    found = variants(paying, datetime(2029, 3, 2, tzinfo=UTC))

    assert not found.three_years.is_forecast
    assert [y.benefit for y in found.three_years.years] == [0, 750, 0, 0]
    assert found.reasons["horizon"] == "The horizon is over: what was booked is what came of it."


def test_before_anything_flowed_every_name_has_its_reason(initiative):
    found = variants(initiative)

    assert {"return_multiple", "annualised", "run_rate", "horizon", "three_years", "mirr"} <= found.reasons.keys()
    assert all(said.endswith(".") for said in found.reasons.values())


def test_where_several_internal_rates_fit_all_are_listed_and_the_modified_one_is_offered(driver, book):
    pump = InitiativeFactory(slug="pump", started_on=date(2023, 6, 1), discount_rate=Decimal("0.10"))
    cost(pump, 1600, "2023-06-01")
    book(driver(pump, is_freed_time=False), "2024-05-30", 10_000)
    cost(pump, 10_000, "2025-05-31")

    found = variants(pump)

    assert found.irrs == pytest.approx((0.25, 4.0), abs=0.02)
    assert found.mirr.value == pytest.approx((11_000 / (1_600 + 10_000 / 1.21)) ** 0.5 - 1, abs=0.002)


def test_a_portfolio_carries_on_what_can_be_and_names_the_rest(paying, driver, book):
    young = InitiativeFactory(slug="young", name="Young", started_on=date(2026, 5, 1), go_live_on=date(2026, 5, 20))
    book(driver(young), "2026-05-25", 40)
    cost(young, 60, "2026-05-01")

    portfolio = portfolio_statement([paying, young], as_of=AS_OF)
    found, alone = variants_of(portfolio.totals), variants(paying)

    assert found.forecast.benefit == alone.forecast.benefit + 40
    assert found.forecast.cost == alone.forecast.cost + 60
    assert found.reasons["horizon.note"] == "As it stands today, because it cannot be carried on: Young."
    assert found.reasons["three_years.note"].endswith(": Young.")
    assert [y.benefit for y in found.three_years.years] == [y.benefit for y in alone.three_years.years]

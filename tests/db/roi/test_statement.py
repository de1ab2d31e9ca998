from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis.roi.lately import benefit_lately
from kpis.roi.monthly import by_month
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from tests.db.roi.conftest import AS_OF
from tests.factories import CostEntryFactory, InitiativeFactory


def statement(initiative, as_of=AS_OF):
    return roi_statement(initiative, as_of=as_of)


def cost(initiative, amount, on="2026-03-02", **more):
    return CostEntryFactory(initiative=initiative, amount=Decimal(str(amount)), on=date.fromisoformat(on), **more)


def test_roi_is_benefits_less_costs_over_costs_and_its_parts_add_up(initiative, driver, book):
    direct = driver(initiative, is_freed_time=False)
    freed = driver(initiative, is_freed_time=True)
    indirect = driver(initiative, benefit_type="indirect")
    book(direct, "2026-03-02", "300.10", evidence_grade="A")
    book(freed, "2026-03-02", "200.20", evidence_grade="B")
    book(indirect, "2026-03-02", "-50.05", evidence_grade="D")
    cost(initiative, "200.25")

    found = statement(initiative)

    benefits = found.benefits
    assert (benefits.direct, benefits.indirect) == (Decimal("500.30"), Decimal("-50.05"))
    assert (benefits.freed, benefits.captured) == (Decimal("200.20"), Decimal("300.10"))
    assert found.net == Decimal("250.00")
    assert found.roi.value == pytest.approx(250 / 200.25)
    assert found.evidence == {"A": Decimal("300.10"), "B": Decimal("200.20"), "C": 0, "D": Decimal("-50.05")}
    assert found.net_without_declared == Decimal("300.05")


def test_without_costs_there_is_no_roi_and_the_reason_is_said(initiative, driver, book):
    book(driver(initiative), "2026-03-02", 100)

    found = statement(initiative)

    assert (found.roi.value, found.verdict) == (None, "no_costs_yet")
    assert found.reasons["roi"] == "There are no costs yet, so there is no return on them."


def test_where_nothing_is_booked_the_range_is_missing_with_a_reason(initiative):
    cost(initiative, 100)

    found = statement(initiative)

    assert (found.range, found.net, found.roi.value) == (None, Decimal(-100), -1.0)
    assert "range" in found.reasons


def test_only_actual_costs_up_to_the_day_are_invested_recurring_ones_on_each_of_their_dates(initiative):
    cost(initiative, 100, "2026-01-31", recurrence="monthly", until=date(2026, 12, 31))  # 5 by 1 June
    cost(initiative, 1000, kind="planned")
    cost(initiative, 2000, "2026-06-02")
    cost(initiative, 30, settlement="estimated")

    found = statement(initiative)

    assert (found.invested, found.estimated_costs) == (Decimal(530), Decimal(30))


def test_a_cost_in_another_currency_is_named_and_never_added(initiative):
    cost(initiative, 100)
    foreign = cost(initiative, 999, currency="USD")

    found = statement(initiative)

    assert found.invested == Decimal(100)
    assert "USD" in found.reasons[f"invested.{foreign.pk}"]


def test_as_of_an_earlier_day_only_what_had_ended_by_then_counts(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-03-02", 100)
    book(saved, "2026-03-03", 70)
    cost(initiative, 50, "2026-03-02")
    cost(initiative, 10, "2026-03-04")

    found = statement(initiative, datetime(2026, 3, 3, 12, tzinfo=UTC))

    assert (found.benefits.total, found.invested) == (Decimal(100), Decimal(50))


def test_as_of_the_end_of_a_day_what_is_paid_on_the_next_one_does_not_count(initiative):
    cost(initiative, 100, on="2026-03-31")
    cost(initiative, 7, on="2026-04-01")
    assert statement(initiative, datetime(2026, 4, 1, tzinfo=UTC)).invested == Decimal(100)
    assert statement(initiative, datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC)).invested == Decimal(107)


def test_npv_discounts_each_flow_by_its_days_since_the_start(initiative, driver, book):
    initiative.started_on = date(2025, 3, 3)
    initiative.save()
    cost(initiative, 1000, "2025-03-03")
    book(driver(initiative), "2026-03-02", 1100)  # ends on 3 March: exactly 365 days, at 10 % a year

    returns = statement(initiative).returns

    assert returns.npv.value == pytest.approx(0.0, abs=1e-9)
    assert returns.irr.value == pytest.approx(0.10)
    assert returns.payback_on == date(2026, 1, 29)  # the flow comes evenly: 1000/1100 of 365 days are 331.8
    assert returns.payback_months.value == pytest.approx(10 + 26 / 31)


def test_a_net_that_falls_below_zero_again_is_not_paid_back(initiative, driver, book):
    initiative.started_on = date(2026, 3, 1)
    initiative.save()
    cost(initiative, 100, "2026-03-01")
    book(driver(initiative), "2026-03-02", 150)
    cost(initiative, 200, "2026-04-01")

    found = statement(initiative)

    assert found.returns.payback_on is None
    assert found.reasons["payback_on"] == "The costs have not been earned back yet."


def test_the_range_holds_the_booked_net_and_is_the_same_every_time(initiative, driver, book):
    saved = driver(initiative)
    for day in range(2, 12):
        book(saved, f"2026-03-{day:02}", "106.17")
    cost(initiative, 500)

    first, again = statement(initiative).range, statement(initiative).range

    assert first == again
    assert first.net_low < statement(initiative).net < first.net_high
    assert first.roi_low == pytest.approx(float(first.net_low) / 500, abs=1e-4)


def verdict_of(initiative):
    return statement(initiative).verdict


def test_an_initiative_that_surely_returns_more_than_it_costs_pays(initiative, driver, book):
    saved = driver(initiative)
    for day in range(2, 12):
        book(saved, f"2026-03-{day:02}", "106.17")
    cost(initiative, 100)

    assert verdict_of(initiative) == "pays"


def test_one_that_surely_returns_less_costs_more_and_a_negative_benefit_loses(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-03-02", "106.17")
    cost(initiative, 10_000)
    assert verdict_of(initiative) == "costs_more"

    book(saved, "2026-03-03", "-500.00")
    assert verdict_of(initiative) == "loses"


def test_what_is_only_declared_cannot_be_proved(initiative, driver, book):
    book(driver(initiative), "2026-03-02", "106.17", evidence_grade="D")
    cost(initiative, 1)

    assert verdict_of(initiative) == "cannot_be_proved"


def test_the_curve_ends_at_the_statements_net_and_begins_at_zero(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-03-02", 300)
    book(saved, "2026-03-09", 200, provisional=True)
    cost(initiative, 100, "2026-03-10")

    curve = statement(initiative).curve

    assert (curve[0].on, curve[0].net) == (date(2026, 3, 1), 0)
    assert curve[-1].net == statement(initiative).net == Decimal(400)
    assert {point.on.weekday() for point in curve[:-1]} == {6}
    assert [p.provisional for p in curve[:2]] == [False, False]
    assert curve[-1].provisional


def test_months_add_up_to_the_statement_and_what_ends_at_midnight_belongs_to_the_month_before(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-03-31", 100)
    book(saved, "2026-04-01", 30, provisional=True)
    cost(initiative, 10, "2026-05-01")

    found = statement(initiative)
    months = by_month(found.flows[0])

    assert [(m.first.month, m.benefit, m.cost, m.provisional) for m in months] == [
        (3, Decimal(100), 0, False),
        (4, Decimal(30), 0, True),
        (5, 0, Decimal(10), False),
    ]
    assert sum(m.net for m in months) == found.net


def test_lately_is_the_benefit_of_the_last_weeks_and_none_where_nothing_ended(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-05-18", 10)
    book(saved, "2026-05-24", 5)  # a Sunday: of the same week

    found = benefit_lately(statement(initiative).flows[0], today=AS_OF.date())

    assert not found.by_month
    assert found.values[-1] == 15.0
    assert set(found.values[:-1]) == {None}


def test_the_portfolio_adds_money_and_never_means_of_rois(driver, book):
    one, other, dollars = InitiativeFactory(), InitiativeFactory(), InitiativeFactory(currency="USD")
    for initiative, benefit, spent in ((one, 300, 100), (other, 100, 1900), (dollars, 5000, 1)):
        book(driver(initiative), "2026-03-02", benefit)
        cost(initiative, spent)

    found = portfolio_statement([one, other, dollars], as_of=AS_OF)

    assert (found.totals.invested, found.totals.net) == (Decimal(2000), Decimal(-1600))
    assert found.totals.roi.value == pytest.approx(-0.8)
    assert [row.currency for row in found.rows] == ["EUR", "EUR", "USD"]
    assert "no exchange rate holds on 2026-03-03" in found.totals.reasons[f"totals.{dollars.slug}"]

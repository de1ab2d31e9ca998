"""From the promised to the booked net of the same full months, each bar worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis.definitions import organisation
from kpis.ledger.models import LedgerEntry
from kpis.planning.models import BusinessCase
from kpis.roi.against_plan import against_plan
from kpis.roi.flows import flows_of
from kpis.roi.statement import roi_statement
from kpis.roi.variants import variants_of
from tests.factories import (
    BusinessCaseFactory,
    CostEntryFactory,
    InitiativeFactory,
    PeriodFactory,
    PlannedBenefitFactory,
    PlannedCostFactory,
)

AS_OF = datetime(2026, 6, 10, 10, tzinfo=UTC)  # March, April and May are full months
APPROVED = datetime(2026, 1, 28, tzinfo=UTC)
# What an entry holds: 2 minutes less for each of so many tickets, at 0.50 €.
TERMS = {
    "counterfactual": 12.0,
    "actual": 10.0,
    "unit_factor": 1,
    "unit_value": "0.5",
    "realisation": 1,
    "attribution": 1,
}


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", started_on=date(2026, 3, 1), go_live_on=date(2026, 3, 1))


@pytest.fixture
def saved(initiative, driver):
    return driver(initiative, "month", name="Time saved", is_freed_time=False)


@pytest.fixture
def case(initiative, saved):
    """1,000 tickets a month, 2 minutes each at 0.50 €, from 1 March on; 300 € of licences a month."""
    case = BusinessCaseFactory(initiative=initiative, go_live_on=date(2026, 3, 1))
    PlannedBenefitFactory(business_case=case, driver=saved)
    PlannedCostFactory(business_case=case, amount=Decimal(300), on=date(2026, 3, 1), recurrence="monthly")
    return approved(case)


def approved(case):
    BusinessCase.objects.filter(pk=case.pk).update(approved_at=APPROVED)
    case.refresh_from_db()
    return case


def compared(initiative, case, as_of=AS_OF):
    reasons: dict[str, str] = {}
    flows = flows_of([initiative], as_of=as_of)[0]
    found = against_plan(flows, case, as_of=as_of, calendar=organisation.calendar(), reasons=reasons)
    if found is None:
        return reasons["plan"]
    assert found.planned.net + sum(bar.amount for bar in found.bridge.bars) == found.actual.net
    return found


def bars(found):
    return {bar.cause: bar.amount for bar in found.bridge.bars if bar.amount}


def months(book, driver, *rows):
    """`(month, days, tickets, amount, …)`"""
    for month, days, tickets, amount, *more in rows:
        book(driver, month, amount, days=days, volume=tickets, **TERMS | dict(*more))


def test_as_planned_there_is_no_bar(initiative, saved, case, book):
    months(book, saved, ("2026-03-01", 31, 1000, 1000), ("2026-04-01", 30, 1000, 1000), ("2026-05-01", 31, 1000, 1000))
    CostEntryFactory(initiative=initiative, amount=Decimal(300), on=date(2026, 3, 1), recurrence="monthly")

    found = compared(initiative, case)

    assert bars(found) == {}
    assert (found.planned.net, found.actual.net) == (Decimal(2100), Decimal(2100))
    assert (found.months[0], found.until) == (date(2026, 3, 1), date(2026, 5, 31))
    assert found.points.value == 0


def test_each_cause_has_its_bar_to_the_cent(initiative, saved, case, driver, book):
    initiative.go_live_on = date(2026, 4, 1)  # a month later than planned
    initiative.save()
    # April: 1,200 tickets. May: 1,000 tickets, 1.5 minutes less each, at 0.60 €.
    months(
        book,
        saved,
        ("2026-04-01", 30, 1200, 1200),
        ("2026-05-01", 31, 1000, 900, {"actual": 10.5, "unit_value": "0.6"}),
    )
    months(book, driver(initiative, "month", name="Overtime"), ("2026-05-01", 31, 10, 70))
    CostEntryFactory(initiative=initiative, amount=Decimal(350), on=date(2026, 3, 1), recurrence="monthly")
    CostEntryFactory(initiative=initiative, cost_category="training", amount=Decimal(80), on=date(2026, 4, 2))

    found = compared(initiative, case)

    assert bars(found) == {
        "delay": Decimal("-1000.00"),
        "volume": Decimal("200.00"),  # 200 tickets · 2 min · 0.50 €
        "effect": Decimal("-250.00"),  # −0.5 min · 1,000 tickets · 0.50 €
        "price": Decimal("150.00"),  # 0.10 € · 1,500 min
        "not_planned": Decimal("70.00"),
        "cost": Decimal("-230.00"),  # 3 · −50 licences, −80 training
    }
    cost = next(bar for bar in found.bridge.bars if bar.cause == "cost")
    assert {part.name: part.amount for part in cost.parts} == {"licence": -150, "training": -80}


def test_a_month_without_any_entry_is_not_booked_and_no_lower_volume(initiative, saved, case, book):
    months(book, saved, ("2026-03-01", 31, 1000, 1000), ("2026-05-01", 31, 1000, 1000))
    assert bars(compared(initiative, case))["not_booked"] == Decimal("-1000.00")


def test_a_driver_that_brought_nothing_at_all_is_not_booked(initiative, saved, case):
    found = compared(initiative, case)
    assert bars(found) == {"not_booked": Decimal("-3000.00"), "cost": Decimal("900.00")}
    assert found.actual_roi.value is None and found.points.reason


def test_without_a_go_live_everything_is_delay(initiative, saved, case):
    initiative.go_live_on = None
    initiative.save()
    assert bars(compared(initiative, case))["delay"] == Decimal("-3000.00")


def test_the_running_month_counts_on_neither_side(initiative, saved, case, book):
    book(saved, "2026-06-01", 77, days=7, volume=1, **TERMS)
    CostEntryFactory(initiative=initiative, amount=Decimal(10), on=date(2026, 6, 1))
    found = compared(initiative, case)
    assert (found.actual.benefit, found.actual.cost) == (0, 0)


def test_the_last_day_of_a_month_is_not_the_end_of_it(initiative, saved, case):
    assert compared(initiative, case, datetime(2026, 5, 31, 23, tzinfo=UTC)).until == date(2026, 4, 30)
    assert compared(initiative, case, datetime(2026, 6, 1, tzinfo=UTC)).until == date(2026, 5, 31)


def test_slower_adoption_than_planned_shows_as_effect_and_not_as_volume(initiative, saved, book):
    ramped = BusinessCaseFactory(initiative=initiative, go_live_on=date(2026, 3, 1), ramp=[Decimal("0.5"), Decimal(1)])
    PlannedBenefitFactory(business_case=ramped, driver=saved)
    months(book, saved, *((m, d, 1000, 500, {"actual": 11.0}) for m, d in (("2026-03-01", 31), ("2026-04-01", 30))))
    found = compared(initiative, approved(ramped), datetime(2026, 5, 2, tzinfo=UTC))
    assert bars(found) == {"effect": Decimal("-500.00")}


def test_an_adjustment_counts_in_the_month_that_it_corrects(initiative, saved, case, book):
    first = book(saved, "2026-03-01", 1000, days=31, volume=1000, **TERMS)
    PeriodFactory()
    LedgerEntry.objects.update(status="closed")
    book(
        saved, "2026-03-01", 100, days=31, volume=1100, status="adjustment", causes=["late_data"], corrects=first,
        computed_at=datetime(2026, 5, 20, tzinfo=UTC), **TERMS,
    )  # fmt: skip
    found = compared(initiative, case)
    assert bars(found)["volume"] == Decimal("100.00")
    assert bars(found)["not_booked"] == Decimal("-2000.00")


def test_each_state_without_a_comparison_has_its_sentence(initiative, saved, case):
    assert compared(initiative, None) == "No business case was approved, so there is no plan to compare with."
    early = datetime(2026, 3, 20, tzinfo=UTC)
    assert compared(initiative, case, early) == "No full month has passed since the business case begins."
    foreign = approved(BusinessCaseFactory(initiative=initiative, currency="USD"))
    assert compared(initiative, foreign) == "The business case is in USD and the initiative in EUR."


def test_among_the_variants_stand_the_planned_roi_the_points_and_what_was_promised(initiative, saved, case, book):
    months(book, saved, ("2026-03-01", 31, 1000, 500))
    CostEntryFactory(initiative=initiative, amount=Decimal(1000), on=date(2026, 3, 1))

    found = variants_of(roi_statement(initiative, as_of=AS_OF))

    assert found.against_plan.planned_roi.value == pytest.approx(3000 / 900 - 1)
    assert found.against_plan.points.value == pytest.approx(-0.5 - (3000 / 900 - 1))
    plan = found.scenarios[-1]
    assert (plan.name, plan.benefit, plan.cost) == ("plan", Decimal(36_000), Decimal(10_800))
    assert plan.until == date(2029, 2, 28)


def test_a_case_counts_from_its_approval_on(initiative, saved, case):
    before = variants_of(roi_statement(initiative, as_of=datetime(2026, 1, 27, tzinfo=UTC)))
    assert before.reasons["plan"].startswith("No business case was approved")

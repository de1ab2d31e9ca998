from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kpis.alerts.decisions import Rule, decisions_needed
from kpis.roi.portfolio import portfolio_statement
from tests.db.roi.conftest import AS_OF, book, driver, house, initiative
from tests.factories import (
    AssumptionFactory,
    BaselineFactory,
    CostEntryFactory,
    DataSourceFactory,
    InitiativeFactory,
    KpiFactory,
    PoolFactory,
    PullFactory,
)

__all__ = ["book", "driver", "house", "initiative"]


def needed(*initiatives):
    return decisions_needed(portfolio_statement(initiatives, as_of=AS_OF), now=AS_OF)


def test_where_all_is_well_nothing_needs_a_decision(initiative, driver, book):
    saved = driver(initiative)
    for day in range(2, 12):
        book(saved, f"2026-03-{day:02}", "106.17")
    CostEntryFactory(initiative=initiative, amount=Decimal(100))

    assert needed(initiative) == []


def test_an_initiative_that_loses_is_told_with_what_a_month_costs_single_costs_left_out(initiative, driver, book):
    saved = driver(initiative)
    book(saved, "2026-05-04", "-91.00")
    CostEntryFactory(initiative=initiative, amount=Decimal(10_000), on=date(2026, 5, 1))

    (found,) = needed(initiative)

    assert (found.rule, found.initiative, found.who) == (Rule.LOSES_MONEY, initiative, initiative.owner)
    assert found.money == Decimal(-30)  # 91 € in 91 days is one a day, 30.4 a month


def test_the_same_hours_claimed_by_two_initiatives_are_told_with_the_claim_of_weaker_evidence(driver, book):
    one, other = InitiativeFactory(), InitiativeFactory()
    for each, claimed, counted, grade in ((one, 100, 100, "C"), (other, 900, 0, "D")):
        saved = driver(each, pool=PoolFactory(slug="team north"))
        book(saved, "2026-03-02", counted, claimed=claimed, evidence_grade=grade)
        CostEntryFactory(initiative=each, amount=Decimal(1))

    found = [d for d in needed(one, other) if d.rule is Rule.CLAIMED_TWICE]

    assert [(d.initiative, d.money, d.facts["pool"].slug) for d in found] == [(other, Decimal(900), "team north")]


@pytest.mark.parametrize(
    ("ends", "is_told", "is_over"), [("2026-05-31", 1, True), ("2026-07-31", 1, False), ("2026-08-01", 0, None)]
)
def test_an_assumption_is_told_within_sixty_days_of_its_end_with_the_money_that_rests_on_it(
    initiative, driver, book, ends, is_told, is_over
):
    hour = AssumptionFactory(valid_to=date.fromisoformat(ends), owner="Carla")
    for saved in (driver(initiative, unit_value=hour), driver(initiative, unit_value=hour)):
        book(saved, "2026-03-02", 100)

    found = [d for d in needed(initiative) if d.rule is Rule.ASSUMPTION_EXPIRES]

    assert len(found) == is_told
    for decision in found:
        assert (decision.due, decision.money, decision.who) == (hour.valid_to, Decimal(200), "Carla")
        assert decision.facts["is_over"] is is_over


def test_a_benefit_that_is_only_declared_is_told(initiative, driver, book):
    book(driver(initiative), "2026-03-02", 100, evidence_grade="D")
    CostEntryFactory(initiative=initiative, amount=Decimal(1))

    assert [(d.rule, d.money) for d in needed(initiative)] == [(Rule.ONLY_DECLARED, Decimal(100))]


def test_a_draft_waits_for_approval_unless_a_newer_version_is_approved(initiative):
    waiting = BaselineFactory(kpi=KpiFactory(initiative=initiative))
    old = BaselineFactory(kpi=KpiFactory(initiative=initiative))
    BaselineFactory(kpi=old.kpi, version=2, approved=True)

    found = [d for d in needed(initiative) if d.rule is Rule.BASELINE_WAITS]

    assert [d.facts["kpi"] for d in found] == [waiting.kpi]


def test_a_source_that_fails_is_told(initiative):
    source = DataSourceFactory(initiative=initiative)
    PullFactory(source=source, state="failed", error_code="outbound_unreachable")

    (found,) = needed(initiative)

    assert (found.rule, found.facts["source"]) == (Rule.SOURCE_SILENT, source)


def test_what_is_due_now_stands_first_by_the_money_at_stake_then_by_date(driver, book):
    small, large = InitiativeFactory(), InitiativeFactory()
    later = AssumptionFactory(valid_to=date(2026, 7, 1))
    for each, amount in ((small, 10), (large, 5000)):
        book(driver(each, unit_value=later), "2026-03-02", amount, evidence_grade="D")
        CostEntryFactory(initiative=each, amount=Decimal(1))

    assert [(d.rule, d.initiative) for d in needed(small, large)] == [
        (Rule.ONLY_DECLARED, large),
        (Rule.ONLY_DECLARED, small),
        (Rule.ASSUMPTION_EXPIRES, None),
    ]

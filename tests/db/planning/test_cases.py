"""Business cases: written with the planned costs of their time, approved by another, and then frozen for good."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kpis.access.models import AuditEvent
from kpis.definitions.changing import ChangeRefused
from kpis.ledger.changing import remove_initiative
from kpis.planning import approving, drafting
from kpis.planning.approving import CaseNotApprovable
from kpis.planning.drafting import Draft
from kpis.planning.models import BusinessCase, PlannedBenefit, PlannedCost
from kpis.planning.schedule import over_the_horizon, rows_of
from tests.factories import (
    BusinessCaseFactory,
    ControllerFactory,
    CostEntryFactory,
    ExchangeRateFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    PlannedBenefitFactory,
    PlannedCostFactory,
    ProductOwnerFactory,
    ValueDriverFactory,
)

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
SAVED = {"name": "Time saved", "volume_per_month": Decimal(1000), "effect": Decimal(2), "unit_value": Decimal("0.5")}


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC", reporting_currency="EUR")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", horizon_months=12)


def draft(initiative, by=None, **more):
    given = {"go_live_on": date(2026, 3, 1), "owner": "Dana Owner", "source": "Steering", "benefits": [SAVED]} | more
    return drafting.write_draft(initiative, Draft(**given), by=by or ProductOwnerFactory(), at=AT)


def refusal(initiative, **more):
    with pytest.raises(ChangeRefused) as refused, transaction.atomic():
        draft(initiative, **more)
    return refused.value.code, refused.value.attr


def test_versions_count_up_and_the_trail_says_who_wrote_them(initiative):
    assert [draft(initiative).version, draft(initiative).version] == [1, 2]
    assert AuditEvent.objects.filter(what="business_case.drafted", subject="business_case:support:2").exists()


def test_the_planned_costs_of_its_time_are_copied_and_what_is_planned_later_changes_nothing(initiative):
    planned = CostEntryFactory(initiative=initiative, kind="planned", amount=Decimal("300.00"), recurrence="monthly")
    CostEntryFactory(initiative=initiative, kind="actual", amount=Decimal("999.00"))

    case = draft(initiative, costs=[{"name": "Training", "cost_category": "training", "amount": Decimal(50), "on": AT}])
    planned.amount = Decimal("400.00")
    planned.save()

    assert [(c.name, c.amount, c.recurrence) for c in case.costs.all()] == [
        ("Training", 50, "none"),
        ("Licences", 300, "monthly"),
    ]


def test_a_planned_cost_in_another_currency_is_converted_and_says_how_it_stood(initiative):
    CostEntryFactory(initiative=initiative, kind="planned", amount=Decimal(100), currency="USD", on=date(2026, 3, 2))
    assert refusal(initiative) == ("no_exchange_rate", "costs")

    ExchangeRateFactory(currency="USD", into="EUR", on=date(2026, 3, 1), rate=Decimal("0.8"))
    (cost,) = draft(initiative).costs.all()

    assert (cost.amount, cost.stated) == (Decimal("80.00"), "USD 100.00; 1 USD = 0.8 EUR")


def test_an_effect_is_stated_once_in_the_unit_or_as_a_share_of_a_reference(initiative):
    shared = {"effect": None, "effect_share": Decimal("0.15"), "reference": Decimal("14.4")}
    (benefit,) = draft(initiative, benefits=[SAVED | shared]).benefits.all()
    assert benefit.effect == Decimal("2.16")

    assert refusal(initiative, benefits=[SAVED | shared | {"effect": 2}])[0] == "effect_once"
    assert refusal(initiative, benefits=[SAVED | {"effect": None}])[0] == "effect_once"
    assert refusal(initiative, benefits=[SAVED | shared | {"reference": None}])[0] == "share_needs_a_reference"


def test_a_case_is_of_something_and_of_its_own_initiative(initiative):
    foreign = ValueDriverFactory(kpi=KpiFactory())
    assert refusal(initiative, benefits=[]) == ("business_case_is_empty", "benefits")
    assert refusal(initiative, benefits=[SAVED, SAVED | {"driver": foreign}]) == (
        "driver_of_another_initiative",
        "benefits.1.driver",
    )


def test_it_is_approved_by_another_than_its_author_while_there_is_another(initiative):
    author, other = ControllerFactory(), ControllerFactory()
    case = draft(initiative, by=author)

    with pytest.raises(CaseNotApprovable) as refused:
        approving.approve(case, by=author, at=AT)
    assert refused.value.code == "approval_by_author"
    approved = approving.approve(case, by=other, at=AT)

    assert (approved.approved_by, approved.self_approved) == (other, False)
    assert approving.approved_cases([initiative], as_of=AT)[initiative.pk] == case


def test_while_only_one_person_has_the_right_the_own_approval_is_marked(initiative):
    author = ControllerFactory()
    assert approving.approve(draft(initiative, by=author), by=author, at=AT).self_approved


def test_a_product_owner_writes_and_does_not_approve(initiative):
    owner = ProductOwnerFactory()
    with pytest.raises(CaseNotApprovable) as refused:
        approving.approve(draft(initiative, by=owner), by=owner, at=AT)
    assert refused.value.code == "approval_not_yours"


def test_an_older_draft_is_not_approved_after_a_newer_version(initiative):
    older, newer = draft(initiative), draft(initiative)
    controller = ControllerFactory()
    approving.approve(newer, by=controller, at=AT)
    with pytest.raises(CaseNotApprovable) as refused:
        approving.approve(older, by=controller, at=AT)
    assert refused.value.code == "business_case_superseded"


@pytest.fixture
def frozen(initiative):
    case = BusinessCaseFactory(initiative=initiative)
    driver = ValueDriverFactory(kpi=KpiFactory(initiative=initiative))
    PlannedBenefitFactory(business_case=case, driver=driver), PlannedCostFactory(business_case=case)
    BusinessCase.objects.filter(pk=case.pk).update(approved_at=AT)
    return case


@pytest.mark.parametrize(
    "change",
    [
        lambda case: BusinessCase.objects.filter(pk=case.pk).update(go_live_on=date(2027, 1, 1)),
        lambda case: BusinessCase.objects.filter(pk=case.pk).update(approved_at=None),
        lambda case: PlannedBenefit.objects.update(effect=9),
        lambda case: PlannedCost.objects.update(amount=9),
        lambda case: PlannedCostFactory(business_case=case),
        lambda case: PlannedBenefit.objects.all().delete(),
        lambda case: PlannedCost.objects.all().delete(),
        lambda case: case.delete(),
    ],
)
def test_nothing_of_an_approved_case_changes_whichever_way_to_the_tables_is_taken(frozen, change):
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        change(frozen)
        connection.cursor().execute("set constraints all immediate")


def test_an_approved_case_is_not_withdrawn_and_a_draft_is(initiative, frozen):
    with pytest.raises(ChangeRefused) as refused:
        drafting.withdraw(frozen, by=None, at=AT)
    assert refused.value.code == "business_case_is_frozen"
    drafting.withdraw(draft(initiative), by=None, at=AT)
    assert BusinessCase.objects.count() == 1


def test_people_and_drivers_may_leave_and_what_was_planned_stays(frozen):
    benefit = frozen.benefits.get()
    benefit.driver.delete()
    connection.cursor().execute("set constraints all immediate")
    benefit.refresh_from_db()
    assert (benefit.driver, benefit.effect) == (None, 2)


def test_with_its_initiative_a_case_goes_too(initiative, frozen):
    remove_initiative(initiative, by=None, at=AT)
    connection.cursor().execute("set constraints all immediate")
    assert not BusinessCase.objects.exists()


def test_over_the_horizon_it_promises_twelve_months_from_the_planned_go_live(initiative):
    case = BusinessCaseFactory(initiative=initiative, go_live_on=date(2026, 3, 16), ramp=[Decimal("0.5"), Decimal(1)])
    PlannedBenefitFactory(business_case=case)
    PlannedCostFactory(business_case=case, amount=Decimal(100), on=date(2026, 1, 1), recurrence="monthly")

    found = over_the_horizon(case)  # to 15 March 2027: a month at half and eleven whole ones; 15 payments

    assert (found.benefit, found.cost) == (Decimal("11500.00"), Decimal(1500))


def test_rows_of_one_driver_are_its_phases(initiative):
    case, driver = BusinessCaseFactory(initiative=initiative), ValueDriverFactory(kpi=KpiFactory(initiative=initiative))
    PlannedBenefitFactory(business_case=case, driver=driver, to_month=3)
    PlannedBenefitFactory(business_case=case, driver=driver, from_month=4, effect=Decimal(3))
    PlannedBenefitFactory(business_case=case, name="Other")

    assert [(row.driver_id, len(row.phases)) for row in rows_of(case)] == [(driver.pk, 2), (None, 1)]

"""What the sample company was promised: two approved business cases; the others were never written."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from kpis.access.models import User
from kpis.definitions.models import Initiative
from kpis.ledger.costs import months_later
from kpis.ledger.models import ValueDriver
from kpis.planning import approving, drafting
from kpis.planning.drafting import Draft
from kpis.sample.plan import CasePlan, CostPlan, InitiativePlan
from kpis.sample.story_time import StoryTime


def promise(plan: InitiativePlan, story: StoryTime, *, by: User) -> None:
    """Write and approve the initiative's case as it was then, on its drivers' assumptions; none where none was."""
    if plan.case is None:
        return
    initiative = Initiative.objects.get(slug=plan.slug)
    at = datetime.combine(story.day(plan.case.approved), time(9), UTC)
    draft = Draft(
        go_live_on=story.day(plan.case.live),
        ramp=[Decimal(share) for share in plan.case.ramp],
        owner=plan.owner,
        source=plan.case.source,
        note=plan.case.note,
        benefits=_benefits(initiative, plan.case),
        costs=[_cost(cost, story) for cost in plan.case.costs],
    )
    approving.approve(drafting.write_draft(initiative, draft, by=by, at=at), by=by, at=at)


def _benefits(initiative: Initiative, case: CasePlan) -> list[dict[str, Any]]:
    drivers = {
        driver.name: driver
        for driver in ValueDriver.objects.filter(initiative=initiative).select_related(
            "kpi", "unit_value", "realisation", "attribution"
        )
    }
    return [_benefit(drivers[name], volume, effect) for name, volume, effect in case.benefits]


def _benefit(driver: ValueDriver, volume: str, effect: str) -> dict[str, Any]:
    return {
        "driver": driver,
        "volume_per_month": Decimal(volume),
        "effect": Decimal(effect),
        "unit_value": driver.unit_value.likely,
        "realised": driver.realisation.likely * driver.attribution.likely,
    }


def _cost(plan: CostPlan, story: StoryTime) -> dict[str, Any]:
    """Monthly costs keep the day of the month; single ones move with the story's days."""
    monthly = plan.months != 0
    last = months_later(plan.on, plan.months - 1) if plan.months else None
    return {
        "name": plan.name,
        "cost_category": plan.category,
        "amount": Decimal(plan.amount),
        "on": story.month(plan.on) if monthly else story.day(plan.on),
        "recurrence": "monthly" if monthly else "none",
        "until": story.month(last) if last else None,
    }

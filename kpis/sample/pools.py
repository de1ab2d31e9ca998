"""The hours on which the sample company's value drivers draw: what its payroll holds, with owner and source."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from kpis.access.models import User
from kpis.ledger.pools import stating
from kpis.ledger.pools.stating import StatedCapacity
from kpis.sample.plan import CONTROLLING, SERVICE, PoolPlan
from kpis.sample.story_time import StoryTime

FROM = date(2025, 10, 1)
POOLS = (
    PoolPlan("service-agent-hours", "Hours of the service agents", "9240", SERVICE, "Payroll: 70 agents, 132 h paid"),
    PoolPlan("office-hours", "Office hours", "43560", CONTROLLING, "Payroll: 330 people, 132 h paid"),
    PoolPlan("legal-hours", "Hours of legal and procurement", "1188", CONTROLLING, "Payroll: 9 people, 132 h paid"),
)


def state_pools(story: StoryTime, *, by: User, at: datetime) -> None:
    """All of them, each with its capacity since the story began."""
    for plan in POOLS:
        pool = stating.create_pool({"slug": plan.slug, "name": plan.name, "is_sample": True}, by=by, at=at)
        capacity = StatedCapacity(story.month(FROM), Decimal(plan.hours), plan.owner, plan.source)
        stating.state_capacity(pool, capacity, by=by, at=at, reason="As the payroll says")

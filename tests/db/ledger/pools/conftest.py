"""Initiatives that save hours of 50.00 € each, as somebody reports them, and draw on the hours of one team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from kpis import pipeline
from kpis.access.models import User
from kpis.ledger import closing, periods
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.pools.models import Pool
from kpis.measurements.models import Series
from tests.db.ledger.conftest import arrive, exactly, stand_at
from tests.factories import (
    AssumptionFactory,
    BaselineFactory,
    ControllerFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    PoolFactory,
    SeriesFactory,
    ShareFactory,
    ValueDriverFactory,
)

__all__ = ["arrive", "stand_at"]

LIVE = date(2026, 4, 1)


@dataclass
class Team:
    """`joins("support", interval="day")`, `reports("support", date(2026, 4, 1), 3)`: three hours on that day."""

    pool: Pool
    controller: User
    arrive: Callable[..., object]
    stand_at: Callable[..., None]
    drivers: dict[str, ValueDriver] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)

    def joins(self, slug: str, *, interval: str = "day", live: date = LIVE, pool: Pool | None = None) -> ValueDriver:
        initiative = InitiativeFactory(slug=slug, name=slug.capitalize(), started_on=LIVE, go_live_on=live)
        kpi = KpiFactory(
            initiative=initiative, slug="hours", unit="h", direction="increase", aggregation="sum", interval=interval
        )
        BaselineFactory(kpi=kpi, declared=True, approved=True, value=Decimal(0))
        sure = ShareFactory(**exactly("1", share=True))
        self.drivers[slug] = ValueDriverFactory(
            kpi=kpi,
            name=f"Hours of {slug}",
            volume_per_interval=Decimal(1),
            unit_factor=Decimal(1),
            unit_value=AssumptionFactory(low=Decimal(40), likely=Decimal(50), high=Decimal(60)),
            realisation=sure,
            attribution=sure,
            pool=pool or self.pool,
        )
        self.series[slug] = SeriesFactory(kpi=kpi)
        return self.drivers[slug]

    def reports(self, slug: str, day: date, hours: float) -> None:
        self.arrive(self.series[slug], [(datetime.combine(day, time(10), UTC), float(hours))])

    def brought_up_to_date(self, at: datetime) -> None:
        self.stand_at(at)
        while pipeline.bring_up_to_date(at_most=100):
            pass

    def close(self, key: str, at: datetime) -> None:
        self.brought_up_to_date(at)
        closing.close_period(periods.period_named(key), by=self.controller, at=at, reason="As it is")

    def rows(self, slug: str, status: str = "") -> list[LedgerEntry]:
        rows = self.drivers[slug].entries.filter(**({"status": status} if status else {}))
        return list(rows.order_by("interval_start", "pk"))

    def said(self, slug: str, status: str = "") -> list[tuple[str, str]]:
        """What is claimed and what of it counts, of each row."""
        return [(str(row.claimed), str(row.counted)) for row in self.rows(slug, status)]

    def total(self, slug: str) -> Decimal:
        return sum((row.amount for row in self.rows(slug)), Decimal(0))


@pytest.fixture
def team(arrive, stand_at) -> Team:
    return form_team(arrive, stand_at)


def form_team(arrive, stand_at) -> Team:
    OrganisationFactory(zone="Europe/Berlin")
    stand_at(datetime(2026, 4, 1, 9, tzinfo=UTC))
    controller = User.objects.filter(role=User.Role.CONTROLLER).first() or ControllerFactory()
    return Team(PoolFactory(), controller, arrive, stand_at)


@pytest.fixture
def rivals(arrive, stand_at) -> Team:
    """Support counts 5 hours in April, the assistant claims 40 of the same; an hour is 50.00 €."""
    team = form_team(arrive, stand_at)
    team.joins("support")
    team.joins("assistant", interval="month")
    team.reports("support", date(2026, 4, 1), 5)
    team.reports("assistant", date(2026, 4, 15), 40)
    team.brought_up_to_date(datetime(2026, 5, 4, 9, tzinfo=UTC))
    return team

"""An initiative with costs and entries in round figures, so that every sum can be done in the head."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis.definitions.models import Initiative
from kpis.ledger.models import LedgerEntry, ValueDriver
from tests.factories import (
    CostEntryFactory,
    EffectFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    ValueDriverFactory,
)

AS_OF = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC", reporting_currency="EUR")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", discount_rate=Decimal("0.10"))


@pytest.fixture
def driver() -> Callable[..., ValueDriver]:
    """`driver(initiative, …)`: with an effect of its own KPI, whose error is known."""

    def driver(initiative: Initiative, interval: str = "day", **more: object) -> ValueDriver:
        kpi = KpiFactory(initiative=initiative, interval=interval)
        EffectFactory(kpi=kpi)
        return ValueDriverFactory(kpi=kpi, **more)

    return driver


@pytest.fixture
def book() -> Callable[..., LedgerEntry]:
    """`book(driver, "2026-03-02", 100)`: an amount for one day; `days=7` for a longer interval."""

    def book(driver: ValueDriver, day: str, amount: object, *, days: int = 1, **more: object) -> LedgerEntry:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        given = {"interval_start": start, "interval_end": start + timedelta(days=days), "amount": Decimal(str(amount))}
        given |= {"baseline": driver.kpi.effect.baseline, "benefit_type": driver.benefit_type}
        return LedgerEntryFactory(driver=driver, **(given | more))

    return book


@pytest.fixture
def piloted(driver, book) -> Initiative:
    """1,000 a month from March to May; 250 a month of running costs."""
    initiative = InitiativeFactory(slug="support", started_on=date(2026, 3, 1), go_live_on=date(2026, 3, 1))
    monthly = driver(initiative, "month")
    for month, days in (("2026-03-01", 31), ("2026-04-01", 30), ("2026-05-01", 31)):
        book(monthly, month, 1000, days=days)
    CostEntryFactory(initiative=initiative, amount=Decimal(250), on=date(2026, 3, 1), recurrence="monthly")
    return initiative

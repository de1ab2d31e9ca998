"""One initiative whose figures can be worked out in the head, carried from measurements to the ledger.

A case took 20 minutes, as somebody stated, and 30 cases come in a day. An hour costs 60 €, half of a saving becomes
real: a minute less is 15.00 € a day. Live since the 30th of March 2026, so March has two days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis import pipeline
from kpis.access.models import User
from kpis.definitions.models import Initiative
from kpis.ledger import closing, periods
from kpis.ledger.models import LedgerEntry, Period, ValueDriver
from kpis.measurements.models import Series
from kpis.plumbing import clock
from tests.db.rollups.conftest import arrive
from tests.factories import (
    AssumptionFactory,
    BaselineFactory,
    ControllerFactory,
    CostEntryFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    SeriesFactory,
    ShareFactory,
    ValueDriverFactory,
)

__all__ = ["arrive"]

MARCH, APRIL = "2026-03", "2026-04"
IN_APRIL = datetime(2026, 4, 3, 9, tzinfo=UTC)
LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)
IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)


def exactly(number: str, *, share: bool = False) -> dict[str, object]:
    return {"low": Decimal(number), "likely": Decimal(number), "high": Decimal(number), "is_share": share}


@dataclass
class Books:
    """`measure(30, 16)` on the 30th of March, from 32 on in April; `close("2026-03", at=…)`."""

    driver: ValueDriver
    minutes: Series
    cases: Series
    controller: User
    arrive: Callable[..., None]
    stand_at: Callable[..., None]

    @property
    def initiative(self) -> Initiative:
        return self.driver.initiative

    def measure(self, day: int, minutes: float, *, cases: float = 30, event: str = "") -> None:
        noon = datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(days=day - 1)
        self.arrive(self.minutes, [(noon, float(minutes), 1.0, event)])
        self.arrive(self.cases, [(noon, float(cases))])

    def bring_up_to_date(self, *, at: datetime) -> None:
        self.stand_at(at)
        while pipeline.bring_up_to_date(at_most=100):
            pass

    def close(self, key: str, *, at: datetime, reason: str = "", by: User | None = None) -> Period:
        self.bring_up_to_date(at=at)
        return closing.close_period(periods.period_named(key), by=by or self.controller, at=at, reason=reason)

    def rows(self, status: str = "") -> list[LedgerEntry]:
        rows = LedgerEntry.objects.filter(**({"status": status} if status else {}))
        return list(rows.order_by("interval_start", "pk"))

    def amounts(self, status: str = "") -> list[Decimal]:
        return [row.amount for row in self.rows(status)]


@pytest.fixture
def stand_at() -> Iterator[Callable[[datetime], None]]:
    """The product's clock stands at an instant until it is told another one."""
    with pytest.MonkeyPatch.context() as patch:
        yield lambda instant: patch.setattr(clock, "now", lambda: instant)


@pytest.fixture
def books(arrive, stand_at) -> Books:
    return open_books(arrive, stand_at)


@pytest.fixture
def march(books) -> Books:
    """Two days of March at 60.00 each, costs of 100.00; the 1st of April as well. Nothing is closed."""
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.bring_up_to_date(at=IN_APRIL)
    return books


@pytest.fixture
def closed(books) -> Books:
    """March is closed with 120.00, April has 120.00 of two days; the hour costs 60 € and nobody owns it."""
    for day in (30, 31, 32, 33):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    books.bring_up_to_date(at=LATER)
    return books


def open_books(arrive, stand_at, slug: str = "support", *, is_sample: bool = False) -> Books:
    """Costs of 100.00 € on the 1st of March; no measurements yet."""
    OrganisationFactory(zone="Europe/Berlin")
    stand_at(IN_APRIL)
    live = date(2026, 3, 30)
    initiative = InitiativeFactory(slug=slug, started_on=date(2026, 3, 1), go_live_on=live, is_sample=is_sample)
    kpi = KpiFactory(initiative=initiative, slug="minutes")
    cases = KpiFactory(initiative=initiative, slug="cases", unit="{case}", direction="increase", aggregation="sum")
    BaselineFactory(kpi=kpi, declared=True, approved=True, value=Decimal(20))
    CostEntryFactory(initiative=initiative, amount=Decimal("100.00"), on=date(2026, 3, 1))
    driver = ValueDriverFactory(
        kpi=kpi,
        name="Minutes saved",
        volume_kpi=cases,
        unit_value=AssumptionFactory(**exactly("60")),
        realisation=ShareFactory(**exactly("0.5", share=True)),
        attribution=ShareFactory(**exactly("1", share=True)),
    )
    controller = User.objects.filter(role=User.Role.CONTROLLER).first() or ControllerFactory()
    return Books(driver, SeriesFactory(kpi=kpi), SeriesFactory(kpi=cases), controller, arrive, stand_at)

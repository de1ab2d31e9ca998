"""A business case as amounts: what it expects of each benefit in each month, and its costs by date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from kpis.calculations.investment import add_months
from kpis.calculations.money import EXACT, cents
from kpis.calculations.planned import Expected, PlannedPhase, expected
from kpis.ledger.costs import CostLine, cost_lines
from kpis.ledger.models import CostEntry
from kpis.planning.models import BusinessCase, PlannedBenefit, PlannedCost


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One benefit with its phases, by the driver that was to bring it (None: that driver is gone)."""

    name: str
    driver_id: int | None
    phases: tuple[PlannedPhase, ...]
    written: tuple[PlannedBenefit, ...]

    def expected(self, case: BusinessCase, month: date, *, go_live: date | None) -> Expected:
        """In one calendar month, counted from any go-live."""
        return expected(self.phases, case.ramp, go_live=go_live, month=month)


@dataclass(frozen=True, slots=True)
class Promised:
    """What a case comes to by the end of a day, in its currency, to the cent."""

    benefit: Decimal
    cost: Decimal

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost


def rows_of(case: BusinessCase) -> list[PlannedRow]:
    """Benefits of one driver (without one: of one name) together, in the order in which they were written."""
    grouped: dict[object, list[PlannedBenefit]] = {}
    for benefit in case.benefits.all():
        grouped.setdefault(benefit.driver_id or benefit.name, []).append(benefit)
    return [
        PlannedRow(rows[0].name, rows[0].driver_id, tuple(map(_phase, rows)), tuple(rows)) for rows in grouped.values()
    ]


def months_between(first: date, end: date) -> list[date]:
    """First days of the calendar months in `[first, end)`, both first days themselves."""
    months, month = [], first
    while month < end:
        months.append(month)
        month = add_months(month, 1)
    return months


def planned_costs(case: BusinessCase, *, until: date) -> list[CostLine]:
    """Every planned payment on or before `until`, by date."""
    return cost_lines([_as_entry(case, cost) for cost in case.costs.all()], until=until)


def promised(case: BusinessCase, *, months: Iterable[date], until: date) -> Promised:
    """Benefits of whole calendar months, costs up to a day."""
    rows = rows_of(case)
    amounts = [row.expected(case, month, go_live=case.go_live_on).amount for month in months for row in rows]
    costs = sum((line.amount for line in planned_costs(case, until=until)), Decimal(0))
    return Promised(cents(sum(amounts, Decimal(0))), costs)


def first_month(case: BusinessCase) -> date:
    """In which anything is planned: a cost or go-live."""
    days = [case.go_live_on, *(cost.on for cost in case.costs.all())]
    return min(days).replace(day=1)


def over_the_horizon(case: BusinessCase) -> Promised:
    """From the first cost to the end of the initiative's horizon, counted from the planned go-live."""
    length = case.initiative.horizon_months
    end = add_months(case.go_live_on, length)
    months = months_between(first_month(case), end)
    phases = [_until(phase, length) for row in rows_of(case) for phase in row.phases if phase.first <= length]
    amounts = [expected(phases, case.ramp, go_live=case.go_live_on, month=month).amount for month in months]
    costs = sum((line.amount for line in planned_costs(case, until=end - timedelta(days=1))), Decimal(0))
    return Promised(cents(sum(amounts, Decimal(0))), costs)


def _until(phase: PlannedPhase, month: int) -> PlannedPhase:
    return replace(phase, last=month if phase.last is None else min(phase.last, month))


def _phase(benefit: PlannedBenefit) -> PlannedPhase:
    worth = EXACT.multiply(EXACT.multiply(benefit.unit_factor, benefit.unit_value), benefit.realised)
    return PlannedPhase(
        benefit.volume_per_month, benefit.effect, worth, first=benefit.from_month, last=benefit.to_month
    )


def _as_entry(case: BusinessCase, cost: PlannedCost) -> CostEntry:
    """As a planned cost entry that nobody stores: dates of recurring costs are reckoned once for both."""
    return CostEntry(
        pk=cost.pk,
        initiative_id=case.initiative_id,
        name=cost.name,
        cost_category=cost.cost_category,
        amount=cost.amount,
        currency=case.currency,
        on=cost.on,
        recurrence=cost.recurrence,
        until=cost.until,
        kind=CostEntry.Kind.PLANNED,
    )

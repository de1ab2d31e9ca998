"""Plan against actual: the approved business case beside what was booked, over the same full months.

Months that are over count whole, the running one not at all, so both sides hold the same intervals. A benefit counts in
the month in which its interval ended, whenever it was booked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import investment
from kpis.calculations.answer import Answer
from kpis.calculations.bridge import BenefitMonth, Bridge, Found, bridge
from kpis.calculations.intervals import Calendar
from kpis.calculations.planned import Expected, PlannedPhase
from kpis.ledger.columns import amount, what_each_added
from kpis.planning.models import BusinessCase
from kpis.planning.schedule import PlannedRow, Promised, first_month, months_between, planned_costs, promised, rows_of
from kpis.roi.flows import A_MOMENT, DriverFlow, Flows, dated, local_days

NO_CASE = "No business case was approved, so there is no plan to compare with."


@dataclass(frozen=True, slots=True)
class Compared:
    """One benefit: its key in the bridge, what was planned for it and what was booked; None where there is neither."""

    key: str
    name: str
    row: PlannedRow | None
    flow: DriverFlow | None
    months: tuple[BenefitMonth, ...]


@dataclass(frozen=True, slots=True)
class AgainstPlan:
    """`planned` and `actual` over `months`, in the case's currency; the bridge leads from one net to the other."""

    case: BusinessCase
    months: tuple[date, ...]
    planned: Promised
    actual: Promised
    bridge: Bridge
    compared: tuple[Compared, ...]

    @property
    def until(self) -> date:
        """The last day that counts."""
        return investment.add_months(self.months[-1], 1) - timedelta(days=1)

    @property
    def planned_roi(self) -> Answer:
        return investment.roi(self.planned.benefit, self.planned.cost)

    @property
    def actual_roi(self) -> Answer:
        return investment.roi(self.actual.benefit, self.actual.cost)

    @property
    def points(self) -> Answer:
        """The difference of both ROIs, as a share of one hundred points."""
        planned, actual = self.planned_roi, self.actual_roi
        if planned.value is None or actual.value is None:
            return planned if planned.value is None else actual
        return Answer(actual.value - planned.value)


def against_plan(
    flows: Flows, case: BusinessCase | None, *, as_of: datetime, calendar: Calendar, reasons: dict[str, str]
) -> AgainstPlan | None:
    """None with a reason: no approved case, another currency, or no full month yet."""
    today = calendar.local_date(as_of - A_MOMENT)
    if case is None:
        reasons["plan"] = NO_CASE
        return None
    if case.currency != flows.currency:
        reasons["plan"] = f"The business case is in {case.currency} and the initiative in {flows.currency}."
        return None
    first = min(first_month(case), _first_flow(flows, today))
    months = months_between(first, calendar.local_date(as_of).replace(day=1))
    if not months:
        reasons["plan"] = "No full month has passed since the business case begins."
        return None
    end = investment.add_months(months[-1], 1)
    compared = tuple(_compared(flows, case, months, calendar, today))
    planned_by, actual_by = _costs(flows, case, end)
    found = bridge(
        {each.key: each.months for each in compared if each.row},
        not_planned={each.key: _booked(each.months) for each in compared if not each.row},
        planned_costs=planned_by,
        actual_costs=actual_by,
    )
    planned = promised(case, months=months, until=end - timedelta(days=1))
    cost = sum(actual_by.values(), Decimal(0))
    return AgainstPlan(case, tuple(months), planned, Promised(found.actual + cost, cost), found, compared)


def _first_flow(flows: Flows, today: date) -> date:
    found = dated([flows], of_day=True)
    return (date.fromordinal(int(found.on[0])) if found.on.size else today).replace(day=1)


def _compared(
    flows: Flows, case: BusinessCase, months: Sequence[date], calendar: Calendar, today: date
) -> list[Compared]:
    """What is planned, in its order, then what only was booked."""
    live = flows.initiative.go_live_on
    actual_live = live if live is not None and live <= today else None
    booked, found = {flow.driver.pk: flow for flow in flows.drivers}, []
    for row in rows_of(case):
        flow = booked.pop(row.driver_id, None) if row.driver_id else None
        of_month = _found(flow, months, calendar) if flow else {}
        rows = tuple(
            BenefitMonth(
                planned=row.expected(case, month, go_live=case.go_live_on),
                shifted=row.expected(case, month, go_live=actual_live),
                terms=row.phases[0],
                found=of_month.get(month),
            )
            for month in months
        )
        found.append(Compared(str(row.driver_id or row.name), row.name, row, flow, rows))
    return found + [_not_planned(flow, months, calendar) for flow in booked.values()]


def _not_planned(flow: DriverFlow, months: Sequence[date], calendar: Calendar) -> Compared:
    terms = PlannedPhase(Decimal(0), Decimal(0), Decimal(0))
    booked = _found(flow, months, calendar).values()
    rows = tuple(BenefitMonth(Expected(), Expected(), terms, found) for found in booked)
    return Compared(str(flow.driver.pk), flow.driver.name, None, flow, rows)


def _found(flow: DriverFlow, months: Sequence[date], calendar: Calendar) -> Mapping[date, Found]:
    """What was booked of each month in which an interval ended; months without one are absent."""
    entries, sign = flow.entries, flow.streams[-1].sign
    quantity = sign * entries["difference"] * entries["volume"]
    added = {
        "volume": what_each_added(entries, entries["volume"]),
        "quantity": what_each_added(entries, quantity),
        "amount": what_each_added(entries, quantity * entries["worth"]),
    }
    last_day = local_days([entries["end_us"] - 1], calendar)[0]
    ends = np.array([investment.add_months(month, 1).toordinal() for month in months])
    place = np.searchsorted(ends, last_day, side="right")
    result = {}
    for k in np.unique(place[place < len(months)]).tolist():
        chosen = place == k
        sums = {name: _exact(values, chosen) for name, values in added.items()}
        result[months[k]] = Found(**sums, booked=amount(entries[chosen]))
    return result


def _exact(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Decimal:
    return sum((Decimal(repr(value)) for value in values[chosen].tolist()), Decimal(0))


def _booked(months: Sequence[BenefitMonth]) -> Decimal:
    return sum((month.found.booked for month in months if month.found), Decimal(0))


def _costs(flows: Flows, case: BusinessCase, end: date) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Planned and actual, by category, before a day."""
    sums: tuple[dict[str, Decimal], dict[str, Decimal]] = ({}, {})
    lines = ((0, planned_costs(case, until=end - timedelta(days=1))), (1, [x for x in flows.costs if x.on < end]))
    for k, row in lines:
        for line in row:
            sums[k][line.cost_category] = sums[k].get(line.cost_category, Decimal(0)) + line.amount
    return sums

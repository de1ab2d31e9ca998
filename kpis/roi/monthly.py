"""The account by calendar month: benefits by the month in which their interval ended, costs by their date.

Adjustments belong to the month in which they were booked: a closed month stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from kpis.ledger.columns import Entries, amount, are_adjustments, freed
from kpis.ledger.costs import months_later
from kpis.roi.flows import Days, Flows


@dataclass(frozen=True, slots=True)
class MonthSum:
    """`first`: first day of the month. Amounts in the initiative's currency; `cost` is positive.

    adjusted : the part of `benefit` that was booked for closed months. traced : what follow-up KPIs showed. freed : the
    part that is freed time less what was traced; below zero where that was of months before.
    """

    first: date
    entries: int
    benefit: Decimal
    adjusted: Decimal
    freed: Decimal
    traced: Decimal
    cost: Decimal
    provisional: bool  # a part of it may still change by itself

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost


def by_month(flows: Flows) -> list[MonthSum]:
    """Every month in which something flowed, oldest first; the sums over all months are the statement's."""
    booked: dict[date, list[Entries]] = defaultdict(list)
    traced: dict[date, Decimal] = defaultdict(Decimal)
    costs: dict[date, list[Decimal]] = defaultdict(list)
    for line in flows.costs:
        costs[line.on.replace(day=1)].append(line.amount)
    for flow in flows.drivers:
        for month in _months(flow.day):
            booked[month].append(flow.booked_between(month, months_later(month, 1)))
        for month in _months(flow.traced_day):
            traced[month] += flow.traced_between(month, months_later(month, 1))
    return [
        _month(month, booked[month], traced[month], costs[month])
        for month in sorted(booked.keys() | traced.keys() | costs.keys())
    ]


def _months(days: Days) -> set[date]:
    return {date.fromordinal(day).replace(day=1) for day in np.unique(days).tolist()}


def _month(first: date, booked: list[Entries], traced: Decimal, costs: list[Decimal]) -> MonthSum:
    return MonthSum(
        first=first,
        entries=sum(entries.size for entries in booked),
        benefit=sum(map(amount, booked), Decimal(0)),
        adjusted=sum((amount(entries[are_adjustments(entries)]) for entries in booked), Decimal(0)),
        freed=sum((freed(entries) for entries in booked), Decimal(0)) - traced,
        traced=traced,
        cost=sum(costs, Decimal(0)),
        provisional=any(entries["provisional"].any() for entries in booked),
    )

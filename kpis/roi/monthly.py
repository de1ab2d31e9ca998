"""The account by calendar month: benefits by the month in which their interval ended, costs by their date.

Adjustments belong to the month in which they were booked: a closed month stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kpis.roi.flows import Flows


@dataclass(frozen=True, slots=True)
class MonthSum:
    """`first`: first day of the month. Amounts in the initiative's currency; `cost` is positive."""

    first: date
    entries: int
    benefit: Decimal
    cost: Decimal
    provisional: bool  # a part of it may still change by itself

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost


def by_month(flows: Flows) -> list[MonthSum]:
    """Every month in which something flowed, oldest first; the sums over all months are the statement's."""
    found: dict[date, list[tuple[int, Decimal, Decimal, bool]]] = {}
    for line in flows.costs:
        found.setdefault(line.on.replace(day=1), []).append((0, Decimal(0), line.amount, False))
    for flow in flows.drivers:
        columns = (flow.day.tolist(), flow.entries["cents"].tolist(), flow.entries["provisional"].tolist())
        for day, cents, provisional in zip(*columns, strict=True):
            month = date.fromordinal(day).replace(day=1)
            found.setdefault(month, []).append((1, Decimal(cents).scaleb(-2), Decimal(0), provisional))
    return [
        MonthSum(
            first=month,
            entries=sum(n for n, *_ in rows),
            benefit=sum((benefit for _n, benefit, *_ in rows), Decimal(0)),
            cost=sum((cost for *_, cost, _p in rows), Decimal(0)),
            provisional=any(provisional for *_, provisional in rows),
        )
        for month, rows in sorted(found.items())
    ]

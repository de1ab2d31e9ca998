"""The account of one calendar week: benefits by the week in which their interval ended, costs by their date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kpis.ledger.columns import amount
from kpis.roi.flows import Flows


@dataclass(frozen=True, slots=True)
class WeekSum:
    """`monday`: the week's first day. Amounts in the flows' currency; `cost` is positive."""

    monday: date
    benefit: Decimal
    cost: Decimal
    provisional: bool  # a part of it may still change by itself

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost


def of_week(flows: Sequence[Flows], monday: date) -> WeekSum:
    """What flowed from `monday` to the Sunday after it. The sums of all weeks are the statement's.

    An interval that ends as the next week begins (a day, a week, a month) belongs to the week that it closes.
    """
    end = monday + timedelta(days=7)
    booked = [flow.booked_between(monday, end) for f in flows for flow in f.drivers]
    costs = [line.amount for f in flows for line in f.costs if monday <= line.on < end]
    return WeekSum(
        monday=monday,
        benefit=sum(map(amount, booked), Decimal(0)),
        cost=sum(costs, Decimal(0)),
        provisional=any(entries["provisional"].any() for entries in booked),
    )

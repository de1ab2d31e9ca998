"""Cumulative net benefit by week, with its 80 % range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, LOW, Draws, money_draws
from kpis.definitions import organisation
from kpis.roi.flows import DriverFlow, Flows

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NetAt:
    """Net of everything dated or ended by the end of the local date `on`, in the statement's currency."""

    on: date
    net: Decimal
    low: Decimal
    high: Decimal
    provisional: bool


def net_curve(flows: Sequence[Flows], *, as_of: datetime, draws: Draws) -> list[NetAt]:
    """At the end of each Sunday since the first flow, and as of the instant. Empty where nothing has flowed."""
    dated = [(line.on, -line.amount) for f in flows for line in f.costs]
    dated += [(on, e.amount) for f in flows for d in f.drivers for on, e in zip(d.day, d.entries, strict=True)]
    if not dated:
        return []
    today = organisation.calendar().local_date(as_of)
    days = _sundays(min(on for on, _ in dated), today)
    net = [sum((amount for on, amount in dated if on <= day), Decimal(0)) for day in days]
    spread = _spread(flows, days, draws)
    first_open = _first_provisional(flows)
    return [
        NetAt(day, value, value + cents(low), value + cents(high), first_open is not None and day >= first_open)
        for day, value, low, high in zip(days, net, *spread, strict=True)
    ]


def _sundays(first: date, today: date) -> list[date]:
    start = first - timedelta(days=first.weekday() + 1)  # the Sunday before, where the net is still zero
    days = []
    while start < today:
        days.append(start)
        start += WEEK
    return [*days, today]


def _spread(flows: Sequence[Flows], days: Sequence[date], draws: Draws) -> NDArray[np.float64]:
    """P10 and P90 around the booked net, shape (2, days)."""
    money = np.zeros((len(days), draws.n))
    booked = np.zeros(len(days))
    for flow in (flow for f in flows for flow in f.drivers):
        weights = _counted(flow, days)
        money += money_draws(flow.stream, draws, weights)
        booked += weights @ np.array([float(entry.amount) for entry in flow.entries])
    return np.quantile(money, [LOW, HIGH], axis=1) - booked


def _counted(flow: DriverFlow, days: Sequence[date]) -> NDArray[np.float64]:
    booked = np.array([day.toordinal() for day in flow.day])
    until = np.array([day.toordinal() for day in days])
    return (booked[None, :] <= until[:, None]).astype(float)


def _first_provisional(flows: Sequence[Flows]) -> date | None:
    return min(
        (
            on
            for f in flows
            for flow in f.drivers
            for on, entry in zip(flow.day, flow.entries, strict=True)
            if entry.provisional
        ),
        default=None,
    )

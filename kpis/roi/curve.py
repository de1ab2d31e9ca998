"""Cumulative net benefit by week, with its 80 % range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.intervals import Calendar
from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, LOW, Draws, Floats, Stream, joint_draws, quantiles
from kpis.roi.flows import Days, Flows, dated

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NetAt:
    """Net of everything dated or ended by the end of the local date `on`, in the statement's currency."""

    on: date
    net: Decimal
    low: Decimal
    high: Decimal
    provisional: bool


def net_curve(flows: Sequence[Flows], *, as_of: datetime, calendar: Calendar, draws: Draws) -> list[NetAt]:
    """At the end of each Sunday since the first flow, and as of the instant. Empty where nothing has flowed."""
    found = dated(flows, of_day=True)
    if not found.on.size:
        return []
    today = calendar.local_date(as_of)
    days = _sundays(date.fromordinal(int(found.on[0])), today)
    until = np.array([day.toordinal() for day in days], np.int64)
    cumulative = np.append(0, np.cumsum(found.cents))[np.searchsorted(found.on, until, side="right")]
    net = [Decimal(whole).scaleb(-2) for whole in cumulative.tolist()]
    spread = _spread(flows, until, draws)
    first_open = _first_provisional(flows)
    return [
        NetAt(day, value, value + cents(low), value + cents(high), first_open is not None and day >= first_open)
        for day, value, low, high in zip(days, net, *spread.tolist(), strict=True)
    ]


def _sundays(first: date, today: date) -> list[date]:
    start = first - timedelta(days=first.weekday() + 1)  # the Sunday before, where the net is still zero
    days = []
    while start < today:
        days.append(start)
        start += WEEK
    return [*days, today]


def _spread(flows: Sequence[Flows], until: Days, draws: Draws) -> NDArray[np.float64]:
    """P10 and P90 around the booked net, shape (2, days)."""
    booked = np.zeros(until.size)
    streams: list[Stream] = []
    sums: list[tuple[Floats, Floats]] = []
    for flow in (flow for f in flows for flow in f.drivers):
        counted = (flow.day[None, :] <= until[:, None]).astype(float)
        streams += flow.streams
        sums += [(counted @ stream.quantity, counted @ stream.exposure) for stream in flow.streams]
        booked += counted @ (flow.entries["cents"] / 100)
    if not streams:
        return np.zeros((2, until.size))
    return quantiles(joint_draws(streams, sums, draws), [LOW, HIGH]) - booked


def _first_provisional(flows: Sequence[Flows]) -> date | None:
    open_days = [flow.day[flow.entries["provisional"]] for f in flows for flow in f.drivers]
    return min((date.fromordinal(int(days.min())) for days in open_days if days.size), default=None)

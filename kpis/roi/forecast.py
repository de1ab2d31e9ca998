"""What comes if nothing changes: the last thirteen weeks go on, recurring and planned costs are paid. Never added up
with what has happened; it has its own name and its own form on pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from kpis.calculations.intervals import Calendar
from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, LOW, Draws, Floats, Stream, joint_draws, quantiles, spread
from kpis.roi.flows import Flows, end_of_next_quarter

WEEKS_BACK = 13
SCENARIO = "nothing_changes"


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Cumulative net at the end of the local date `on`, in the statement's currency."""

    on: date
    net: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """The scenario and where it leads: `end` is the end of the next full fiscal quarter."""

    scenario: str
    end: ForecastPoint

    @property
    def until(self) -> date:
        return self.end.on

    @property
    def net(self) -> Decimal:
        return self.end.net

    @property
    def low(self) -> Decimal:
        return self.end.low

    @property
    def high(self) -> Decimal:
        return self.end.high


def forecast(
    flows: Sequence[Flows], *, as_of: datetime, calendar: Calendar, draws: Draws, reasons: dict[str, str]
) -> Forecast | None:
    """To the end of the next full quarter; None with a reason where a month of benefits is not there yet."""
    today = calendar.local_date(as_of)
    if looked_back(flows, today) < timedelta(weeks=4):
        reasons["forecast"] = "A forecast needs at least four weeks of booked benefits."
        return None
    until = end_of_next_quarter(as_of, calendar)
    streams, sums, likely = carried_on(flows, [until], today)
    found = spread(streams, draws, sums=[(float(quantity[0]), float(exposure[0])) for quantity, exposure in sums])
    spent = _spent(flows, [until])[0]
    return Forecast(SCENARIO, _point(until, float(likely[0]), found.low, found.high, spent))


def forecast_path(
    flows: Sequence[Flows], *, as_of: datetime, calendar: Calendar, draws: Draws
) -> tuple[ForecastPoint, ...]:
    """The way to the end of a forecast that there is, by week."""
    today = calendar.local_date(as_of)
    days = _weekly(today, end_of_next_quarter(as_of, calendar))
    streams, sums, likely = carried_on(flows, days, today)
    low, high = quantiles(joint_draws(streams, sums, draws), [LOW, HIGH]).tolist()
    return tuple(map(_point, days, likely.tolist(), low, high, _spent(flows, days)))


def _point(on: date, net: float, low: float, high: float, spent: Decimal) -> ForecastPoint:
    return ForecastPoint(on, cents(net) - spent, cents(low) - spent, cents(high) - spent)


def looked_back(flows: Sequence[Flows], today: date) -> timedelta:
    """How far back the scenario looks: thirteen weeks, or since the first benefit."""
    first = min((int(flow.earned[0]) for f in flows for flow in f.drivers), default=today.toordinal())
    return min(timedelta(weeks=WEEKS_BACK), today - date.fromordinal(first))


def carried_on(
    flows: Sequence[Flows], days: Sequence[date], today: date
) -> tuple[list[Stream], list[tuple[Floats, Floats]], Floats]:
    """Each driver's stream, its sums by each day, and the likely money of all together; shape (days,)."""
    span = looked_back(flows, today).days
    ahead = np.array([(day - today).days for day in days], float)
    likely = np.zeros(len(days))
    streams: list[Stream] = []
    sums: list[tuple[Floats, Floats]] = []
    for flow in (flow for f in flows for flow in f.drivers):
        # The window ends where the driver's last complete interval ends, so that a monthly driver is not diluted.
        # An adjustment counts where it was earned: a correction of last year is not what comes back each week.
        recent = (flow.earned > flow.earned[-1] - span) & (flow.earned <= flow.earned[-1])
        columns = [column for stream in flow.streams for column in (stream.quantity, stream.exposure)]
        gone_on = [column.sum() + ahead / span * column[recent].sum() for column in columns]
        streams += flow.streams
        sums += zip(gone_on[::2], gone_on[1::2], strict=True)
        money = flow.entries["cents"] / 100
        likely += money.sum() + ahead / span * money[recent].sum()
    return streams, sums, likely


def _weekly(today: date, until: date) -> list[date]:
    days, day = [], today + timedelta(days=6 - today.weekday() or 7)
    while day < until:
        days.append(day)
        day += timedelta(days=7)
    return [*days, until]


def _spent(flows: Sequence[Flows], days: Sequence[date]) -> list[Decimal]:
    """Actual costs to date, and what comes after it up to each day."""
    to_date, ahead = sum((f.invested for f in flows), Decimal(0)), [line for f in flows for line in f.ahead]
    return [to_date + sum((line.amount for line in ahead if line.on <= day), Decimal(0)) for day in days]

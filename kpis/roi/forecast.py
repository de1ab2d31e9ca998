"""What comes if nothing changes: the last thirteen weeks go on, recurring and planned costs are paid. Never added up
with what has happened; it has its own name and its own form on pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from kpis.calculations.intervals import Granularity
from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, LOW, Draws, money_draws
from kpis.definitions import organisation
from kpis.ledger.costs import cost_lines
from kpis.ledger.models import CostEntry
from kpis.roi.flows import Flows

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
    """The scenario with its path; `until` is the end of the next full fiscal quarter."""

    scenario: str
    path: tuple[ForecastPoint, ...]

    @property
    def until(self) -> date:
        return self.path[-1].on

    @property
    def net(self) -> Decimal:
        return self.path[-1].net

    @property
    def low(self) -> Decimal:
        return self.path[-1].low

    @property
    def high(self) -> Decimal:
        return self.path[-1].high


def forecast(flows: Sequence[Flows], *, as_of: datetime, draws: Draws, reasons: dict[str, str]) -> Forecast | None:
    """By week to the end of the next full quarter; None with a reason where a month of benefits is not there yet."""
    calendar = organisation.calendar()
    today = calendar.local_date(as_of)
    running = [flow for f in flows for flow in f.drivers if flow.entries]
    span = min(timedelta(weeks=WEEKS_BACK), today - min((flow.earned[0] for flow in running), default=today))
    if span < timedelta(weeks=4):
        reasons["forecast"] = "A forecast needs at least four weeks of booked benefits."
        return None
    until = _end_of_next_quarter(as_of)
    days = _weekly(today, until)
    ahead = np.array([(day - today).days for day in days], float)
    money = np.zeros((len(days), draws.n))
    likely = np.zeros(len(days))
    for flow in running:
        # The window ends where the driver's last complete interval ends, so that a monthly driver is not diluted.
        # An adjustment counts where it was earned: a correction of last year is not what comes back each week.
        end = flow.earned[-1]
        recent = np.array([end - span < on <= end for on in flow.earned], float)
        per_day = 1.0 / span.days
        everything = np.ones_like(recent)
        weights = everything[None, :] + ahead[:, None] * per_day * recent[None, :]
        money += money_draws(flow.stream, draws, weights)
        likely += weights @ np.array([float(entry.amount) for entry in flow.entries])
    low, high = np.quantile(money, [LOW, HIGH], axis=1)
    path = []
    for k, day in enumerate(days):
        spent = sum((_spent(f, day, today) for f in flows), Decimal(0))
        path.append(ForecastPoint(day, cents(likely[k]) - spent, cents(low[k]) - spent, cents(high[k]) - spent))
    return Forecast(SCENARIO, tuple(path))


def _end_of_next_quarter(as_of: datetime) -> date:
    calendar = organisation.calendar()
    this_quarter = calendar.bounds(as_of, Granularity.QUARTER)
    following = calendar.bounds(this_quarter.end, Granularity.QUARTER)
    return calendar.local_date(following.end - timedelta(seconds=1))


def _weekly(today: date, until: date) -> list[date]:
    days, day = [], today + timedelta(days=6 - today.weekday() or 7)
    while day < until:
        days.append(day)
        day += timedelta(days=7)
    return [*days, until]


def _spent(flows: Flows, day: date, today: date) -> Decimal:
    """Actual costs to date, and after it what recurs or is planned up to the day."""
    later = [
        line.amount
        for line in cost_lines(flows.planned, until=day)
        if line.on > today
        and line.currency == flows.initiative.currency
        and (line.recurring or line.kind == CostEntry.Kind.PLANNED)
    ]
    return flows.invested + sum(later, Decimal(0))

"""Three years as published studies tell them: what was spent before go-live, then year by year.

Years that are over are what was booked; the rest of the three goes on as measured, and the answer says from when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kpis.calculations.investment import add_months
from kpis.calculations.money import cents
from kpis.calculations.tei import YEARS, Impact, impact
from kpis.roi.flows import Flows
from kpis.roi.forecast import carried_on
from kpis.roi.horizon import is_carried_on
from kpis.roi.returns import discount_rate


@dataclass(frozen=True, slots=True)
class Year:
    """0 is the start: all before go-live. `is_over`: nothing of it is carried on."""

    number: int
    benefit: Decimal
    cost: Decimal
    is_over: bool

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost


@dataclass(frozen=True, slots=True)
class ThreeYears:
    """`impact` at `rate` a year, without risk factors: realisation and attribution already carry low and high."""

    years: tuple[Year, ...]
    impact: Impact
    rate: float
    measured_until: date  # from then on it is carried on

    @property
    def is_forecast(self) -> bool:
        return not self.years[-1].is_over


def three_years(flows: Sequence[Flows], *, today: date, reasons: dict[str, str]) -> ThreeYears | None:
    """Of the initiatives that are live and can be carried on, each counted from its own go-live; None with a reason."""
    counted = [f for f in flows if _is_countable(f, today)]
    if not counted:
        reasons["three_years"] = _why_not(flows, today)
        return None
    if left := sorted(f.initiative.name for f in flows if f not in counted and (f.drivers or f.costs)):
        reasons["three_years.note"] = f"Not in the three years, because it cannot be carried on: {', '.join(left)}."
    rows = [_years(f, today) for f in counted]
    years = tuple(
        Year(
            number=k,
            benefit=sum((row[k].benefit for row in rows), Decimal(0)),
            cost=sum((row[k].cost for row in rows), Decimal(0)),
            is_over=all(row[k].is_over for row in rows),
        )
        for k in range(YEARS + 1)
    )
    rate = discount_rate(counted)
    found = impact([float(y.benefit) for y in years], [float(y.cost) for y in years], rate=rate)
    return ThreeYears(years, found, rate, today)


def _is_countable(f: Flows, today: date) -> bool:
    live = f.initiative.go_live_on
    return live is not None and live <= today and (add_months(live, 12 * YEARS) <= today or is_carried_on(f, today))


def _years(f: Flows, today: date) -> list[Year]:
    live = f.initiative.go_live_on
    assert live is not None  # noqa: S101 - countable, for the type checker
    ends = [add_months(live, 12 * k) - timedelta(days=1) for k in range(YEARS + 1)]
    benefits, costs = [_benefit_by(f, end, today) for end in ends], [_cost_by(f, end, today) for end in ends]
    return [
        Year(
            number=k,
            benefit=benefits[k] - (benefits[k - 1] if k else 0),
            cost=costs[k] - (costs[k - 1] if k else 0),
            is_over=end <= today,
        )
        for k, end in enumerate(ends)
    ]


def _benefit_by(f: Flows, day: date, today: date) -> Decimal:
    """Everything that is of a local date up to `day`, beyond today carried on."""
    if day > today:
        return cents(float(carried_on([f], [day], today)[2][0]))
    cents_booked = sum(int(flow.entries["cents"][flow.day <= day.toordinal()].sum()) for flow in f.drivers)
    return Decimal(cents_booked).scaleb(-2)


def _cost_by(f: Flows, day: date, today: date) -> Decimal:
    lines = f.costs if day <= today else [*f.costs, *f.payments_ahead(today, day)]
    return sum((line.amount for line in lines if line.on <= day), Decimal(0))


def _why_not(flows: Sequence[Flows], today: date) -> str:
    if not any(f.initiative.go_live_on and f.initiative.go_live_on <= today for f in flows):
        return "It is not live yet, and the three years count from go-live."
    return "A forecast needs at least four weeks of booked benefits."

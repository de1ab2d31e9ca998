"""Where it leads by the end of the horizon: what was measured goes on, at its likely value and both ends of its range.

The horizon is the initiative's own, counted from go-live. Each scenario is a figure of its own, to date *and* ahead,
and is never added to what has happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kpis.calculations.answer import Answer
from kpis.calculations.investment import add_months, roi
from kpis.calculations.money import cents
from kpis.calculations.streams import Draws, Stream, Sums, spread
from kpis.planning.models import BusinessCase
from kpis.planning.schedule import over_the_horizon
from kpis.roi.flows import Flows
from kpis.roi.forecast import carried_on, looked_back

AS_MEASURED, LOW, HIGH, PLAN = "as_measured", "low", "high", "plan"
ENOUGH_TO_CARRY_ON = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Scenario:
    """From the first day to `until` (the last of several horizons), in the statement's currency."""

    name: str
    until: date
    benefit: Decimal
    cost: Decimal

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost

    @property
    def roi(self) -> Answer:
        return roi(self.benefit, self.cost)


def horizon_of(flows: Flows) -> date | None:
    """The last day of the initiative's horizon; None without a go-live or a start to count from."""
    start = flows.initiative.go_live_on or flows.initiative.started_on
    return None if start is None else add_months(start, flows.initiative.horizon_months) - timedelta(days=1)


def is_carried_on(flows: Flows, today: date) -> bool:
    """Whether enough benefits are booked to say how it goes on."""
    return looked_back([flows], today) >= ENOUGH_TO_CARRY_ON


def scenarios(flows: Sequence[Flows], *, today: date, draws: Draws, reasons: dict[str, str]) -> tuple[Scenario, ...]:
    """As measured, and its low and high end (P10 and P90); empty with a reason where nothing can be carried on.

    Initiatives that are too young stand in the sum with what they have booked and paid to date; a reason names them.
    """
    ends = {f.initiative.pk: horizon_of(f) for f in flows}
    going = [f for f in flows if (ends[f.initiative.pk] or today) > today and is_carried_on(f, today)]
    if not going:
        reasons["horizon"] = _why_not(flows, today)
        return ()
    if left := sorted(f.initiative.name for f in flows if f not in going and (f.drivers or f.costs)):
        reasons["horizon.note"] = f"As it stands today, because it cannot be carried on: {', '.join(left)}."
    streams: list[Stream] = []
    sums: list[Sums] = []
    likely, cost = Decimal(0), sum((f.invested for f in flows), Decimal(0))
    for f in flows:
        end = ends[f.initiative.pk] if f in going else None
        if end is None:
            booked = [stream for flow in f.drivers for stream in flow.streams]
            streams += booked
            sums += [stream.sums for stream in booked]
            likely += f.benefit
            continue
        theirs, counted, money = carried_on([f], [end], today)
        streams += theirs
        sums += [(float(quantity[0]), float(exposure[0])) for quantity, exposure in counted]
        likely += cents(float(money[0]))
        cost += sum((line.amount for line in f.payments_ahead(today, end)), Decimal(0))
    until = max(end for f in going if (end := ends[f.initiative.pk]))
    found = spread(streams, draws, sums=sums)
    told = ((AS_MEASURED, likely), (LOW, cents(found.low)), (HIGH, cents(found.high)))
    return tuple(Scenario(name, until, benefit, cost) for name, benefit in told)


def as_planned(case: BusinessCase) -> Scenario:
    """What the approved case promised to the end of its own horizon, counted from the planned go-live."""
    found, end = over_the_horizon(case), add_months(case.go_live_on, case.initiative.horizon_months)
    return Scenario(PLAN, end - timedelta(days=1), found.benefit, found.cost)


def _why_not(flows: Sequence[Flows], today: date) -> str:
    ends = [horizon_of(f) for f in flows]
    if not any(ends):
        return "Neither a start nor a go-live is set, so there is no horizon to look ahead to."
    if all(end is None or end <= today for end in ends):
        return "The horizon is over: what was booked is what came of it."
    return "A forecast needs at least four weeks of booked benefits."

"""What flowed, as of an instant: the ledger entries and cost lines of each initiative, ready to be added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from kpis.calculations.intervals import Calendar
from kpis.calculations.streams import Stream
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.evaluation.models import Effect
from kpis.ledger.costs import CostLine, cost_lines
from kpis.ledger.models import CostEntry, LedgerEntry, ValueDriver
from kpis.ledger.reading import booked_by
from kpis.ledger.uncertainty import stream_of
from kpis.ledger.valuation import IntervalFacts

A_MOMENT = timedelta(microseconds=1)  # an interval does not hold its own end


@dataclass(frozen=True, slots=True)
class DriverFlow:
    """One value driver with its entries, adjustments too, in order of their intervals.

    on : the local date at which each flows: its interval's end, an adjustment's booking. day : the last local date of
    which it is. earned : the end of the interval that it is about, for an adjustment that of the one it corrects.
    stream : one element an entry; an adjustment's is what it added, so that the sums are what is known now.
    """

    driver: ValueDriver
    entries: tuple[LedgerEntry, ...]
    on: tuple[date, ...]
    day: tuple[date, ...]
    earned: tuple[date, ...]
    stream: Stream
    has_range: bool  # false: neither a sampling error nor a stated range of the baseline is known

    @property
    def amount(self) -> Decimal:
        return sum((entry.amount for entry in self.entries), Decimal(0))

    @property
    def evidence_grade(self) -> str:
        return self.entries[-1].evidence_grade


@dataclass(frozen=True, slots=True)
class Flows:
    """One initiative: benefits booked and actual costs dated up to `as_of`, in its currency."""

    initiative: Initiative
    drivers: tuple[DriverFlow, ...]
    costs: tuple[CostLine, ...]
    planned: tuple[CostEntry, ...]  # every entry that may cost something later

    @property
    def benefit(self) -> Decimal:
        return sum((flow.amount for flow in self.drivers), Decimal(0))

    @property
    def invested(self) -> Decimal:
        return sum((line.amount for line in self.costs), Decimal(0))

    def dated(self) -> Iterable[tuple[date, Decimal]]:
        """Every flow: costs negative on their date, benefits on the local date at which they are booked."""
        for line in self.costs:
            yield line.on, -line.amount
        for flow in self.drivers:
            yield from zip(flow.on, (entry.amount for entry in flow.entries), strict=True)


def flows_of(initiatives: Sequence[Initiative], *, as_of: datetime) -> list[Flows]:
    """In the order given; a fixed number of queries however many initiatives there are."""
    entries = _entries(initiatives, as_of)
    effects = {e.kpi_id: e for e in Effect.objects.filter(kpi__initiative__in=initiatives).select_related("baseline")}
    return flows_from(initiatives, entries, effects, as_of=as_of)


def flows_from(
    initiatives: Sequence[Initiative],
    entries: Mapping[int, Iterable[LedgerEntry]],
    effects: Mapping[int, Effect],
    *,
    as_of: datetime,
) -> list[Flows]:
    """From given entries (by initiative id, in order of driver and interval) and effects (by KPI id)."""
    calendar = organisation.calendar()
    costs = defaultdict(list)
    for cost in CostEntry.objects.filter(initiative__in=initiatives):
        costs[cost.initiative_id].append(cost)
    today = calendar.local_date(as_of)
    return [
        Flows(
            initiative=initiative,
            drivers=tuple(_driver_flows(entries.get(initiative.pk, ()), effects, calendar)),
            costs=tuple(_actual(costs[initiative.pk], until=today, currency=initiative.currency)),
            planned=tuple(costs[initiative.pk]),
        )
        for initiative in initiatives
    ]


def _entries(initiatives: Sequence[Initiative], as_of: datetime) -> dict[int, list[LedgerEntry]]:
    found: dict[int, list[LedgerEntry]] = defaultdict(list)
    rows = LedgerEntry.objects.filter(booked_by(as_of), initiative__in=initiatives).select_related(
        "driver__kpi", "driver__initiative", "driver__unit_value", "driver__realisation", "driver__attribution"
    )
    for entry in rows.order_by("driver_id", "interval_start", "id"):
        found[entry.initiative_id].append(entry)
    return found


def _driver_flows(
    entries: Iterable[LedgerEntry], effects: Mapping[int, Effect], calendar: Calendar
) -> Iterable[DriverFlow]:
    grouped: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        grouped[entry.driver_id].append(entry)
    for group in grouped.values():
        driver = group[0].driver
        # Of a driver that rests on another KPI by now, which may not be evaluated yet, the former one's.
        effect = effects.get(driver.kpi_id) or effects[group[-1].kpi_id]
        facts = [IntervalFacts(e.counterfactual, e.actual, e.volume) for e in group]
        stream = each_added(group, stream_of(driver, effect, facts))
        earned = tuple(calendar.local_date(e.interval_end) for e in group)
        adjusted = any(e.status == LedgerEntry.Status.ADJUSTMENT for e in group)
        yield DriverFlow(
            driver=driver,
            entries=tuple(group),
            on=tuple(calendar.local_date(e.booked_at) for e in group) if adjusted else earned,
            day=tuple(calendar.local_date(e.booked_at - A_MOMENT) for e in group),
            earned=earned,
            stream=stream,
            has_range=stream.error.standard_error is not None or stream.error.declared is not None,
        )


def each_added(entries: Sequence[LedgerEntry], stream: Stream) -> Stream:
    """An adjustment holds its interval as it is known since then: what it added is that less the row before it."""
    quantity, exposure = stream.quantity.copy(), stream.exposure.copy()
    newest: dict[tuple[datetime, datetime], int] = {}
    for k, entry in enumerate(entries):
        before = newest.get((entry.interval_start, entry.interval_end))
        if before is not None:
            quantity[k] -= stream.quantity[before]
            exposure[k] -= stream.exposure[before]
        newest[entry.interval_start, entry.interval_end] = k
    return replace(stream, quantity=quantity, exposure=exposure)


def _actual(costs: Iterable[CostEntry], *, until: date, currency: str) -> list[CostLine]:
    # Costs in another currency need a dated rate, which later work brings; the statement names them.
    return [
        line
        for line in cost_lines(costs, until=until)
        if line.kind == CostEntry.Kind.ACTUAL and line.currency == currency
    ]


def foreign_costs(flows: Sequence[Flows]) -> list[CostEntry]:
    """Actual costs that are left out because no dated exchange rate into the initiative's currency is known."""
    return [
        cost
        for flow in flows
        for cost in flow.planned
        if cost.currency != flow.initiative.currency and cost.kind == CostEntry.Kind.ACTUAL
    ]

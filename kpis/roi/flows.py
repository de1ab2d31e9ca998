"""What flowed, as of an instant: the ledger entries and cost lines of each initiative, ready to be added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.intervals import EPOCH, Calendar, Granularity
from kpis.calculations.streams import Stream
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.evaluation.models import Effect
from kpis.ledger import traced
from kpis.ledger.columns import Entries, Kind, amount, by_kind, columns_of, what_each_added
from kpis.ledger.costs import CostLine, cost_lines, in_currency
from kpis.ledger.exchange import Rates, known_rates
from kpis.ledger.models import CostEntry, ValueDriver
from kpis.ledger.traced import NO_TRACES, Traces
from kpis.ledger.uncertainty import Quantities, streams_of
from kpis.ledger.versions import attach, spans_of

A_MOMENT = timedelta(microseconds=1)
Days = NDArray[np.int64]  # proleptic ordinals of local dates (`date.toordinal`)


@dataclass(frozen=True, slots=True)
class DriverFlow:
    """One value driver with its entries, adjustments too, in order of their intervals.

    on : the local date at which each flows: its interval's end, an adjustment's booking. day : the last local date of
    which it is. earned : the end of the interval that it is about, for an adjustment that of the one it corrects.
    streams : one element an entry, what it added: at the likely values the sum is what is booked. More than one where
    an assumption got another value from a day on; each counts the entries that its values price, the newest is last.
    """

    driver: ValueDriver
    entries: Entries
    on: Days
    day: Days
    earned: Days
    streams: tuple[Stream, ...]
    has_range: bool  # false: neither a sampling error nor a stated range of the baseline is known
    by_kind: dict[Kind, Decimal]
    traces: Traces
    traced_day: Days  # as `day`

    @property
    def amount(self) -> Decimal:
        return sum(self.by_kind.values(), Decimal(0))

    @property
    def traced(self) -> Decimal:
        """What of its freed time follow-up KPIs have shown in the books; a part of `amount`."""
        return traced.amount(self.traces)

    @property
    def freed(self) -> Decimal:
        """Direct benefits booked as freed time that nothing has traced yet."""
        return sum((booked for kind, booked in self.by_kind.items() if kind.is_freed), Decimal(0)) - self.traced

    @property
    def evidence_grade(self) -> str:
        """Of the newest interval."""
        return chr(self.entries["kind"][-1] >> 2)

    def earned_between(self, first: date, end: date) -> Decimal:
        """What is booked for intervals that ended on a local date in `[first, end)`."""
        return amount(self.entries[(self.earned >= first.toordinal()) & (self.earned < end.toordinal())])

    def booked_between(self, first: date, end: date) -> Entries:
        """The entries that are of a local date in `[first, end)`."""
        return self.entries[(self.day >= first.toordinal()) & (self.day < end.toordinal())]

    def traced_between(self, first: date, end: date) -> Decimal:
        """What was traced on a local date in `[first, end)`."""
        return traced.amount(self.traces[(self.traced_day >= first.toordinal()) & (self.traced_day < end.toordinal())])


@dataclass(frozen=True, slots=True)
class Flows:
    """One initiative: benefits of the intervals that ended and actual costs dated up to `as_of`, in `currency`.

    ahead : what recurs or is planned after `as_of`, up to the end of the next full quarter, at the rates of `as_of`.
    left_out : actual costs in other currencies for which no exchange rate holds.
    cost_entries, rates : from which whatever is paid later follows.
    """

    initiative: Initiative
    currency: str
    drivers: tuple[DriverFlow, ...]
    costs: tuple[CostLine, ...]
    ahead: tuple[CostLine, ...]
    left_out: tuple[CostLine, ...]
    cost_entries: tuple[CostEntry, ...]
    rates: Rates

    @property
    def benefit(self) -> Decimal:
        return sum((flow.amount for flow in self.drivers), Decimal(0))

    @property
    def invested(self) -> Decimal:
        return sum((line.amount for line in self.costs), Decimal(0))

    def payments_ahead(self, today: date, until: date) -> list[CostLine]:
        """What recurs or is planned after `today`, in `currency` at today's rates; without a rate it is left out."""
        lines = _ahead(cost_lines(self.cost_entries, until=until), today)
        return in_currency(lines, self.currency, self.rates, at=today)[0]


@dataclass(frozen=True, slots=True)
class Dated:
    """The net of each day on which anything flowed, in order; costs are negative, on their date."""

    on: Days
    cents: NDArray[np.int64]


def dated(flows: Sequence[Flows], *, of_day: bool = False) -> Dated:
    """Of several initiatives together; empty where nothing has flowed yet.

    Benefits stand on the local date at which they flow, or with `of_day` on the last one of which they are.
    """
    lines = [line for f in flows for line in f.costs]
    on = [np.array([line.on.toordinal() for line in lines], np.int64)]
    cents = [np.array([-int(line.amount * 100) for line in lines], np.int64)]
    for flow in (flow for f in flows for flow in f.drivers):
        on.append(flow.day if of_day else flow.on)
        cents.append(flow.entries["cents"])
    days, place = np.unique(np.concatenate(on), return_inverse=True)
    net = np.zeros(days.size, np.int64)
    np.add.at(net, place, np.concatenate(cents))
    return Dated(days, net)


@dataclass(frozen=True, slots=True)
class Booked:
    """What flows are made of: drivers in their order, entries by driver id, effects by KPI id, traces by driver id."""

    drivers: list[ValueDriver]
    entries: Mapping[int, Entries]
    effects: Mapping[int, Effect]
    traces: Mapping[int, Traces]


def flows_of(initiatives: Sequence[Initiative], *, as_of: datetime) -> list[Flows]:
    """In the order given; a fixed number of queries however many initiatives there are."""
    found = booked_of(initiatives, as_of=as_of)
    return flows_from(initiatives, found, as_of=as_of)


def booked_of(initiatives: Sequence[Initiative], *, as_of: datetime) -> Booked:
    """As it is stored."""
    drivers = list(
        ValueDriver.objects.filter(initiative__in=initiatives)
        .select_related("kpi", "captured_by", "unit_value", "realisation", "attribution")
        .order_by("pk")
    )
    attach(drivers)
    effects = Effect.objects.filter(kpi__initiative__in=initiatives).select_related("baseline")
    ids = [driver.pk for driver in drivers]
    entries, traces = columns_of(ids, until=as_of), traced.traces_of(ids, until=as_of)
    return Booked(drivers, entries, {effect.kpi_id: effect for effect in effects}, traces)


def flows_from(initiatives: Sequence[Initiative], booked: Booked, *, as_of: datetime) -> list[Flows]:
    """The same from what is given instead of what is stored."""
    calendar = organisation.calendar()
    costs, flowed = defaultdict(list), defaultdict(list)
    for cost in CostEntry.objects.filter(initiative__in=initiatives):
        costs[cost.initiative_id].append(cost)
    for flow in _driver_flows(booked, calendar):
        flowed[flow.driver.initiative_id].append(flow)
    # As of the midnight that ends a day, what is dated on the next one has not been paid yet.
    today = calendar.local_date(as_of - A_MOMENT)
    until, rates = end_of_next_quarter(as_of, calendar), known_rates()
    return [
        _flows(initiative, flowed[initiative.pk], costs[initiative.pk], (today, until), rates)
        for initiative in initiatives
    ]


def end_of_next_quarter(as_of: datetime, calendar: Calendar) -> date:
    """The last day of the first full fiscal quarter that is still to come."""
    this_quarter = calendar.bounds(as_of, Granularity.QUARTER)
    following = calendar.bounds(this_quarter.end, Granularity.QUARTER)
    return calendar.local_date(following.end - timedelta(seconds=1))


def _flows(
    initiative: Initiative,
    drivers: list[DriverFlow],
    entries: list[CostEntry],
    days: tuple[date, date],
    rates: Rates,
) -> Flows:
    (today, until), currency = days, initiative.currency
    lines = cost_lines(entries, until=until)
    paid = [line for line in lines if line.on <= today and line.kind == CostEntry.Kind.ACTUAL]
    costs, left_out = in_currency(paid, currency, rates)
    return Flows(
        initiative=initiative,
        currency=currency,
        drivers=tuple(drivers),
        costs=tuple(costs),
        ahead=tuple(in_currency(_ahead(lines, today), currency, rates, at=today)[0]),
        left_out=tuple(left_out),
        cost_entries=tuple(entries),
        rates=rates,
    )


def _ahead(lines: Iterable[CostLine], today: date) -> list[CostLine]:
    return [line for line in lines if line.on > today and (line.recurring or line.kind != CostEntry.Kind.ACTUAL)]


def _driver_flows(booked: Booked, calendar: Calendar) -> Iterator[DriverFlow]:
    """Of the drivers that have booked anything."""
    booking = [driver for driver in booked.drivers if driver.pk in booked.entries]
    columns = [booked.entries[driver.pk] for driver in booking]
    traces = [booked.traces.get(driver.pk, NO_TRACES) for driver in booking]
    instants = [c[name] - less for name, less in (("booked_us", 0), ("booked_us", 1), ("end_us", 0)) for c in columns]
    n, local = len(booking), local_days([*instants, *(some["booked_us"] - 1 for some in traces)], calendar)
    days = [local[k : k + n] for k in range(0, 4 * n, n)] if n else [[]] * 4
    for driver, found, on, day, earned, some, traced_day in zip(
        booking, columns, *days[:3], traces, days[3], strict=True
    ):
        # Of a driver that rests on another KPI by now, which may not be evaluated yet, the former one's.
        effect = booked.effects.get(driver.kpi_id) or booked.effects[int(found["kpi"][-1])]
        streams = _streams(driver, effect, found, calendar)
        yield DriverFlow(
            driver=driver,
            entries=found,
            on=on,
            day=day,
            earned=earned,
            streams=streams,
            has_range=streams[0].error.standard_error is not None or streams[0].error.declared is not None,
            by_kind={kind: amount(alike) for kind, alike in by_kind(found).items()},
            traces=some,
            traced_day=traced_day,
        )


def _streams(driver: ValueDriver, effect: Effect, entries: Entries, calendar: Calendar) -> tuple[Stream, ...]:
    found = Quantities(entries["start_us"], entries["difference"], entries["volume"], entries["worth"])
    return tuple(
        replace(
            stream,
            quantity=what_each_added(entries, stream.quantity),
            exposure=what_each_added(entries, stream.exposure),
        )
        for stream in streams_of(driver, effect, spans_of(driver, calendar), found)
    )


def local_days(instants: Sequence[NDArray[np.int64]], calendar: Calendar) -> list[Days]:
    """The local date of each instant. Most drivers share theirs, so each is looked up once."""
    if not instants:
        return []
    different, place = np.unique(np.concatenate(instants), return_inverse=True)
    dates = [calendar.local_date(EPOCH + timedelta(microseconds=us)).toordinal() for us in different.tolist()]
    return np.split(np.array(dates, np.int64)[place], np.cumsum([column.size for column in instants])[:-1])

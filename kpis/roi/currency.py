"""Flows of one initiative in another currency: every amount by the rate of its own day, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from kpis.calculations.money import product
from kpis.ledger.columns import Entries, amount, by_kind
from kpis.ledger.costs import in_currency
from kpis.ledger.exchange import Rates
from kpis.ledger.traced import Traces
from kpis.roi.flows import DriverFlow, Flows


class NoRate(Exception):
    """No exchange rate holds on a day on which something flowed."""

    def __init__(self, on: date) -> None:
        super().__init__(on)
        self.on = on


def flows_in(flows: Flows, currency: str, rates: Rates, *, today: date) -> Flows:
    """The same flows in `currency`. Refuses (NoRate) where one amount could not be converted: half a sum misleads."""
    if flows.currency == currency:
        return flows
    factors = _factors(flows, currency, rates)
    costs, left = in_currency(flows.costs, currency, rates)
    if left:
        raise NoRate(left[0].on)
    return replace(
        flows,
        currency=currency,
        drivers=tuple(_driver_in(flow, factors) for flow in flows.drivers),
        costs=tuple(costs),
        ahead=tuple(in_currency(flows.ahead, currency, rates, at=today)[0]),
    )


def _factors(flows: Flows, currency: str, rates: Rates) -> dict[int, Decimal]:
    """By the ordinals of the days on which benefits flowed."""
    found = {}
    for day in sorted({day for flow in flows.drivers for day in flow.on.tolist()}):
        factor = rates.factor(flows.currency, currency, on=date.fromordinal(day))
        if factor is None:
            raise NoRate(date.fromordinal(day))
        found[day] = factor
    return found


def _driver_in(flow: DriverFlow, factors: Mapping[int, Decimal]) -> DriverFlow:
    """Quantities are scaled with the amounts, so that draws and range are in the new currency too."""
    of_day = [factors[day] for day in flow.on.tolist()]
    scale = np.array([float(factor) for factor in of_day])
    entries = flow.entries.copy()
    booked = [Decimal(cents).scaleb(-2) for cents in entries["cents"].tolist()]
    entries["cents"] = [int(product(money, by) * 100) for money, by in zip(booked, of_day, strict=True)]
    return replace(
        flow,
        entries=entries,
        traces=_traces_in(flow, entries, factors),
        streams=tuple(replace(s, quantity=s.quantity * scale, exposure=s.exposure * scale) for s in flow.streams),
        by_kind={kind: amount(some) for kind, some in by_kind(entries).items()},
    )


def _traces_in(flow: DriverFlow, converted: Entries, factors: Mapping[int, Decimal]) -> Traces:
    """What was traced is a part of what was saved, in every currency: at what the entries of its interval came to.

    Where these are nothing together, at the rate of the newest day before it.
    """
    traces, ends = flow.traces.copy(), flow.entries["end_us"]
    for trace in traces:
        of_it = (ends > trace["start_us"]) & (ends <= trace["end_us"])
        was, comes_to = amount(flow.entries[of_it]), amount(converted[of_it])
        factor = comes_to / was if was else factors[max(factors)]
        trace["cents"] = int(product(Decimal(int(trace["cents"])).scaleb(-2), factor) * 100)
    return traces

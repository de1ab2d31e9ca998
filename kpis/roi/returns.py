"""NPV, IRR and payback from dated flows, to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import internal_rate, investment
from kpis.calculations.answer import Answer
from kpis.roi.flows import Flows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Returns:
    """`npv` in the statement's currency at the discount rate; `irr` a share a year; payback counted from day 0."""

    npv: Answer
    irr: Answer
    payback: Answer  # days since day 0
    payback_on: date | None
    payback_months: Answer


def of(flows: Sequence[Flows], *, as_of: datetime, reasons: dict[str, str]) -> Returns:
    """Day 0 is the earliest `started_on`; a benefit flows at the end of its interval, a cost on its date."""
    dated = _by_date(flows)
    if not dated:
        return _nothing(reasons)
    start = min([f.initiative.started_on for f in flows if f.initiative.started_on] or [min(dated)])
    start = min(start, min(dated))
    days, amounts = _arrays(dated, start)
    npv = investment.npv_dated(days, amounts, _discount_rate(flows))
    irr = internal_rate.irr_dated(days, amounts)
    payback = investment.payback_days(days, amounts)
    on = start + timedelta(days=ceil(payback.value)) if payback.value else None
    months = _months(start, on, payback)
    result = Returns(npv, irr, payback, on, months)
    for name, answer in (("npv", npv), ("irr", irr), ("payback_months", months)):
        if not answer.exists:
            reasons[name] = answer.reason
    if on is None:
        reasons["payback_on"] = payback.reason or "There was no outlay to pay back."
    return result


def _by_date(flows: Sequence[Flows]) -> dict[date, Decimal]:
    found: dict[date, Decimal] = defaultdict(Decimal)
    for f in flows:
        for on, amount in f.dated():
            found[on] += amount
    return dict(sorted(found.items()))


def _arrays(dated: dict[date, Decimal], start: date) -> tuple[Floats, Floats]:
    days = [(on - start).days for on in dated]
    amounts = [float(amount) for amount in dated.values()]
    if days[0] > 0:  # the row starts at day 0, though nothing flows there
        days, amounts = [0, *days], [0.0, *amounts]
    return np.array(days, float), np.array(amounts, float)


def _discount_rate(flows: Sequence[Flows]) -> float:
    """The initiative's rate; of several the mean weighted by what was invested in each."""
    weights = [float(f.invested) for f in flows]
    rates = [float(f.initiative.discount_rate) for f in flows]
    return float(np.average(rates, weights=weights)) if sum(weights) > 0 else rates[0]


def _months(start: date, on: date | None, payback: Answer) -> Answer:
    if on is None:
        return payback if payback.exists else Answer(None, payback.status, payback.reason)
    return Answer(investment.months_between(start, on))


def _nothing(reasons: dict[str, str]) -> Returns:
    none = Answer(None, "not_enough_data", "Neither costs nor benefits have been booked yet.")
    for name in ("npv", "irr", "payback_on", "payback_months"):
        reasons[name] = none.reason
    return Returns(none, none, none, None, none)

"""NPV, IRR and payback from dated flows, to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import internal_rate, investment
from kpis.calculations.answer import Answer
from kpis.calculations.modified_rate import mirr_dated
from kpis.roi.flows import Dated, Flows, dated

Floats = NDArray[np.float64]
NOT_OFFERED = Answer(None, "none", "It is offered where several internal rates of return fit.")


@dataclass(frozen=True, slots=True)
class Returns:
    """`npv` in the statement's currency at the discount rate; `irr` a share a year; payback counted from day 0.

    rates : all that fit where `irr` is `multiple`; `modified` is then the one to read, at the discount rate.
    """

    npv: Answer
    irr: Answer
    payback: Answer  # days since day 0
    payback_on: date | None
    payback_months: Answer
    rates: tuple[float, ...] = ()
    modified: Answer = NOT_OFFERED


def of(flows: Sequence[Flows], *, reasons: dict[str, str]) -> Returns:
    """Day 0 is the earliest `started_on`; a benefit flows at the end of its interval, a cost on its date."""
    found = dated(flows)
    if not found.on.size:
        return _nothing(reasons)
    start, rate = day_0(flows, found), discount_rate(flows)
    days, amounts = _from_day_0(found, start)
    npv = investment.npv_dated(days, amounts, rate)
    irr = _rate(days.tobytes(), amounts.tobytes())
    several = irr.status == "multiple"
    payback = investment.payback_days(days, amounts)
    on = start + timedelta(days=ceil(payback.value)) if payback.value else None
    months = _months(start, on, payback)
    result = Returns(
        npv,
        irr,
        payback,
        on,
        months,
        rates=investment.irrs_dated(days, amounts) if several else (),
        modified=mirr_dated(days, amounts, finance=rate, reinvest=rate) if several else NOT_OFFERED,
    )
    for name, answer in (("npv", npv), ("irr", irr), ("payback_months", months)):
        if not answer.exists:
            reasons[name] = answer.reason
    if on is None:
        reasons["payback_on"] = payback.reason or "There was no outlay to pay back."
    return result


def day_0(flows: Sequence[Flows], found: Dated) -> date:
    """The earliest `started_on` or, where something flowed before it, the first flow's date. Something has flowed."""
    first = date.fromordinal(int(found.on[0]))
    return min([first, *(f.initiative.started_on for f in flows if f.initiative.started_on)])


@lru_cache(maxsize=1_000)
def _rate(days: bytes, amounts: bytes) -> Answer:
    """To find every root takes milliseconds, and of a whole portfolio the flows of few initiatives move at a time."""
    return internal_rate.irr_dated(np.frombuffer(days), np.frombuffer(amounts))


def _from_day_0(found: Dated, start: date) -> tuple[Floats, Floats]:
    days, amounts = (found.on - start.toordinal()).astype(float), found.cents / 100
    if days[0] > 0:  # the row starts at day 0, though nothing flows there
        days, amounts = np.append(0.0, days), np.append(0.0, amounts)
    return days, amounts


def discount_rate(flows: Sequence[Flows]) -> float:
    """A year. The initiative's rate; of several the mean weighted by what was invested in each."""
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

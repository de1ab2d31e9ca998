"""What an investment returns: ROI, net present value, internal rate of return, payback.

Flows are net amounts of one currency, costs negative. A row of *dated* flows has `days` since its first day
(actual/365); a row of *periodic* flows stands at t = 0, 1, 2, …. Formulas and sources: docs/methods.md.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import DAYS_A_YEAR
from kpis.calculations.internal_rate import irr_dated, irr_periodic, irrs_dated, irrs_periodic

__all__ = [
    "add_months", "by_day", "discounted_payback_days", "discounted_payback_periods", "irr_dated", "irr_periodic",
    "irrs_dated", "irrs_periodic", "months_between", "npv_dated", "npv_periodic", "payback_days", "roi", "roi_of_flows",
]  # fmt: skip

Floats = NDArray[np.float64]

ROUNDING: Final = 1e-9  # of a sum of flows, against the largest of them


def roi(benefits: Decimal, costs: Decimal) -> Answer:
    """(benefits − costs)/costs as a share, 0.42 is 42 %; `undefined` where costs are zero or below."""
    if costs == 0:
        return Answer(None, "undefined", "There are no costs yet.")
    if costs < 0:
        return Answer(None, "undefined", "The refunds are larger than the costs.")
    share = float((benefits - costs) / costs)
    if not math.isfinite(share):
        return Answer(None, "undefined", "The costs are too small beside the benefits for a share to be stated.")
    return Answer(share)


def roi_of_flows(flows: Floats) -> Answer:
    """Sum of the flows over the outlays (the negative ones), undiscounted; a share."""
    _refuse_nonsense(np.arange(flows.size, dtype=float), flows)
    return roi(Decimal(repr(float(flows[flows > 0].sum()))), Decimal(repr(float(-flows[flows < 0].sum()))))


def by_day(dated: Sequence[tuple[date, Decimal | float]]) -> tuple[Floats, Floats]:
    """Days since the first date and the sum of each date's flows, in order; both shape (n,)."""
    sums: dict[date, Decimal | float] = {}
    for on, amount in dated:
        sums[on] = sums[on] + amount if on in sums else amount  # type: ignore[operator]
    first = min(sums, default=date.min)
    rows = sorted((float((on - first).days), float(amount)) for on, amount in sums.items())
    return np.array([day for day, _ in rows]), np.array([amount for _, amount in rows])


def npv_dated(days: Floats, flows: Floats, rate: float) -> Answer:
    """Σ F/(1 + rate)^(days/365): worth on the first day, in the flows' currency.

    rate : a year, above −1. `undefined` without flows. Refuses (ValueError) what `payback_days` refuses, and the rate.
    """
    _refuse_nonsense(days, flows)
    return _npv(days / DAYS_A_YEAR.value, flows, rate)


def npv_periodic(flows: Floats, rate: float) -> Answer:
    """Σ F_t/(1 + rate)^t from t = 0 (spreadsheets' NPV() starts at t = 1). rate : a period, above −1."""
    times = np.arange(flows.size, dtype=float)
    _refuse_nonsense(times, flows)
    return _npv(times, flows, rate)


def payback_days(days: Floats, flows: Floats) -> Answer:
    """Days until the cumulative net flow is back at zero and never below it again.

    days : shape (n,), days since the first flow, from 0, strictly increasing (or periods: the answer is in their unit).
    flows : shape (n,), net flow of that day, one currency, costs negative.

    Answers in days since the first flow, interpolated as if each flow came evenly since the one before; `not_yet`
    while the balance ends below zero; 0 where there was no outlay.
    Refuses (ValueError) rows of unequal length, days out of order, numbers not finite.
    Source: docs/methods.md "Payback"; that the *last* crossing counts is our choice there.
    """
    _refuse_nonsense(days, flows)
    balance = np.cumsum(flows)
    # A balance of cents that floats leave behind is no debt.
    under_water = np.flatnonzero(balance < -ROUNDING * np.abs(flows).max(initial=0.0))
    if not under_water.size:
        return Answer(0.0, "ok", "There was no outlay to pay back.")
    last = int(under_water[-1])
    if last == balance.size - 1:
        return Answer(None, "not_yet", "The costs have not been earned back yet.")
    share = min(-balance[last] / flows[last + 1], 1.0)
    return Answer(float(days[last] + share * (days[last + 1] - days[last])))


def discounted_payback_days(days: Floats, flows: Floats, rate: float) -> Answer:
    """As `payback_days`, of flows discounted at `rate` a year; never earlier where the rate is positive."""
    _refuse_nonsense(days, flows)
    return _discounted(days, flows, days / DAYS_A_YEAR.value, rate)


def discounted_payback_periods(flows: Floats, rate: float) -> Answer:
    """As `payback_days` in periods, of flows discounted at `rate` a period."""
    times = np.arange(flows.size, dtype=float)
    _refuse_nonsense(times, flows)
    return _discounted(times, flows, times, rate)


def add_months(start: date, months: int) -> date:
    """The same day of a later month, clipped to its end: 31 January and one month is 28 or 29 February."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> float:
    """Calendar months from start to end, the last one in parts by its days. Refuses (ValueError) an earlier end."""
    if end < start:
        raise ValueError("months are counted forward")
    whole = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, whole) > end:
        whole -= 1
    reached, following = add_months(start, whole), add_months(start, whole + 1)
    return whole + (end - reached).days / (following - reached).days


def _npv(times: Floats, flows: Floats, rate: float) -> Answer:
    if not flows.size:
        return Answer(None, "undefined", "There are no flows.")
    with np.errstate(over="ignore", invalid="ignore"):
        value = float((flows * _factors(times, rate)).sum())
    if not np.isfinite(value):
        return Answer(None, "undefined", "At this discount rate the present value is too large to be stated.")
    return Answer(value)


def _discounted(days: Floats, flows: Floats, times: Floats, rate: float) -> Answer:
    """Payback of what the flows are worth; `undefined` where a rate below zero makes them larger than a double."""
    with np.errstate(over="ignore", invalid="ignore"):
        worth = flows * _factors(times, rate)
        balance = np.cumsum(worth)
    if not np.isfinite([worth, balance]).all():
        return Answer(None, "undefined", "At this discount rate the flows are too large to be stated.")
    return payback_days(days, worth)


def _factors(times: Floats, rate: float) -> Floats:
    if not (np.isfinite(rate) and rate > -1):
        raise ValueError("a discount rate is a finite number above -1")
    with np.errstate(over="ignore"):
        factors: Floats = np.exp(-times * np.log1p(rate))
    return factors


def _refuse_nonsense(days: Floats, flows: Floats) -> None:
    if days.shape != flows.shape or days.ndim != 1 or not np.isfinite([days, flows]).all():
        raise ValueError("days and flows must be two equally long rows of finite numbers")
    if days.size and (days[0] != 0 or (np.diff(days) <= 0).any()):
        raise ValueError("days must start at 0 and increase")

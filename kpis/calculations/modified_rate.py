"""The modified internal rate of return: the one to read where several internal rates fit.

    MIRR = ( FV(inflows, reinvested) / −PV(outflows, financed) )^(1/n) − 1

Outflows are discounted to the first flow at what money costs, inflows are carried to the last one at what money earns
elsewhere; n are the years (or periods) between the two. There is always exactly one where money flows both ways.
Sources: docs/methods.md "IRR"; spreadsheets' MIRR() for periodic flows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import DAYS_A_YEAR

Floats = NDArray[np.float64]


def mirr_dated(days: Floats, flows: Floats, *, finance: float, reinvest: float) -> Answer:
    """The rate a year (actual/365). days : shape (n,), since the first flow, increasing; flows : net, costs negative.

    finance, reinvest : rates a year, above −1. `none` where money flows one way only.
    Refuses (ValueError) rows of unequal length, numbers not finite, rates at −1 or below.
    """
    return _modified(days / DAYS_A_YEAR.value, flows, finance, reinvest)


def mirr_periodic(flows: Floats, *, finance: float, reinvest: float) -> Answer:
    """The rate a period of flows at t = 0, 1, 2, …; answers and refusals as `mirr_dated`."""
    return _modified(np.arange(flows.size, dtype=float), flows, finance, reinvest)


def _modified(times: Floats, flows: Floats, finance: float, reinvest: float) -> Answer:
    if times.shape != flows.shape or times.ndim != 1 or not np.isfinite([times, flows]).all():
        raise ValueError("times and flows must be two equally long rows of finite numbers")
    if not (finance > -1 and reinvest > -1 and np.isfinite([finance, reinvest]).all()):
        raise ValueError("a rate is a finite number above -1")
    if not (flows < 0).any() or not (flows > 0).any():
        return Answer(None, "none", "Money flows one way only, so there is no rate of return.")
    last = float(times[-1])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        carried = float((flows.clip(min=0) * (1 + reinvest) ** (last - times)).sum())
        spent = float((-flows.clip(max=0) * (1 + finance) ** -times).sum())
        rate = np.power(carried / spent, 1 / last) - 1 if last > 0 and spent > 0 else np.inf
    if not np.isfinite(rate):
        return Answer(None, "not_meaningful", "The flows lie too close together for a yearly rate.")
    return Answer(float(rate))

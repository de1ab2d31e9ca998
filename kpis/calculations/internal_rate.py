"""Internal rates of return: all of them, because a flow that changes its sign more than once can have several.

Libraries return one root and do not say so (docs/methods.md "IRR"). Here the sign of the net present value is followed
over 1 + r from 0.0001 to 10,000; where it changes, and where it turns at zero, there is a rate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import DAYS_A_YEAR

Floats = NDArray[np.float64]

# ln(1 + r): fine where rates are ordinary, coarser towards total loss and absurd gain.
GRID: Final = np.unique(np.concatenate([np.linspace(np.log(1e-4), np.log(1e4), 400), np.linspace(-0.7, 0.7, 561)]))
TOUCHES: Final = 1e-9  # of the sum of absolute discounted flows
HALVINGS: Final = 60  # of a step of the grid: below the last digit
SHORTEST_DAYS: Final = 30


def irr_dated(days: Floats, flows: Floats) -> Answer:
    """The rate a year (actual/365) at which the flows are worth nothing; a share, 0.1 is 10 %.

    days : shape (n,), since the first flow, increasing. flows : shape (n,), net amounts.
    `none` without such a rate, `multiple` with several (`irrs_dated` lists them), `not_meaningful` where all flows lie
    within 30 days. Refuses (ValueError) rows of unequal length, numbers not finite.
    """
    there = np.flatnonzero(flows)
    if there.size > 1 and days[there[-1]] - days[there[0]] < SHORTEST_DAYS:
        return Answer(None, "not_meaningful", "All flows lie within 30 days; a yearly rate says nothing about them.")
    return _answer(flows, irrs_dated(days, flows))


def irr_periodic(flows: Floats) -> Answer:
    """The rate a period at which flows at t = 0, 1, 2, … are worth nothing. Answers and refusals as `irr_dated`."""
    return _answer(flows, irrs_periodic(flows))


def irrs_dated(days: Floats, flows: Floats) -> tuple[float, ...]:
    """All rates a year, increasing."""
    return _roots(days / DAYS_A_YEAR.value, flows)


def irrs_periodic(flows: Floats) -> tuple[float, ...]:
    """All rates a period, increasing."""
    return _roots(np.arange(flows.size, dtype=float), flows)


def _answer(flows: Floats, rates: tuple[float, ...]) -> Answer:
    if not (flows < 0).any():
        return Answer(None, "none", "There are no costs, so there is no rate of return.")
    if not (flows > 0).any():
        return Answer(None, "none", "There are only costs so far, so there is no rate of return.")
    if not rates:
        return Answer(None, "none", "At no rate are the flows worth nothing.")
    if len(rates) > 1:
        return Answer(None, "multiple", "Several rates fit, because the flows change their sign more than once.")
    if flows[np.flatnonzero(flows)[0]] > 0:
        return Answer(rates[0], "ok", "Money comes in first: read the rate like the price of a loan.")
    return Answer(rates[0])


def _roots(times: Floats, flows: Floats) -> tuple[float, ...]:
    if times.shape != flows.shape or times.ndim != 1 or not np.isfinite([times, flows]).all():
        raise ValueError("times and flows must be two equally long rows of finite numbers")
    if (flows >= 0).all() or (flows <= 0).all():
        return ()
    kept = flows != 0
    times, flows = times[kept] - times[kept][0], flows[kept] / np.abs(flows).max()

    def worth(log_rates: Floats) -> Floats:
        return _share(log_rates, times, flows, flows)

    def slope(log_rates: Floats) -> Floats:
        return _share(log_rates, times, flows, -times * flows)

    values, slopes = worth(GRID), slope(GRID)
    crossed = np.flatnonzero(values[:-1] * values[1:] < 0)
    turned = np.flatnonzero((slopes[:-1] * slopes[1:] < 0) & (values[:-1] * values[1:] > 0))
    touching = _bisected(slope, GRID[turned], GRID[turned + 1])
    return _distinct(
        np.concatenate(
            [
                GRID[values == 0],
                _bisected(worth, GRID[crossed], GRID[crossed + 1]),
                touching[np.abs(worth(touching)) < TOUCHES],
            ]
        )
    )


def _bisected(of: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Where `of` is zero between each `low` and `high`, at which its signs differ; to the last digit."""
    sign = np.sign(of(low)) if low.size else low
    for _ in range(HALVINGS if low.size else 0):
        middle = (low + high) / 2
        before = np.sign(of(middle)) == sign
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return (low + high) / 2


def _share(log_rates: Floats, times: Floats, flows: Floats, weighed: Floats) -> Floats:
    """The sum of what is weighed, discounted by each ln(1 + r), as a share of the absolute discounted flows.

    Of the flows themselves: their net present value, between −1 and 1. Scaled, so that no rate overflows.
    """
    exponents = -log_rates[:, None] * times[None, :]
    discounts = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    share: Floats = (discounts @ weighed) / (discounts @ np.abs(flows))
    return share


def _distinct(logs: Floats) -> tuple[float, ...]:
    kept: list[float] = []
    for log in np.sort(logs).tolist():
        if not kept or log - kept[-1] > 1e-6:
            kept.append(log)
    return tuple(float(np.expm1(log)) for log in kept)

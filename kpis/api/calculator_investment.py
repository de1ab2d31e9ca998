"""The investment calculator: a body's flows through `calculations.investment`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import investment
from kpis.calculations.answer import Answer

Floats = NDArray[np.float64]

NO_RATE = Answer(None, "undefined", "No discount rate was given.")
NO_FLOWS = Answer(None, "undefined", "There are no flows.")
DATED = "The flows are dated: payback_on says when."
NOT_DATED = "The flows have no dates: payback_periods says when."


def investment_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Every member of the answer; each number that does not exist is null and named in `reasons`."""
    rows, rate = asked["cash_flows"], asked.get("discount_rate")
    is_dated = bool(rows) and rows[0][0] is not None
    if is_dated:
        first = min(on for on, _amount in rows)
        days, flows = investment.by_day(rows)
    else:
        first, flows = date.min, np.array([amount for _on, amount in rows], np.float64)
        days = np.arange(flows.size, dtype=np.float64)
    worth, irr, irrs = _rates(days, flows, rate, is_dated=is_dated)
    paybacks = {
        "": investment.payback_days(days, flows) if flows.size else NO_FLOWS,
        "discounted_": _discounted(days, flows, rate, is_dated=is_dated),
    }
    numbers = {"npv": worth, "irr": irr, "roi": investment.roi_of_flows(flows) if flows.size else NO_FLOWS}
    found: dict[str, Any] = {name: answer.value for name, answer in numbers.items()}
    reasons = {name: answer.reason for name, answer in numbers.items() if answer.reason}
    for prefix, answer in paybacks.items():
        on = first + timedelta(days=math.ceil(answer.value)) if is_dated and answer.value is not None else None
        found[f"{prefix}payback_on"] = None if on is None else on.isoformat()
        found[f"{prefix}payback_periods"] = None if is_dated else answer.value
        name, other = ("on", "periods") if is_dated else ("periods", "on")
        if answer.reason:
            reasons[f"{prefix}payback_{name}"] = answer.reason
        reasons[f"{prefix}payback_{other}"] = DATED if is_dated else NOT_DATED
    status = irr.status if irr.status in ("ok", "multiple", "not_meaningful") else "none"
    return found | {"irrs": list(irrs), "irr_status": status, "reasons": reasons}


def _rates(
    days: Floats, flows: Floats, rate: float | None, *, is_dated: bool
) -> tuple[Answer, Answer, tuple[float, ...]]:
    if not flows.size:
        return NO_FLOWS, Answer(None, "none", NO_FLOWS.reason), ()
    if is_dated:
        worth = NO_RATE if rate is None else investment.npv_dated(days, flows, rate)
        irr = investment.irr_dated(days, flows)
        irrs = investment.irrs_dated(days, flows)
    else:
        worth = NO_RATE if rate is None else investment.npv_periodic(flows, rate)
        irr, irrs = investment.irr_periodic(flows), investment.irrs_periodic(flows)
    return worth, irr, () if irr.status == "not_meaningful" else irrs


def _discounted(days: Floats, flows: Floats, rate: float | None, *, is_dated: bool) -> Answer:
    if rate is None or not flows.size:
        return NO_FLOWS if rate is not None else NO_RATE
    if is_dated:
        return investment.discounted_payback_days(days, flows, rate)
    return investment.discounted_payback_periods(flows, rate)

"""The view of published studies of *total economic impact*: three years, costs of the start undiscounted.

    PV = Σ_{t=0..3} F_t/(1 + d)^t        ROI = (PV_B − PV_C)/PV_C        NPV = PV_B − PV_C

F₀ is what was spent before the first year and stands as it is; each year is discounted at its *end*, whenever in it the
money flowed. Risk takes r_b of the benefits away and adds r_c to the costs, unless the assumptions already carry a low
and a high value: the same doubt is not counted twice. Payback is read off the undiscounted yearly net, interpolated.
Dated NPV (`investment`) differs by convention: it discounts each day by actual/365. Source: docs/methods.md "Three-year
view"; a published three-year table is reproduced to the dollar in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kpis.calculations.answer import Answer
from kpis.calculations.investment import npv_periodic, payback_days

YEARS: Final = 3


@dataclass(frozen=True, slots=True)
class Impact:
    """Present values in the flows' currency after risk; `roi` a share, `payback_years` counted from the start."""

    benefits: Answer
    costs: Answer
    npv: Answer
    roi: Answer
    payback_years: Answer


def impact(
    benefits: Sequence[float],
    costs: Sequence[float],
    *,
    rate: float,
    benefit_risk: float = 0.0,
    cost_risk: float = 0.0,
) -> Impact:
    """The three-year view of benefits and costs at t = 0, 1, 2, 3; both positive, in one currency.

    rate : a year, above −1. benefit_risk, cost_risk : shares; leave them at 0 where realisation and attribution have
    ranges. `undefined` ROI where the costs are worth nothing or less.
    Refuses (ValueError) other than four periods, numbers not finite, risks outside 0..1.
    """
    if len(benefits) != YEARS + 1 or len(costs) != YEARS + 1:
        raise ValueError("the view has a start and three years")
    if not (0 <= benefit_risk <= 1 and 0 <= cost_risk <= 1):
        raise ValueError("a risk is a share between 0 and 1")
    gains, outlays = np.array(benefits, float) * (1 - benefit_risk), np.array(costs, float) * (1 + cost_risk)
    worth, spent = npv_periodic(gains, rate), npv_periodic(outlays, rate)
    return Impact(
        benefits=worth,
        costs=spent,
        npv=npv_periodic(gains - outlays, rate),
        roi=_roi(worth, spent),
        payback_years=payback_days(np.arange(YEARS + 1, dtype=float), gains - outlays),
    )


def _roi(benefits: Answer, costs: Answer) -> Answer:
    if benefits.value is None or costs.value is None:
        return benefits if benefits.value is None else costs
    if costs.value <= 0:
        return Answer(None, "undefined", "There are no costs in the three years.")
    return Answer((benefits.value - costs.value) / costs.value)

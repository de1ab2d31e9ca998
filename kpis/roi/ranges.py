"""The 80 % range of benefit, net and ROI, drawn from the sampling errors and the assumptions together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, LOW, Draws, total_draws
from kpis.roi.flows import DriverFlow, Flows

CONFIDENCE = 0.80


@dataclass(frozen=True, slots=True)
class Ranges:
    """P10 and P90 of the draws, in the statement's currency; ROI as shares, None while nothing was invested.

    `expected_net` is the mean of the draws; `off_centre` says that the booked net lies outside their middle half.
    """

    benefit_low: Decimal
    benefit_high: Decimal
    net_low: Decimal
    net_high: Decimal
    roi_low: float | None
    roi_high: float | None
    expected_net: Decimal
    off_centre: bool
    share_above_zero: float
    confidence: float = CONFIDENCE


def of(flows: Sequence[Flows], *, invested: Decimal, draws: Draws, reasons: dict[str, str]) -> Ranges | None:
    """The ranges, or None with a reason while nothing is booked. Costs are taken as certain."""
    streams = [flow.stream for f in flows for flow in f.drivers]
    if not streams:
        reasons["range"] = "Nothing has been booked yet, so there is no range."
        return None
    unranged = sorted({flow.driver.kpi.name for f in flows for flow in f.drivers if not flow.has_range})
    if unranged:
        reasons["range.note"] = f"No error of the measured difference is known for: {', '.join(unranged)}."
    benefit = total_draws(streams, draws)
    booked = float(sum((f.benefit for f in flows), Decimal(0)))
    low, quarter, three_quarters, high = (float(q) for q in np.quantile(benefit, [LOW, 0.25, 0.75, HIGH]))
    spent = float(invested)
    return Ranges(
        benefit_low=cents(low),
        benefit_high=cents(high),
        net_low=cents(low) - invested,
        net_high=cents(high) - invested,
        roi_low=(low - spent) / spent if invested > 0 else None,
        roi_high=(high - spent) / spent if invested > 0 else None,
        expected_net=cents(float(benefit.mean())) - invested,
        off_centre=not quarter <= booked <= three_quarters,
        share_above_zero=float((benefit > spent).mean()),
    )


def of_driver(flow: DriverFlow, draws: Draws) -> tuple[Decimal, Decimal]:
    """P10 and P90 of what one driver has brought so far."""
    low, high = np.quantile(total_draws([flow.stream], draws), [LOW, HIGH])
    return cents(float(low)), cents(float(high))

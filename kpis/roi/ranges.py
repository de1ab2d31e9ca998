"""The 80 % range of benefit, net and ROI, drawn from the sampling errors and the assumptions together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpis.calculations.money import cents
from kpis.calculations.streams import Draws, spread
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
    streams = [stream for f in flows for flow in f.drivers for stream in flow.streams]
    if not streams:
        reasons["range"] = "Nothing has been booked yet, so there is no range."
        return None
    unranged = sorted({flow.driver.kpi.name for f in flows for flow in f.drivers if not flow.has_range})
    if unranged:
        reasons["range.note"] = f"No error of the measured difference is known for: {', '.join(unranged)}."
    booked, spent = float(sum((f.benefit for f in flows), Decimal(0))), float(invested)
    found = spread(streams, draws, bound=spent)
    return Ranges(
        benefit_low=cents(found.low),
        benefit_high=cents(found.high),
        net_low=cents(found.low) - invested,
        net_high=cents(found.high) - invested,
        roi_low=(found.low - spent) / spent if invested > 0 else None,
        roi_high=(found.high - spent) / spent if invested > 0 else None,
        expected_net=cents(found.mean) - invested,
        off_centre=not found.quarter <= booked <= found.three_quarters,
        share_above_zero=found.above,
    )


def of_driver(flow: DriverFlow, draws: Draws) -> tuple[Decimal, Decimal]:
    """P10 and P90 of what one driver has brought so far."""
    found = spread(flow.streams, draws)
    return cents(found.low), cents(found.high)

"""Does it pay? One word for an initiative, by rule, from its booked benefit, its costs and their range."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kpis.roi.flows import Flows
from kpis.roi.ranges import Ranges

PAYS = "pays"
LOSES = "loses"  # the benefit itself is negative
COSTS_MORE = "costs_more"  # it returns less than it costs
CANNOT_BE_PROVED = "cannot_be_proved"
TOO_EARLY = "too_early"  # nothing is booked yet, or the range holds zero
NO_COSTS_YET = "no_costs_yet"


def of(flows: Sequence[Flows], *, benefit: Decimal, invested: Decimal, found: Ranges | None) -> str:
    """The first of the rules that applies; docs/methods.md "Verdicts of money" lists them."""
    grades = {kind.evidence_grade for f in flows for flow in f.drivers for kind in flow.by_kind}
    if found is None:
        return TOO_EARLY if invested > 0 else NO_COSTS_YET
    if benefit < 0:
        return LOSES
    if invested <= 0:
        return NO_COSTS_YET
    if found.net_high < 0:
        return COSTS_MORE
    if grades == {"D"}:
        return CANNOT_BE_PROVED
    return PAYS if found.net_low > 0 else TOO_EARLY

"""The value of an assumption at which what rests on it brings exactly what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from kpis.calculations.answer import Answer
from kpis.calculations.streams import money_at
from kpis.roi.flows import Flows
from kpis.roi.sensitivity import Resting

NO_VALUE = "No value of it alone brings the net to zero."
NO_SHARE = "No share between 0 and 1 brings the net to zero."
NOTHING_BOOKED = "Nothing that rests on it has been booked yet."
A_HAIR = 1e-9


def break_even(resting: Resting, flows: Sequence[Flows]) -> Answer:
    """In the assumption's own unit: the one value, instead of all that it had, at which the net of these flows is 0.

    Everything else is likely. In a driver that it prices in one role the money is proportional to it, in two to its
    square, so the net is a polynomial; of several roots the one that is nearest to the value in force.
    """
    invested = sum((f.invested for f in flows), Decimal(0))
    benefit = sum((f.benefit for f in flows), Decimal(0))
    terms, priced = [0.0] * 4, 0.0
    for stream, roles in resting.used:
        terms[len(roles)] += money_at(stream, **dict.fromkeys(roles, 1.0))
        priced += money_at(stream)
    if not any(terms):
        return Answer(None, "undefined", NOTHING_BOOKED)
    # What does not rest on it is taken as booked, to the cent.
    terms[0] = float(benefit) - priced - float(invested)
    roots = np.roots(terms[::-1])
    real = [float(root.real) for root in roots if abs(root.imag) <= A_HAIR * max(1.0, abs(root)) and root.real >= 0]
    stream, roles = resting.used[-1]
    if resting.assumption.is_share:
        real = [root for root in real if root <= 1 + A_HAIR]
    if not real:
        return Answer(None, "none", NO_SHARE if resting.assumption.is_share else NO_VALUE)
    likely = getattr(stream, roles[0]).range.likely
    return Answer(min(real, key=lambda root: abs(root - likely)))

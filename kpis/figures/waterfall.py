"""The waterfall from benefits through costs to net, as one drawn cell for each row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpis.figures.pen import Pen, linear

FORMS = ("benefit", "freed", "cost", "plan", "more", "less", "total", "actual")  # each a class of marks.css
SUMS = ("total", "actual")


@dataclass(frozen=True, slots=True)
class Step:
    """One row: an amount that is added (a cost is negative); for a sum, the sum so far, which is not added again.

    form : one of FORMS. `freed` is time that nobody has traced in the books yet; `plan` is what was promised, `more`
    and `less` what came on top or is missing, `actual` what was booked.
    """

    amount: Decimal
    form: str


def waterfall_cells(steps: Sequence[Step], *, width: float = 226, height: float = 26) -> list[str]:
    """A drawn cell for each step on one scale that starts at zero; thin lines join a row to the next.

    Refuses (ValueError) a form that is unknown and a total that is not the sum of the rows above it.
    """
    reach, level = [], Decimal(0)  # where each bar begins and ends
    for step in steps:
        if step.form not in FORMS:
            raise ValueError(f"unknown form of a waterfall step: {step.form}")
        if step.form in SUMS:
            if step.amount != level:
                raise ValueError(f"a total of {step.amount} stands under rows that add up to {level}")
            reach.append((Decimal(0), level))
        else:
            reach.append((level, level + step.amount))
            level += step.amount
    ends = [float(end) for pair in reach for end in pair]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    x = linear(low, high if high > low else low + 1, 3, width - 3)
    cells = []
    for k, (step, (begin, end)) in enumerate(zip(steps, reach, strict=True)):
        pen = Pen(width, height, css="waterfall")
        a, b = x(float(begin)), x(float(end))
        pen.line(x(0), -2, x(0), height + 2, "zero")
        if k and step.form not in SUMS:
            pen.line(a, 0, a, 5, "joint")
        if k + 1 < len(steps):
            pen.line(b, height - 5, b, height + 1, "joint")
        form = "destroyed" if step.form in ("benefit", "freed") and step.amount < 0 else step.form
        pen.rect(min(a, b), 5, max(abs(b - a), 1.2), height - 10, f"bar-{form}")
        cells.append(pen.svg())
    return cells

"""Scenarios on one scale: a plan hollow, a forecast hatched, so that neither looks like what has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpis.figures.pen import Pen, linear


@dataclass(frozen=True, slots=True)
class Outlook:
    """A net in one currency; `form` is `plan`, `forecast` or `actual`."""

    net: Decimal
    form: str


def scenario_cells(outlooks: Sequence[Outlook], *, name: str, width: float = 226, height: float = 26) -> list[str]:
    """A drawn cell for each, bars from zero on one scale. `name` is unique on the page: it names the hatching.

    Refuses (ValueError) a form that is unknown.
    """
    ends = [0.0, *(float(outlook.net) for outlook in outlooks)]
    low, high = min(ends), max(ends)
    x = linear(low, high if high > low else low + 1, 3, width - 3)
    cells = []
    for k, outlook in enumerate(outlooks):
        if outlook.form not in {"plan", "forecast", "actual"}:
            raise ValueError(f"unknown form of a scenario: {outlook.form}")
        pen = Pen(width, height, css="waterfall")
        pen.line(x(0), -2, x(0), height + 2, "zero")
        a, b = sorted((x(0), x(float(outlook.net))))
        b = max(b, a + 1.2)
        corners = [(a, 5), (b, 5), (b, height - 5), (a, height - 5)]
        fill = pen.hatching(f"hatching-{name}-{k}") if outlook.form == "forecast" else ""
        pen.path(corners, f"bar-{outlook.form}", closed=True, fill=fill)
        cells.append(pen.svg())
    return cells

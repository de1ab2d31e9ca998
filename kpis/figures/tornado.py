"""The tornado: the net at the low and the high end of each assumption, as one drawn cell for each row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.figures.pen import Pen, linear


@dataclass(frozen=True, slots=True)
class Swing:
    """The net with one assumption at its low end and at its high end, everything else likely. Low may exceed high."""

    at_low: float
    at_high: float


def tornado_cells(swings: Sequence[Swing], *, likely: float, width: float = 210, height: float = 40) -> list[str]:
    """A cell for each swing on one scale, the likely net drawn through all; zero too where a swing comes near it."""
    ends = [likely, *(end for swing in swings for end in (swing.at_low, swing.at_high))]
    low, high = min(ends), max(ends)
    if low <= 0 <= high or min(abs(low), abs(high)) < (high - low) / 4:
        low, high = min(low, 0.0), max(high, 0.0)
    x = linear(low, high if high > low else low + 1, 3, width - 3)
    cells = []
    for swing in swings:
        pen = Pen(width, height, css="tornado")
        for end, css in ((swing.at_low, "bar-low"), (swing.at_high, "bar-high")):
            left, right = sorted((x(end), x(likely)))
            pen.rect(left, height / 2 - 8, right - left, 16, css)
        if low <= 0 <= high:
            pen.line(x(0), 0, x(0), height, "zero")
        pen.line(x(likely), -2, x(likely), height + 2, "likely")
        cells.append(pen.svg())
    return cells

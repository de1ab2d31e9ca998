"""The forest plot of a table of initiatives: point and range of each row on one scale, zero through all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kpis.figures.pen import Pen, linear


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its range, in one currency for the whole column. `proved` is False where no verdict is possible."""

    value: float
    low: float | None
    high: float | None
    proved: bool = True


def shared_span(estimates: Iterable[Estimate]) -> tuple[float, float]:
    """The span that shows every row and zero, with a little air."""
    ends = [0.0]
    for row in estimates:
        ends += [end for end in (row.value, row.low, row.high) if end is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.02 or 1.0
    return low - room, high + room


def whisker(
    estimate: Estimate | None, *, span: tuple[float, float], width: float = 168, height: float = 34, summary: str = ""
) -> str:
    """One row's cell. Without an estimate only the zero line passes through; it runs on into the rows around."""
    pen = Pen(width, height, summary=summary, css="whisker")
    x, middle = linear(*span, 6, width - 6), height / 2
    pen.line(x(0), -6, x(0), height + 6, "zero")
    if estimate is None:
        return pen.svg()
    if estimate.low is not None and estimate.high is not None:
        pen.line(x(estimate.low), middle, x(estimate.high), middle, "range")
        for end in (estimate.low, estimate.high):
            pen.line(x(end), middle - 4, x(end), middle + 4, "range")
    pen.circle(x(estimate.value), middle, 4.5, "dot" if estimate.proved else "dot hollow")
    return pen.svg()

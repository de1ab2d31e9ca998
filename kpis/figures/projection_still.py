"""A projected net by month: all of it dashed and hatched, with a line where the evidence ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kpis.figures.axes import padded, value_ticks
from kpis.figures.pen import Pen, Scale, linear, text_width

LEFT, RIGHT, TOP, BOTTOM = 64, 14, 30, 44


@dataclass(frozen=True, slots=True)
class ProjectionWords:
    """`tick` writes a value of the axis, `month` a month's number; the rest are labels of the drawing."""

    summary: str
    unit: str
    tick: Callable[[float], str]
    month: Callable[[int], str]
    evidence: str


def projection_still(
    nets: Sequence[tuple[float, float, float]],
    evidence_ends: int | None,
    *,
    words: ProjectionWords,
    name: str,
    width: float,
    height: float,
) -> str:
    """`nets`: low, likely, high at the end of each month, from the first on; zero stands before it.

    Refuses (ValueError) a projection without a month.
    """
    if not nets:
        raise ValueError("a projection has a month at least")
    rows = [(0.0, 0.0, 0.0), *nets]
    pen = Pen(width, height, summary=words.summary, css="cumulative")
    low, high = padded(min(0.0, *(row[0] for row in rows)), max(0.0, *(row[2] for row in rows)), share=0.06)
    x, y = linear(0, len(nets), LEFT, width - RIGHT), linear(low, high, height - BOTTOM, TOP)
    _draw_axes(pen, (low, high), len(nets), x, y, words)
    upper = [(x(k), y(row[2])) for k, row in enumerate(rows)]
    lower = [(x(k), y(row[0])) for k, row in reversed(list(enumerate(rows)))]
    pen.path([*upper, *lower], "hatched", closed=True, fill=pen.hatching(f"hatching-{name}"))
    pen.path([(x(k), y(row[1])) for k, row in enumerate(rows)], "forecast")
    if evidence_ends is not None:
        _draw_evidence(pen, x(evidence_ends - 1), words.evidence)
    return pen.svg()


def _draw_axes(pen: Pen, values: tuple[float, float], months: int, x: Scale, y: Scale, words: ProjectionWords) -> None:
    for value in value_ticks(*values, at_most=6):
        pen.line(LEFT, y(value), pen.width - RIGHT, y(value), "zero" if value == 0 else "grid")
        pen.text(LEFT - 8, y(value) + 4.5, words.tick(value), "muted", anchor="end")
    pen.text(LEFT - 8, TOP - 12, words.unit, "muted", anchor="end")
    step = next((step for step in (1, 3, 6, 12, 24) if months / step * 46 <= pen.width - LEFT), 60)
    floor = pen.height - BOTTOM
    for month in range(0, months + 1, step):
        pen.line(x(month), floor, x(month), floor + 5, "axis")
        pen.text(x(month), floor + 19, words.month(month), "muted", anchor="middle")


def _draw_evidence(pen: Pen, at: float, label: str) -> None:
    pen.line(at, TOP - 6, at, pen.height - BOTTOM, "today")
    fits = at + 6 + text_width(label) <= pen.width
    pen.text(at + 6 if fits else at - 6, TOP - 10, label, "strong", anchor="start" if fits else "end")

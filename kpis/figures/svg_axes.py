"""The two axes and the labels at line ends of a large still picture."""

from __future__ import annotations

from collections.abc import Callable

from kpis.figures.axes import EndLabel, Plot, TimeWords, ticks_that_fit, time_ticks, value_ticks
from kpis.figures.palette import LINE_PIXELS
from kpis.figures.pen import Pen, Scale


def draw_value_axis(pen: Pen, plot: Plot, y: Scale, *, tick: Callable[[float], str], unit: str) -> None:
    """Grid lines with their values, zero in ink, the unit above."""
    for value in value_ticks(*plot.values, at_most=ticks_that_fit(plot)):
        pen.line(plot.left, y(value), plot.x_end, y(value), "zero" if value == 0 else "grid")
        pen.text(plot.left - 8, y(value) + 4.5, tick(value), "muted", anchor="end")
    pen.text(plot.left - 8, plot.top - 10, unit, "muted", anchor="end")


def draw_time_axis(pen: Pen, plot: Plot, x: Scale, words: TimeWords) -> None:
    for tick in time_ticks(*plot.days, pixels=plot.x_end - plot.left, words=words):
        pen.line(x(tick.at), plot.floor, x(tick.at), plot.floor + (6 if tick.strong else 4), "axis")
        pen.text(x(tick.at), plot.floor + 19, tick.label, "muted", anchor="middle")


def draw_end_labels(pen: Pen, plot: Plot, labels: list[EndLabel]) -> None:
    for label in labels:
        for k, line in enumerate(label.lines):
            css = {"benchmark": "benchmark-text", "actual": "actual-text", "ink": "", "muted": "muted"}[label.colour]
            strong = " strong" if label.strong and k == 0 else ""
            later = "muted" if k and label.colour in ("ink", "actual") else css
            pen.text(plot.x_end + 10, label.y + k * LINE_PIXELS, line, f"{later}{strong}".strip())

"""The layout of a large Plotly figure and its labels at line ends: the twin of `svg_axes`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import plotly.graph_objects as go

from kpis.figures import palette
from kpis.figures.axes import EndLabel, Plot, TimeWords, moment, ticks_that_fit, time_ticks, value_ticks
from kpis.figures.palette import LINE_PIXELS, plain

MARKER: dict[str, Any] = {"mode": "markers", "hoverinfo": "skip", "cliponaxis": False}
DIAMOND = {"symbol": "diamond", "size": 8.5, "color": palette.LIGHT["benchmark"]}
HOLLOW = {"size": 8, "color": palette.LIGHT["paper"], "line": {"color": palette.LIGHT["actual"], "width": 2}}
RING = {"size": 9, "color": palette.LIGHT["paper"], "line": {"color": palette.LIGHT["ink"], "width": 1.6}}


def layout(plot: Plot, *, tick: Callable[[float], str], times: TimeWords, summary: str) -> go.Layout:
    """Axes, grid and margins as in the still picture. The width is the container's."""
    marks = time_ticks(*plot.days, pixels=plot.x_end - plot.left, words=times)
    values = value_ticks(*plot.values, at_most=ticks_that_fit(plot))
    muted = {"color": palette.LIGHT["muted"]}
    return go.Layout(
        template=palette.TEMPLATE,
        height=plot.height,
        margin={"l": plot.left, "r": plot.right, "t": plot.top, "b": plot.bottom, "pad": 0},
        xaxis={
            "type": "date",
            "range": [iso(moment(day)) for day in plot.days],
            "tickmode": "array",
            "tickvals": [iso(moment(mark.at)) for mark in marks],
            "ticktext": [plain(mark.label) for mark in marks],
            "tickfont": muted,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": palette.LIGHT["reference"],
            "tickangle": 0,
            "ticklabelstandoff": -2,
        },
        yaxis={
            "range": list(plot.values),
            "tickmode": "array",
            "tickvals": values,
            "ticktext": [plain(tick(value)) for value in values],
            "ticklabelstandoff": 5,
            "tickfont": muted,
        },
        shapes=[_grid_line(value) for value in values],
        meta={"tokens": palette.TOKENS, "summary": summary},
    )


def iso(at: date | datetime) -> str:
    """Plotly's way to write a time: local, without a zone."""
    return at.isoformat(timespec="minutes") if isinstance(at, datetime) else at.isoformat()


def _grid_line(value: float) -> dict[str, Any]:
    line = {"color": palette.LIGHT["ink" if value == 0 else "rule"], "width": 1}
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    return {"type": "line", "layer": "below", "line": line, **ends}


def annotate(figure: go.Figure, text: str, *, colour: str = "ink", strong: bool = False, **place: Any) -> None:
    """Words in the figure, without an arrow. `colour` names one of the palette, `place` is Plotly's own."""
    said = f"<b>{plain(text)}</b>" if strong else plain(text)
    where = {"xanchor": "left", "yanchor": "middle", "align": "left", "font": {"color": palette.LIGHT[colour]}, **place}
    figure.add_annotation(text=said, showarrow=False, borderpad=0, **where)


def annotate_unit(figure: go.Figure, unit: str) -> None:
    annotate(figure, unit, colour="muted", x=0, xref="paper", xshift=-8, y=1, yref="paper", yshift=14, xanchor="right")


def annotate_ends(figure: go.Figure, plot: Plot, labels: list[EndLabel]) -> None:
    """The blocks at the right edge, at the same heights as in the still picture."""
    for label in labels:
        for k, line in enumerate(label.lines):
            colour = "muted" if k and label.colour in ("ink", "actual") else label.colour
            shift = plot.top - (label.y - 4.5 + k * LINE_PIXELS)
            place = {"x": 1, "xref": "paper", "xshift": 10, "y": 1, "yref": "paper", "yshift": shift}
            annotate(figure, line, colour=colour, strong=label.strong and k == 0, **place)

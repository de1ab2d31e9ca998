"""Cumulative net benefit with its range: the data, the plot that still picture and Plotly share, and the Plotly figure.

What is not final is dotted by construction, a forecast is dashed and hatched. `cumulative_still` draws the same without
a library; `figures.js` puts this figure in its place, so both stand on one `Plot` and write the same labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from kpis.figures import palette
from kpis.figures.axes import EndLabel, Plot, TimeWords, day_number, kept_apart, padded
from kpis.figures.palette import LINE_PIXELS, plain
from kpis.figures.pen import linear
from kpis.figures.plotly_axes import DIAMOND, HOLLOW, MARKER, RING, annotate, annotate_ends, annotate_unit, layout

WIDE_MARGINS, PHONE_MARGINS = (56, 190), (42, 14)  # left and right; on a desk labels stand at the right
WIDTH_OF_WIDE, WIDTH_OF_PHONE = 806, 328  # only to decide how many dates fit


@dataclass(frozen=True, slots=True)
class NetPoint:
    """Cumulative net benefit at the end of one interval, in one currency; the range is None where there is none."""

    on: date
    net: Decimal
    low: Decimal | None
    high: Decimal | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class NetBenchmark:
    """The net that a published ROI would have meant for the same money, and the lines written at its diamond."""

    net: Decimal
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetCurve:
    """Everything the chart shows. Points in order of time; a forecast begins after the last of them."""

    points: Sequence[NetPoint]
    today: date
    forecast: Sequence[NetPoint] = ()
    paid_back_on: date | None = None
    benchmark: NetBenchmark | None = None


@dataclass(frozen=True, slots=True)
class NetWords:
    """What stands in the chart, in the reader's language; `kpis.wording.charts` makes it."""

    summary: str  # one sentence that says what the picture shows
    unit: str
    today: str
    tick: Callable[[float], str]
    now: Callable[[Decimal], str]
    provisional: str
    lowest: Callable[[Decimal], str]
    paid_back: Callable[[date], str]
    forecast: tuple[str, ...]  # lines at the end of the forecast, the first one strong
    hover: Callable[[NetPoint], tuple[str, ...]]
    times: TimeWords


def net_plot(curve: NetCurve, *, width: float, height: float, phone: bool) -> Plot:
    """Margins and spans of the chart: the range, zero, the forecast and the benchmark are in view.

    Refuses (ValueError) a curve without a point.
    """
    shown = [*curve.points, *curve.forecast]
    if not curve.points:
        raise ValueError("a chart of the net needs at least one point")
    ends = [0.0, *(float(end) for p in shown for end in (p.net, p.low, p.high) if end is not None)]
    if curve.benchmark:
        ends.append(float(curve.benchmark.net))
    low, high = padded(min(ends), max(ends), share=0.06)
    if lowest_point(curve):  # room for the words under it
        low -= (high - low) * 20 / height
    first, last = day_number(shown[0].on), max(day_number(shown[-1].on), day_number(curve.today))
    left, right = PHONE_MARGINS if phone else WIDE_MARGINS
    return Plot(width, height, left, right, 28, 24, (first, max(last, first + 1)), (low, high))


def lowest_point(curve: NetCurve) -> NetPoint | None:
    """The deepest point, where the net has been below zero and has come up again since."""
    deepest = min(curve.points, key=lambda p: p.net, default=None)
    return deepest if deepest is not None and deepest.net < 0 and deepest is not curve.points[-1] else None


def settled_and_open(points: Sequence[NetPoint]) -> tuple[Sequence[NetPoint], Sequence[NetPoint]]:
    """The points that are final, and the dotted tail, which begins at the last final one."""
    first_open = next((k for k, p in enumerate(points) if p.provisional), len(points))
    tail = points[max(first_open - 1, 0) :] if first_open < len(points) else []
    return points[:first_open], tail


def end_labels(curve: NetCurve, words: NetWords, plot: Plot) -> list[EndLabel]:
    """What stands at the right edge: the forecast or the net of today, and the benchmark."""
    y = linear(*plot.values, plot.floor, plot.top)
    last = curve.points[-1]
    if curve.forecast:
        found = [EndLabel(y(float(curve.forecast[-1].net)) + 4.5, words.forecast, "ink", strong=True)]
    else:
        lines = (words.now(last.net), *([words.provisional] if last.provisional else []))
        found = [EndLabel(y(float(last.net)) + 4.5, lines, "ink", strong=True)]
    if curve.benchmark:
        found.append(EndLabel(y(float(curve.benchmark.net)) + 4.5, curve.benchmark.lines, "benchmark"))
    return kept_apart(found, top=plot.top - 12, floor=plot.floor + 8, line=LINE_PIXELS, gap=8)


def cumulative_net(curve: NetCurve, *, words: NetWords, height: float, phone: bool = False) -> go.Figure:
    """The Plotly figure: range band, settled line, dotted open part, dashed forecast, break-even ring, diamond.

    Its width is the container's. Refuses (ValueError) a curve without a point.
    """
    plot = net_plot(curve, width=WIDTH_OF_PHONE if phone else WIDTH_OF_WIDE, height=height, phone=phone)
    figure = go.Figure(layout=layout(plot, tick=words.tick, times=words.times, summary=words.summary))
    _add_range(figure, curve.points, {"fillcolor": palette.LIGHT["band"]})
    if curve.forecast:
        _add_forecast(figure, curve, words)
    _add_net(figure, curve.points, words)
    if curve.paid_back_on:
        figure.add_scatter(x=[curve.paid_back_on], y=[0], marker=RING, name="paid back", **MARKER)
    if curve.benchmark:
        figure.add_scatter(x=[curve.today], y=[float(curve.benchmark.net)], marker=DIAMOND, name="benchmark", **MARKER)
    _annotate(figure, curve, words, phone=phone)
    if not phone:
        annotate_ends(figure, plot, end_labels(curve, words, plot))
    return figure


def _line(points: Sequence[NetPoint], name: str, **line: Any) -> dict[str, Any]:
    places = {"x": [p.on for p in points], "y": [float(p.net) for p in points]}
    style = {"color": palette.LIGHT["actual"], "width": 2.2, **line}
    return {**places, "mode": "lines", "name": name, "line": style, "hoverinfo": "skip"}


def _add_net(figure: go.Figure, points: Sequence[NetPoint], words: NetWords) -> None:
    settled, tail = settled_and_open(points)
    figure.add_scatter(**_line(settled, "net"))
    if tail:
        figure.add_scatter(**_line(tail, "provisional", dash="dot"))
    said = ["<br>".join(plain(row) for row in words.hover(p)) for p in points]
    silent = {**_line(points, "said", width=0), "hoverinfo": None}
    figure.add_scatter(**silent, text=said, hovertemplate="%{text}<extra></extra>")
    if tail:
        figure.add_scatter(x=[tail[-1].on], y=[float(tail[-1].net)], marker=HOLLOW, name="open", **MARKER)


def _add_range(figure: go.Figure, points: Sequence[NetPoint], fill: dict[str, Any]) -> None:
    ranged = [(p.on, float(p.low), float(p.high)) for p in points if p.low is not None and p.high is not None]
    if len(ranged) < 2:
        return
    edge = {"x": [on for on, _, _ in ranged], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(y=[high for _, _, high in ranged], name="high", **edge)
    figure.add_scatter(y=[low for _, low, _ in ranged], name="range", fill="tonexty", **edge, **fill)


def _add_forecast(figure: go.Figure, curve: NetCurve, words: NetWords) -> None:
    joined = [curve.points[-1], *curve.forecast]
    clear = "rgba(0,0,0,0)"
    stripes = {
        "shape": "/",
        "size": 7,
        "solidity": 0.13,
        "fgopacity": 0.6,
        "fgcolor": palette.LIGHT["actual"],
        "bgcolor": clear,
    }
    _add_range(figure, joined, {"fillpattern": stripes, "fillcolor": clear})
    figure.add_scatter(**_line(joined, "forecast", width=1.6, dash="6px,4px"))
    dotted = {"color": palette.LIGHT["reference"], "width": 1, "dash": "1px,3px"}
    figure.add_shape(type="line", x0=curve.today, x1=curve.today, yref="paper", y0=0, y1=1, line=dotted)
    place: dict[str, Any] = {"x": curve.today, "xshift": -6, "y": 1, "yref": "paper", "yshift": 14, "xanchor": "right"}
    annotate(figure, words.today, colour="muted", **place)


def _annotate(figure: go.Figure, curve: NetCurve, words: NetWords, *, phone: bool) -> None:
    """Words beside the points they name: the same ones, at the same places, as in the still picture."""
    annotate_unit(figure, words.unit)
    lowest, last = lowest_point(curve), curve.points[-1]
    place: dict[str, Any]
    if lowest:
        place = {"x": lowest.on, "y": float(lowest.net), "yshift": -13, "xanchor": "center"}
        annotate(figure, words.lowest(lowest.net), colour="muted", **place)
    if curve.paid_back_on:
        place = {"x": curve.paid_back_on, "xshift": -8, "y": 0, "yshift": 13, "xanchor": "right"}
        annotate(figure, words.paid_back(curve.paid_back_on), **place)
    if phone or curve.forecast:
        top = float(last.high if last.high is not None else last.net)
        rows = [words.now(last.net), *([words.provisional] if last.provisional and not phone else [])]
        for k, row in enumerate(rows):
            shift = 10 + (len(rows) - 1 - k) * LINE_PIXELS
            place = {"x": last.on, "xshift": -9, "y": top, "yshift": shift, "xanchor": "right"}
            annotate(figure, row, colour="muted" if k else "ink", strong=not k, **place)

"""One KPI over time as a Plotly figure, which `figures.js` puts in the place of the still picture (`kpi_still`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from kpis.figures import palette
from kpis.figures.axes import Plot, day_number, moment
from kpis.figures.kpi_history import (
    EVENT_GAP,
    EVENT_LANE,
    BaselineBand,
    KpiHistory,
    KpiWords,
    SeriesPoint,
    end_labels,
    event_name,
    gap_spans,
    kpi_plot,
    placed_events,
    settled_and_open,
)
from kpis.figures.palette import plain
from kpis.figures.plotly_axes import DIAMOND, HOLLOW, MARKER, annotate, annotate_ends, annotate_unit, iso, layout

WIDTH_OF_WIDE, WIDTH_OF_PHONE = 884, 328  # only to decide how many dates and event names fit


def kpi_series(kpi: KpiHistory, *, words: KpiWords, height: float, phone: bool = False) -> go.Figure:
    """The Plotly figure, as wide as its container, with the same labels and spans as the still picture."""
    plot = kpi_plot(kpi, width=WIDTH_OF_PHONE if phone else WIDTH_OF_WIDE, height=height, phone=phone)
    figure = go.Figure(layout=layout(plot, tick=words.tick, times=words.times, summary=words.summary))
    if kpi.baseline:
        _add_baseline(figure, kpi.baseline, plot, onwards=not kpi.counterfactual)
    _add_specks(figure, kpi.specks)
    _add_line(figure, kpi.counterfactual, "without AI", palette.LIGHT["reference"], 1.8)
    _add_line(figure, kpi.line, "actual", palette.LIGHT["actual"], 2.2)
    _add_target(figure, kpi, plot)
    _add_said(figure, kpi, words)
    if kpi.benchmark:
        level = min(max(kpi.benchmark.value, plot.values[0]), plot.values[1])
        figure.add_scatter(x=[iso(moment(plot.days[1]))], y=[level], marker=DIAMOND, name="benchmark", **MARKER)
    _annotate(figure, kpi, words, plot, phone=phone)
    if not phone:
        annotate_ends(figure, plot, end_labels(kpi, words, plot))
    return figure


def _add_specks(figure: go.Figure, specks: Sequence[SeriesPoint]) -> None:
    measured = [p for p in specks if p.value is not None]
    if measured:
        places = {"x": [p.at for p in measured], "y": [p.value for p in measured]}
        faint = {"color": palette.LIGHT["actual"], "size": 2.6, "opacity": 0.4}
        figure.add_scatter(**places, mode="markers", name="specks", marker=faint, hoverinfo="skip")


def _add_line(figure: go.Figure, points: Sequence[SeriesPoint], name: str, colour: str, width: float) -> None:
    """The settled part is solid and broken at gaps; the open interval is joined by dots."""
    settled, tail = settled_and_open(points)
    style: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip", "connectgaps": False}
    line = {"color": colour, "width": width}
    if settled:
        values = [p.value for p in settled]
        figure.add_scatter(x=[p.at for p in settled], y=values, name=name, line=line, **style)
    if len(tail) > 1:
        dots = {**line, "dash": "dot"}
        open_name = f"{name}, provisional"
        figure.add_scatter(x=[p.at for p in tail], y=[p.value for p in tail], name=open_name, line=dots, **style)


def _add_said(figure: go.Figure, kpi: KpiHistory, words: KpiWords) -> None:
    """What the pointer reads, on an invisible line; and the hollow end of an open interval."""
    known = [p for p in kpi.line if p.value is not None]
    said = ["<br>".join(plain(row) for row in words.hover(p)) for p in known]
    style: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hovertemplate": "%{text}<extra></extra>"}
    figure.add_scatter(x=[p.at for p in known], y=[p.value for p in known], name="said", text=said, **style)
    if known and known[-1].provisional:
        figure.add_scatter(x=[known[-1].at], y=[known[-1].value], marker=HOLLOW, name="open", **MARKER)


def _add_target(figure: go.Figure, kpi: KpiHistory, plot: Plot) -> None:
    if kpi.target:
        line = {"color": palette.LIGHT["ink"], "width": 1, "shape": "hv"}
        days = [*(at for at, _ in kpi.target), moment(plot.days[1])]
        levels = [*(level for _, level in kpi.target), kpi.target[-1][1]]
        style: dict[str, Any] = {"mode": "lines", "name": "target", "hoverinfo": "skip"}
        figure.add_scatter(x=[iso(day) for day in days], y=levels, line=line, **style)


def _add_baseline(figure: go.Figure, baseline: BaselineBand, plot: Plot, *, onwards: bool) -> None:
    start = iso(moment(plot.days[0]) if baseline.start is None else baseline.start)
    end = iso(moment(plot.days[1]) if baseline.end is None else baseline.end)
    grey = {"color": palette.LIGHT["reference"], "width": 1.8}
    if baseline.spread:
        edges = {"y0": baseline.value - baseline.spread, "y1": baseline.value + baseline.spread}
        fill: dict[str, Any] = {"fillcolor": palette.LIGHT["reference-band"], "line": {"width": 0}, "layer": "below"}
        figure.add_shape(type="rect", x0=start, x1=end, **edges, **fill)
    level = {"type": "line", "layer": "below", "y0": baseline.value, "y1": baseline.value}
    figure.add_shape(x0=start, x1=end, line={**grey, "dash": "7px,3px,1px,3px"} if baseline.declared else grey, **level)
    if onwards and not baseline.declared:
        thin = {**grey, "width": 1.2, "dash": "2px,3px"}
        figure.add_shape(x0=end, x1=iso(moment(plot.days[1])), line=thin, **level)


def _annotate(figure: go.Figure, kpi: KpiHistory, words: KpiWords, plot: Plot, *, phone: bool) -> None:
    """Events, gaps and the baseline's name, at the places of the still picture."""
    annotate_unit(figure, words.unit)
    for event, lane, leftwards in placed_events(kpi.events, plot.days, plot.width, phone=phone):
        height = 22 + lane * EVENT_LANE  # pixels above the plot's upper edge: lane 0 is the lowest
        line = {"color": palette.LIGHT["reference"], "width": 1}
        reach = 1 + height / (plot.floor - plot.top)
        ends = {"x0": iso(event.at), "x1": iso(event.at), "yref": "paper", "y0": 0, "y1": reach}
        figure.add_shape(type="line", line=line, layer="below", **ends)
        beside = {"xshift": -EVENT_GAP, "xanchor": "right"} if leftwards else {"xshift": EVENT_GAP}
        place: dict[str, Any] = {"x": iso(event.at), "y": 1, "yref": "paper", "yshift": height - 6.5, **beside}
        annotate(figure, event_name(event, phone=phone), **place)
    _mark_gaps(figure, kpi, words, plot, phone=phone)
    if kpi.baseline and not phone and words.baseline:
        start = iso(moment(plot.days[0]) if kpi.baseline.start is None else kpi.baseline.start)
        top_edge = kpi.baseline.value + (kpi.baseline.spread or 0)
        annotate(figure, words.baseline, colour="muted", x=start, xshift=4, y=top_edge, yshift=11)


def _mark_gaps(figure: go.Figure, kpi: KpiHistory, words: KpiWords, plot: Plot, *, phone: bool) -> None:
    """A tick on the axis under each gap, four pixels wider than it, and its dates above."""
    room = 4 * (plot.days[1] - plot.days[0]) / (plot.x_end - plot.left)
    above = {"yref": "paper", "ysizemode": "pixel", "yanchor": 0}
    ink = {"color": palette.LIGHT["ink"], "width": 1}
    for first, last in gap_spans(kpi.line):
        begin, end = iso(moment(day_number(first.at) - room)), iso(moment(day_number(last.at) + room))
        for x0, x1, y0, y1 in ((begin, begin, 0, 7), (end, end, 0, 7), (begin, end, 4, 4)):
            figure.add_shape(type="line", x0=x0, x1=x1, y0=y0, y1=y1, line=ink, name="gap", **above)
        if not phone:
            place: dict[str, Any] = {"x": iso(last.at), "y": 0, "yref": "paper", "yshift": 16.5, "xanchor": "center"}
            annotate(figure, words.gap(first.at, last.at), colour="muted", **place)

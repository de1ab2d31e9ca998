"""One KPI over time as a still picture (SVG): what is seen at first paint, in print and without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from kpis.figures.axes import Plot, day_number
from kpis.figures.kpi_history import (
    EVENT_GAP,
    EVENT_LANE,
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
from kpis.figures.pen import Pen, Scale, linear, text_width
from kpis.figures.sparkline import runs
from kpis.figures.svg_axes import draw_end_labels, draw_time_axis, draw_value_axis


def kpi_still(kpi: KpiHistory, *, words: KpiWords, width: float, height: float, phone: bool = False) -> str:
    """The chart, drawn at the width at which it is shown. Without any value: the empty axes and what is dated."""
    plot = kpi_plot(kpi, width=width, height=height, phone=phone)
    x = linear(*plot.days, plot.left, plot.x_end)
    y = linear(*plot.values, plot.floor, plot.top)
    pen = Pen(width, height, summary=words.summary, css="kpi-series")
    draw_value_axis(pen, plot, y, tick=words.tick, unit=words.unit)
    draw_time_axis(pen, plot, x, words.times)
    _draw_baseline(pen, kpi, plot, x, y)
    for point in kpi.specks:
        if point.value is not None:
            pen.circle(x(day_number(point.at)), y(point.value), 1 if phone else 1.3, "speck")
    _draw_series(pen, kpi.counterfactual, x, y, "reference")
    _draw_target(pen, kpi, plot, x, y)
    _draw_series(pen, kpi.line, x, y, "actual")
    _draw_gaps(pen, kpi, words, plot, x, phone=phone)
    _draw_events(pen, kpi, plot, x, phone=phone)
    _draw_end(pen, kpi, x, y)
    if kpi.benchmark:
        pen.diamond(plot.x_end, min(max(y(kpi.benchmark.value), plot.top), plot.floor), 5.5)
    if not phone:
        draw_end_labels(pen, plot, end_labels(kpi, words, plot))
        if kpi.baseline and words.baseline:
            start = plot.left if kpi.baseline.start is None else max(x(day_number(kpi.baseline.start)), plot.left)
            top = y(kpi.baseline.value + (kpi.baseline.spread or 0))
            pen.text(start + 4, top - 7, words.baseline, "muted")
    return pen.svg()


def _draw_series(pen: Pen, points: Sequence[SeriesPoint], x: Scale, y: Scale, css: str) -> None:
    settled, tail = settled_and_open(points)
    places = [None if p.value is None else (x(day_number(p.at)), y(p.value)) for p in settled]
    for run in runs(places):
        pen.path(run, css)
        if len(run) == 1:
            pen.circle(*run[0], 1.8, "dot" if css == "actual" else "dot-reference")
    pen.path([(x(day_number(p.at)), y(p.value)) for p in tail if p.value is not None], f"{css} provisional")


def _draw_end(pen: Pen, kpi: KpiHistory, x: Scale, y: Scale) -> None:
    known = [p for p in kpi.line if p.value is not None]
    if known and known[-1].value is not None:
        css = "dot hollow" if known[-1].provisional else "dot"
        pen.circle(x(day_number(known[-1].at)), y(known[-1].value), 4 if known[-1].provisional else 3, css)


def _draw_target(pen: Pen, kpi: KpiHistory, plot: Plot, x: Scale, y: Scale) -> None:
    if kpi.target:
        steps = [(max(x(day_number(at)), plot.left), y(level)) for at, level in kpi.target]
        pen.steps([*steps, (plot.x_end, steps[-1][1])], "target")


def _draw_baseline(pen: Pen, kpi: KpiHistory, plot: Plot, x: Scale, y: Scale) -> None:
    baseline = kpi.baseline
    if not baseline:
        return
    start = plot.left if baseline.start is None else max(x(day_number(baseline.start)), plot.left)
    end = plot.x_end if baseline.end is None else x(day_number(baseline.end))
    level = y(baseline.value)
    if baseline.spread:
        top = y(baseline.value + baseline.spread)
        pen.rect(start, top, end - start, y(baseline.value - baseline.spread) - top, "reference-band")
    pen.line(start, level, end, level, "reference declared" if baseline.declared else "reference")
    if not kpi.counterfactual and not baseline.declared:
        pen.line(end, level, plot.x_end, level, "reference thin dashed")


def _draw_gaps(pen: Pen, kpi: KpiHistory, words: KpiWords, plot: Plot, x: Scale, *, phone: bool) -> None:
    """A tick on the axis under each gap; on a desk its dates, where two of them do not run into each other."""
    free = plot.left
    for first, last in gap_spans(kpi.line):
        begin, end = x(day_number(first.at)) - 4, x(day_number(last.at)) + 4
        for at in (begin, end):
            pen.line(at, plot.floor, at, plot.floor - 7, "gap")
        pen.line(begin, plot.floor - 4, end, plot.floor - 4, "gap")
        text = words.gap(first.at, last.at)
        half, middle = text_width(text) / 2, (begin + end) / 2
        if not phone and middle - half > free and middle + half < plot.x_end:
            pen.text(middle, plot.floor - 12, text, "muted", anchor="middle")
            free = middle + half + 6


def _draw_events(pen: Pen, kpi: KpiHistory, plot: Plot, x: Scale, *, phone: bool) -> None:
    placed = placed_events(kpi.events, plot.days, plot.width, phone=phone)
    heights = [plot.top - 14 - p.lane * EVENT_LANE for p in placed]
    for (event, _, _), height in zip(placed, heights, strict=True):
        at = x(day_number(event.at))
        pen.line(at, height - 8, at, plot.floor, "event")
    for (event, _, leftwards), height in zip(placed, heights, strict=True):  # over all lines
        beside = -EVENT_GAP if leftwards else EVENT_GAP
        name = event_name(event, phone=phone)
        pen.text(x(day_number(event.at)) + beside, height + 3, name, anchor="end" if leftwards else "start")

"""The cumulative net as a still picture (SVG): what is seen at first paint, in print and without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from kpis.figures.axes import Plot, day_number
from kpis.figures.cumulative import (
    NetCurve,
    NetPoint,
    NetWords,
    end_labels,
    lowest_point,
    net_plot,
    settled_and_open,
)
from kpis.figures.palette import LINE_PIXELS
from kpis.figures.pen import Pen, Point, Scale, linear, text_width
from kpis.figures.svg_axes import draw_end_labels, draw_time_axis, draw_value_axis


def cumulative_still(
    curve: NetCurve, *, words: NetWords, name: str, width: float, height: float, phone: bool = False
) -> str:
    """The chart, drawn at the width at which it is shown. `name` is unique on the page: it names the hatching.

    Refuses (ValueError) a curve without a point.
    """
    pen = Pen(width, height, summary=words.summary, css="cumulative")
    draw_net(pen, curve, words=words, name=name, phone=phone)
    return pen.svg()


def draw_net(pen: Pen, curve: NetCurve, *, words: NetWords, name: str, phone: bool) -> None:
    """The same with any pen, as large as the pen's own surface: a mail draws with one that makes pixels."""
    plot = net_plot(curve, width=pen.width, height=pen.height, phone=phone)
    x = linear(*plot.days, plot.left, plot.x_end)
    y = linear(*plot.values, plot.floor, plot.top)
    draw_value_axis(pen, plot, y, tick=words.tick, unit=words.unit)
    draw_time_axis(pen, plot, x, words.times)
    _draw_band(pen, curve.points, x, y, "band")
    if curve.forecast:
        joined = [curve.points[-1], *curve.forecast]
        _draw_band(pen, joined, x, y, "hatched", fill=pen.hatching(f"hatching-{name}"))
        pen.path(_places(joined, x, y), "forecast")
        today = x(day_number(curve.today))
        pen.line(today, plot.top, today, plot.floor, "today")
        pen.text(today - 6, plot.top - 10, words.today, "muted", anchor="end")
    settled, tail = settled_and_open(curve.points)
    pen.path(_places(settled, x, y), "actual")
    pen.path(_places(tail, x, y), "actual provisional")
    _draw_lowest(pen, curve, words, plot, x, y)
    _draw_payback(pen, curve, words, plot, x, y)
    _draw_benchmark(pen, curve, words, plot, x, y, phone=phone)
    _draw_now(pen, curve, words, x, y, phone=phone)
    if not phone:
        draw_end_labels(pen, plot, end_labels(curve, words, plot))


def _places(points: Sequence[NetPoint], x: Scale, y: Scale) -> list[Point]:
    return [(x(day_number(p.on)), y(float(p.net))) for p in points]


def _draw_band(pen: Pen, points: Sequence[NetPoint], x: Scale, y: Scale, css: str, *, fill: str = "") -> None:
    ranged = [(x(day_number(p.on)), p.low, p.high) for p in points if p.low is not None and p.high is not None]
    if len(ranged) > 1:
        upper = [(at, y(float(high))) for at, _, high in ranged]
        lower = [(at, y(float(low))) for at, low, _ in reversed(ranged)]
        pen.path([*upper, *lower], css, closed=True, fill=fill)


def _draw_lowest(pen: Pen, curve: NetCurve, words: NetWords, plot: Plot, x: Scale, y: Scale) -> None:
    lowest = lowest_point(curve)
    if lowest:
        text = words.lowest(lowest.net)
        half = text_width(text) / 2
        middle = min(max(x(day_number(lowest.on)), plot.left + half), plot.x_end - half)
        pen.text(middle, y(float(lowest.net)) + 17, text, "muted", anchor="middle")


def _draw_payback(pen: Pen, curve: NetCurve, words: NetWords, plot: Plot, x: Scale, y: Scale) -> None:
    if not curve.paid_back_on:
        return
    at, label = x(day_number(curve.paid_back_on)), words.paid_back(curve.paid_back_on)
    pen.circle(at, y(0), 4.5, "ring")
    if at - 8 - text_width(label) >= plot.left:
        pen.text(at - 8, y(0) - 9, label, anchor="end")
    else:
        pen.text(at + 8, y(0) + 17, label)


def _draw_benchmark(pen: Pen, curve: NetCurve, words: NetWords, plot: Plot, x: Scale, y: Scale, *, phone: bool) -> None:
    if not curve.benchmark:
        return
    at, level = x(day_number(curve.today)), y(float(curve.benchmark.net))
    if not phone and at < plot.x_end - 24:  # beside its words it needs no line to them
        written = next(label.y for label in end_labels(curve, words, plot) if label.colour == "benchmark")
        pen.line(at + 8, level, plot.x_end + 6, written - 4.5, "benchmark-line")
    pen.diamond(at, level, 5.5)


def _draw_now(pen: Pen, curve: NetCurve, words: NetWords, x: Scale, y: Scale, *, phone: bool) -> None:
    last = curve.points[-1]
    at = x(day_number(last.on))
    pen.circle(at, y(float(last.net)), 4, "dot hollow" if last.provisional else "dot")
    if not (phone or curve.forecast):
        return
    top = y(float(last.high if last.high is not None else last.net))
    rows = [words.now(last.net), *([words.provisional] if last.provisional and not phone else [])]
    for k, row in enumerate(rows):
        pen.text(at - 9, top - 6 - (len(rows) - 1 - k) * LINE_PIXELS, row, "muted" if k else "strong", anchor="end")

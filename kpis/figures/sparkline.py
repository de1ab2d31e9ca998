"""The small lines of tables: one trend (`spark`) and the small multiple of a KPI row, as SVG.

An interval without data breaks the line and leaves a tick; the last, open interval is dotted and ends hollow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kpis.figures.axes import padded
from kpis.figures.pen import Pen, Point, Scale, linear

Value = float | None  # None: an interval without data


@dataclass(frozen=True, slots=True)
class Spark:
    """Values of consecutive intervals, oldest first. Zero is always in view and drawn."""

    values: Sequence[Value]
    provisional: bool = False  # the last value is of an interval that is still open
    few: bool = False  # mark each value: months, not days
    low: float | None = None  # the span of the axis, where several rows share one
    high: float | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Multiple:
    """One KPI in a row of many: everything is in the KPI's unit, indices count intervals from 0."""

    values: Sequence[Value]
    baseline: float | None = None
    spread: float | None = None  # standard deviation of the baseline's interval values
    go_live: int | None = None  # the first interval with the AI; the baseline's band ends there
    declared: bool = False  # the baseline was stated, not measured
    counterfactual: Sequence[Value] = ()  # as long as `values`; what would have been without the AI
    target: Sequence[tuple[int, float]] = ()  # from this interval on this level
    benchmark: float | None = None
    provisional: bool = False
    summary: str = ""


def spark(line: Spark, *, width: float = 104, height: float = 30) -> str:
    """One trend with its zero line. Without any value: the zero line alone."""
    pen = Pen(width, height, summary=line.summary, css="spark")
    known = [value for value in line.values if value is not None]
    low = min([0.0, *known]) if line.low is None else line.low
    high = max([0.0, *known]) if line.high is None else line.high
    if low == high:
        high = low + 1
    x, y = linear(0, max(len(line.values) - 1, 1), 4, width - 6), linear(low, high, height - 4, 4)
    if low <= 0 <= high:
        pen.line(0, y(0), width, y(0), "zero")
    draw_line(pen, line.values, x, y, floor=height, provisional=line.provisional, dots=line.few, css="actual thin")
    return pen.svg()


def small_multiple(kpi: Multiple, *, width: float = 236, height: float = 74) -> str:
    """A KPI's line with baseline band, counterfactual, target steps and the industry's diamond at the edge."""
    pen = Pen(width, height, summary=kpi.summary, css="multiple")
    low, high = _span(kpi)
    x = linear(0, max(len(kpi.values) - 1, 1), 4, width - 18)
    y = linear(low, high, height - 5, 5)
    _draw_reference(pen, kpi, x, y)
    if kpi.target:
        last = (len(kpi.values) - 1, kpi.target[-1][1])
        pen.steps([(x(at), y(level)) for at, level in [*kpi.target, last]], "target")
    draw_line(pen, kpi.values, x, y, floor=height, provisional=kpi.provisional, css="actual thin")
    if kpi.benchmark is not None:
        pen.diamond(width - 7, min(max(y(kpi.benchmark), 5), height - 5), 4.5)
    return pen.svg()


def draw_line(
    pen: Pen,
    values: Sequence[Value],
    x: Scale,
    y: Scale,
    *,
    floor: float,
    provisional: bool,
    css: str,
    dots: bool = False,
) -> None:
    """The line of `values` against their index, broken at gaps, its open end dotted and hollow."""
    places = [None if value is None else (x(k), y(value)) for k, value in enumerate(values)]
    open_end = provisional and places and places[-1] is not None
    for run in runs(places[:-1] if open_end else places):
        pen.path(run, css)
        if len(run) == 1 or dots:
            for place in run:
                pen.circle(*place, 1.8, "dot")
    for k in gaps(values):
        pen.line(x(k), floor, x(k), floor - 6, "gap")
    ends = [place for place in places if place is not None]
    if not ends:
        return
    if open_end and len(places) > 1 and places[-2] is not None:
        pen.path([places[-2], ends[-1]], f"{css} provisional")
    pen.circle(*ends[-1], 3, "dot hollow" if open_end else "dot")


def runs(places: Sequence[Point | None]) -> list[list[Point]]:
    """The unbroken stretches of a line."""
    stretches: list[list[Point]] = [[]]
    for place in places:
        if place is not None:
            stretches[-1].append(place)
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def gaps(values: Sequence[Value]) -> list[int]:
    """Where intervals without data lie between others that have some; a line not yet begun is no gap."""
    known = [k for k, value in enumerate(values) if value is not None]
    return [k for before, after in pairwise(known) for k in range(before + 1, after)]


def _span(kpi: Multiple) -> tuple[float, float]:
    seen = [value for value in [*kpi.values, *kpi.counterfactual] if value is not None]
    seen += [level for _, level in kpi.target]
    if kpi.baseline is not None:
        seen += [kpi.baseline - (kpi.spread or 0), kpi.baseline + (kpi.spread or 0)]
    if not seen:
        return 0.0, 1.0
    low, high = padded(min(seen), max(seen), share=0.04)
    near = kpi.benchmark is not None and low - (high - low) / 2 <= kpi.benchmark <= high + (high - low) / 2
    if near and kpi.benchmark is not None:  # a diamond far away is drawn at the edge: it must not flatten the line
        low, high = min(low, kpi.benchmark), max(high, kpi.benchmark)
    return low, high


def _draw_reference(pen: Pen, kpi: Multiple, x: Scale, y: Scale) -> None:
    end = pen.width - 18
    until = end if kpi.go_live is None else x(kpi.go_live)
    if kpi.baseline is not None:
        level = y(kpi.baseline)
        if kpi.spread:
            top = y(kpi.baseline + kpi.spread)
            pen.rect(0, top, until, y(kpi.baseline - kpi.spread) - top, "reference-band")
        pen.line(0, level, until, level, "reference declared" if kpi.declared else "reference")
        if until < end and not kpi.counterfactual:
            pen.line(until, level, end, level, "reference thin dashed")
    if kpi.go_live is not None:
        pen.line(until, 0, until, pen.height, "event")
    places = [None if v is None else (x(k), y(v)) for k, v in enumerate(kpi.counterfactual)]
    for run in runs(places):
        pen.path(run, "reference thin")

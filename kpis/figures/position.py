"""Where a KPI stands beside published figures: the effect strip and the quantile strip, as SVG.

Published figures are diamonds with their label, the own value is a dot, its range a band. An effect is compared with
effects and claims no percentile; published quantiles claim one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kpis.figures.axes import padded, value_ticks
from kpis.figures.pen import Pen, Scale, linear, text_width

MARGIN = 10
LANE = 17  # pixels between two lines of labels


@dataclass(frozen=True, slots=True)
class Own:
    """The own value with its range, in the strip's unit, and what is written at it (“you +18.9%”)."""

    value: float
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure and what is written at it."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Quantile:
    """A published quantile: the value and which share of organisations lies at or below it, both also as text."""

    value: float
    label: str
    share_label: str


def effect_strip(
    own: Own,
    published: Sequence[Published],
    *,
    tick: Callable[[float], str],
    summary: str,
    width: float,
    from_zero: bool = True,
) -> str:
    """The own figure with its range beside published ones on one axis; that of effects includes zero."""
    ends = [*([0.0] if from_zero else []), own.value, *(mark.value for mark in published)]
    ends += [end for end in (own.low, own.high) if end is not None]
    span = padded(min(ends), max(ends), share=0.12)
    lanes, x = _lanes(published, span, width)
    base = (max(lanes, default=0) + 1) * LANE + 40
    pen = Pen(width, base + 26, summary=summary, css="strip")
    pen.line(MARGIN, base, width - MARGIN, base, "axis")
    for value in value_ticks(*span, at_most=max(2, int(width / 80))):
        pen.line(x(value), base, x(value), base + 4, "axis")
        pen.text(x(value), base + 18, tick(value), "muted", anchor="middle")
    if from_zero:
        pen.line(x(0), base - 30, x(0), base, "zero")
    for mark, lane in zip(published, lanes, strict=True):
        height = base - 44 - lane * LANE
        pen.line(x(mark.value), base - 12, x(mark.value), height + 4, "benchmark-line")
        _label(pen, x(mark.value), height, mark.label, "benchmark-text")
        pen.diamond(x(mark.value), base - 6, 5.5)
    _draw_own(pen, own, x, base - 6, beside=[x(mark.value) for mark in published])
    return pen.svg()


def quantile_strip(own: Own, quantiles: Sequence[Quantile], *, better: str, summary: str, width: float) -> str:
    """The own value among published quantiles. `better` says which side is better (“◂ less is better”)."""
    ends = [own.value, *(q.value for q in quantiles)]
    span = padded(min(ends), max(ends), share=0.18)
    x, base = linear(*span, MARGIN, width - MARGIN), 52.0
    pen = Pen(width, base + 40, summary=summary, css="strip")
    edges = [MARGIN, *(x(q.value) for q in quantiles), width - MARGIN]
    for k, (left, right) in enumerate(pairwise(edges)):
        pen.rect(left + 0.5, base - 7, right - left - 1, 14, f"quantile-{k % 2}")
    free = -1.0
    for q in quantiles:
        pen.diamond(x(q.value), base, 5.5)
        half = text_width(max(q.label, q.share_label, key=len)) / 2
        if x(q.value) - half < free:
            continue  # two quantiles closer than their labels: the diamond stands, the table beside names it
        free = x(q.value) + half + 4
        pen.text(x(q.value), base + 22, q.label, "benchmark-text", anchor="middle")
        pen.text(x(q.value), base + 37, q.share_label, "muted", anchor="middle")
    pen.text(MARGIN, 14, better, "muted")
    _draw_own(pen, own, x, base, beside=[])
    return pen.svg()


def _draw_own(pen: Pen, own: Own, x: Scale, y: float, *, beside: Sequence[float]) -> None:
    """Dot, range and label; the label steps aside where the line of a published figure would run through it."""
    if own.low is not None and own.high is not None:
        pen.rect(x(own.low), y - 5, x(own.high) - x(own.low), 10, "band")
    pen.circle(x(own.value), y, 5, "dot")
    at = x(own.value)
    half = text_width(own.label) / 2 + 4
    for line in sorted(beside, key=lambda place: abs(place - at)):
        if abs(line - at) < half:
            at = line + half if x(own.value) >= line else line - half
    _label(pen, at, y - 14, own.label, "actual-text strong")


def _label(pen: Pen, x: float, y: float, label: str, css: str) -> None:
    """A centred label that is moved inwards where it would leave the drawing."""
    half = text_width(label) / 2
    pen.text(min(max(x, half), pen.width - half), y, label, css, anchor="middle")


def _lanes(published: Sequence[Published], span: tuple[float, float], width: float) -> tuple[list[int], Scale]:
    """For each mark the line of text it is written on, so that no two labels touch."""
    x = linear(*span, MARGIN, width - MARGIN)
    lanes = [0] * len(published)
    taken: list[float] = []  # the right end of the last label in each lane
    for k in sorted(range(len(published)), key=lambda n: published[n].value):
        half = text_width(published[k].label) / 2
        centre = min(max(x(published[k].value), half), width - half)
        lane = next((n for n, end in enumerate(taken) if centre - half > end + 8), len(taken))
        taken[lane : lane + 1] = [centre + half]
        lanes[k] = lane
    return lanes, x

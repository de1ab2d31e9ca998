"""One KPI over time: its data, its words, and where everything stands: what still picture and Plotly share.

Specks are the measured intervals, the line is coarser (weeks aligned by weekday); grey is the baseline and what would
have been without the AI; the thin steps are the target. A gap breaks the line, the open end is dotted and hollow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kpis.figures.axes import EndLabel, Moment, Plot, TimeWords, day_number, kept_apart, padded
from kpis.figures.palette import LINE_PIXELS
from kpis.figures.pen import linear, text_width

WIDE_MARGINS, PHONE_MARGINS = (50, 158), (42, 14)
EVENT_LANE = 17  # pixels between two lines of event names
EVENT_GAP = 4  # pixels between an event's line and its name


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """The KPI in one interval, in its unit, placed in the middle of it. None: an interval without data."""

    at: Moment
    value: float | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class BaselineBand:
    """The frozen reference: its value, the spread of its intervals and its window; a declared one has only a value."""

    value: float
    spread: float | None
    start: Moment | None
    end: Moment | None

    @property
    def declared(self) -> bool:
        return self.start is None or self.end is None


@dataclass(frozen=True, slots=True)
class Event:
    """A dated annotation. `short` is what a phone shows."""

    at: Moment
    name: str
    short: str = ""


class PlacedEvent(NamedTuple):
    """An event with its line of text, 0 the lowest; `leftwards`: its name ends at its line instead of beginning."""

    event: Event
    lane: int
    leftwards: bool


@dataclass(frozen=True, slots=True)
class SeriesBenchmark:
    """A published figure in the KPI's unit and the lines written at its diamond."""

    value: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KpiHistory:
    """Everything the chart shows, in the KPI's unit, each row in order of time."""

    line: Sequence[SeriesPoint]
    specks: Sequence[SeriesPoint] = ()
    counterfactual: Sequence[SeriesPoint] = ()
    baseline: BaselineBand | None = None
    target: Sequence[tuple[Moment, float]] = ()  # from this day on this level
    events: Sequence[Event] = ()
    benchmark: SeriesBenchmark | None = None
    until: Moment | None = None  # the right edge, where it lies behind the last point


@dataclass(frozen=True, slots=True)
class KpiWords:
    """What stands in the chart, in the reader's language. Lines are written at the ends of what they name."""

    summary: str
    unit: str
    tick: Callable[[float], str]
    actual: tuple[str, ...]
    counterfactual: tuple[str, ...]
    target: str
    baseline: str
    gap: Callable[[Moment, Moment], str]  # first and last interval without data
    hover: Callable[[SeriesPoint], tuple[str, ...]]
    times: TimeWords


def kpi_plot(kpi: KpiHistory, *, width: float, height: float, phone: bool) -> Plot:
    """Margins and spans. A benchmark far from the KPI does not flatten its line: it is drawn at the edge."""
    values = [p.value for p in [*kpi.line, *kpi.specks, *kpi.counterfactual] if p.value is not None]
    values += [level for _, level in kpi.target]
    if kpi.baseline:
        values += [kpi.baseline.value - (kpi.baseline.spread or 0), kpi.baseline.value + (kpi.baseline.spread or 0)]
    low, high = padded(min(values, default=0), max(values, default=0), share=0.06)
    if kpi.benchmark and low - (high - low) / 2 <= kpi.benchmark.value <= high + (high - low) / 2:
        low, high = min(low, kpi.benchmark.value), max(high, kpi.benchmark.value)
    days = [day_number(p.at) for p in [*kpi.line, *kpi.specks]]
    days += [day_number(at) for at in (kpi.until, kpi.baseline and kpi.baseline.start) if at]
    first, last = min(days, default=0.0), max(days, default=1.0)
    lanes = max((p.lane + 1 for p in placed_events(kpi.events, (first, last), width, phone=phone)), default=0)
    left, right = PHONE_MARGINS if phone else WIDE_MARGINS
    return Plot(
        width, height, left, right, 26 + lanes * EVENT_LANE, 24, (first, max(last, first + 1 / 24)), (low, high)
    )


def placed_events(
    events: Sequence[Event], days: tuple[float, float], width: float, *, phone: bool
) -> list[PlacedEvent]:
    """The events in view, each with the line of text it is written on, from the last to the first.

    No two names touch, and an earlier one is written higher: else the line of a later event would cross it. A name
    that would leave the picture stands to the left of its line.
    """
    left, right = PHONE_MARGINS if phone else WIDE_MARGINS
    x = linear(*days, left, width - right)
    taken: list[tuple[float, float, int]] = []  # from, to, lane
    placed = []
    for event in sorted(events, key=lambda e: day_number(e.at), reverse=True):
        if not days[0] <= day_number(event.at) <= days[1]:
            continue
        at, room = x(day_number(event.at)), EVENT_GAP + text_width(event_name(event, phone=phone))
        leftwards = at + room > width
        begin, end = (at - room, at) if leftwards else (at, at + room)
        lane = max((n + 1 for start, stop, n in taken if start < end + 6 and begin < stop + 6), default=0)
        taken.append((begin, end, lane))
        placed.append(PlacedEvent(event, lane, leftwards))
    return placed


def event_name(event: Event, *, phone: bool) -> str:
    return event.short if phone and event.short else event.name


def gap_spans(points: Sequence[SeriesPoint]) -> list[tuple[SeriesPoint, SeriesPoint]]:
    """First and last interval of each gap between intervals with data; before the first value nothing is missing."""
    spans: list[tuple[SeriesPoint, SeriesPoint]] = []
    begun: list[SeriesPoint] = []
    seen = False
    for point in points:
        if point.value is None:
            begun += [point] if seen else []
            continue
        if begun:
            spans.append((begun[0], begun[-1]))
        begun, seen = [], True
    return spans


def settled_and_open(points: Sequence[SeriesPoint]) -> tuple[Sequence[SeriesPoint], Sequence[SeriesPoint]]:
    """The final intervals, and the dotted tail: from the last final one on, if it has a value."""
    first_open = next((k for k, p in enumerate(points) if p.provisional), len(points))
    tail = points[max(first_open - 1, 0) :] if first_open < len(points) else []
    return points[:first_open], [p for p in tail if p.value is not None]


def end_labels(kpi: KpiHistory, words: KpiWords, plot: Plot) -> list[EndLabel]:
    """What stands at the right edge: without the AI, actual, target, benchmark, kept apart."""
    y = linear(*plot.values, plot.floor, plot.top)
    found = []
    lines_of = ((kpi.counterfactual, words.counterfactual, "muted"), (kpi.line, words.actual, "actual"))
    for points, lines, colour in lines_of:
        last = next((p.value for p in reversed(points) if p.value is not None), None)
        if last is not None and lines:
            found.append(EndLabel(y(last) + 4.5, lines, colour, strong=colour == "actual"))
    if kpi.target and words.target:
        found.append(EndLabel(y(kpi.target[-1][1]) + 4.5, (words.target,), "ink"))
    if kpi.benchmark:
        level = min(max(y(kpi.benchmark.value), plot.top), plot.floor)
        found.append(EndLabel(level + 4.5, kpi.benchmark.lines, "benchmark"))
    return kept_apart(found, top=plot.top - 12, floor=plot.floor + 8, line=LINE_PIXELS, gap=4)

"""Ticks, dates on an axis and labels that keep out of each other's way: shared by the still pictures and by Plotly.

Times are days since the year 1 as a float (`day_number`), in the organisation's local time: a figure knows no zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

Moment = date | datetime

MONTHS_BETWEEN_LABELS = (1, 2, 3, 4, 6, 12)
DAYS_BETWEEN_LABELS = (1, 2, 7, 14, 28)
HOURS_BETWEEN_LABELS = (1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class TimeWords:
    """How the reader's language says a place on a time axis."""

    month: Callable[[date, bool], str]  # with True the year is said too
    day: Callable[[date], str]
    hour: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class TimeTick:
    at: float  # a day number
    label: str  # empty for a tick without a word
    strong: bool  # starts a year, a month, a day


@dataclass(frozen=True, slots=True)
class Plot:
    """Where things are drawn, in pixels from the top left, and what the two axes span."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float  # the distance from the lower edge
    days: tuple[float, float]
    values: tuple[float, float]

    @property
    def x_end(self) -> float:
        return self.width - self.right

    @property
    def floor(self) -> float:
        return self.height - self.bottom


@dataclass(frozen=True, slots=True)
class EndLabel:
    """Lines at the right edge that name what ends there. `y` is the baseline of the first one, in pixels."""

    y: float
    lines: tuple[str, ...]
    colour: str  # a name of the palette: ink, actual, muted, benchmark
    strong: bool = False  # the first line


def day_number(at: Moment) -> float:
    """Days since the year 1; an hour is its share of the day. A zone is dropped: pass local times."""
    if isinstance(at, datetime):
        return at.toordinal() + (at.hour * 3600 + at.minute * 60 + at.second) / 86_400
    return float(at.toordinal())


def value_ticks(low: float, high: float, *, at_most: int) -> list[float]:
    """Round values (steps of 1, 2, 2.5 or 5 times a power of ten) from `low` to `high`, both inside."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or at_most < 2:
        return [low] if math.isfinite(low) else []
    least = (high - low) / at_most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor >= least)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 10) + 0.0 for k in range(first, last + 1)]


def padded(low: float, high: float, *, share: float) -> tuple[float, float]:
    """The span with some air at both ends; a span of nothing gets a width, so that a scale exists."""
    if high <= low:
        room = abs(low) * 0.1 or 1.0
        return low - room, high + room
    room = (high - low) * share
    return low - room, high + room


def time_ticks(start: float, end: float, *, pixels: float, words: TimeWords) -> list[TimeTick]:
    """Ticks with as many words as fit: months, below ten weeks days, below three days hours."""
    span = max(end - start, 1e-6)
    if span >= 70:
        return _month_ticks(start, end, pixels / span, words)
    if span >= 3:
        return _day_ticks(start, end, pixels / span, words)
    return _hour_ticks(start, end, pixels / span, words)


def _month_ticks(start: float, end: float, pixels_a_day: float, words: TimeWords) -> list[TimeTick]:
    firsts: list[date] = []
    month = date.fromordinal(int(start)).replace(day=1)
    while month.toordinal() <= end:
        if month.toordinal() >= start:
            firsts.append(month)
        month = (month.replace(day=28) + timedelta(days=7)).replace(day=1)
    every = next(
        (n for n in MONTHS_BETWEEN_LABELS if n * 30.4 * pixels_a_day >= 74), 12 * math.ceil(74 / (365 * pixels_a_day))
    )
    ticks = []
    for k, first in enumerate(firsts):
        fits = (end - first.toordinal()) * pixels_a_day >= 22
        with_year = k == 0 or (k % every == 0 and first.month <= every)
        label = words.month(first, with_year) if k % every == 0 and fits else ""
        ticks.append(TimeTick(float(first.toordinal()), label, first.month == 1))
    return ticks


def _day_ticks(start: float, end: float, pixels_a_day: float, words: TimeWords) -> list[TimeTick]:
    every = next((n for n in DAYS_BETWEEN_LABELS if n * pixels_a_day >= 56), math.ceil(56 / pixels_a_day))
    ticks = []
    for k, day in enumerate(range(math.ceil(start), math.floor(end) + 1)):
        on = date.fromordinal(day)
        fits = (end - day) * pixels_a_day >= 22
        ticks.append(TimeTick(float(day), words.day(on) if k % every == 0 and fits else "", on.day == 1))
    return ticks


def _hour_ticks(start: float, end: float, pixels_a_day: float, words: TimeWords) -> list[TimeTick]:
    every = next((n for n in HOURS_BETWEEN_LABELS if n / 24 * pixels_a_day >= 56), 24 * math.ceil(56 / pixels_a_day))
    ticks = []
    for hour in range(math.ceil(start * 24 - 1e-9), math.floor(end * 24 + 1e-9) + 1):
        if hour % every:
            continue
        at = datetime.combine(date.fromordinal(hour // 24), datetime.min.time()) + timedelta(hours=hour % 24)
        fits = (end - hour / 24) * pixels_a_day >= 22
        label = (words.day(at.date()) if at.hour == 0 else words.hour(at)) if fits else ""
        ticks.append(TimeTick(hour / 24, label, at.hour == 0))
    return ticks


def kept_apart(labels: Sequence[EndLabel], *, top: float, floor: float, line: float, gap: float) -> list[EndLabel]:
    """The labels moved so that no two overlap, each as near as may be to its own `y`.

    `line` is the height of a line, `gap` the air between two blocks, in pixels. Blocks are pushed down first, then up
    from `floor`; where all together need more room than there is, the uppermost stick out at the top.
    """
    heights = [len(label.lines) * line + gap for label in labels]
    places = [label.y - line for label in labels]
    order = sorted(range(len(places)), key=lambda k: places[k])
    moved = list(places)
    edge = top
    for k in order:
        moved[k] = max(places[k], edge)
        edge = moved[k] + heights[k]
    edge = floor
    for k in reversed(order):
        moved[k] = min(moved[k], edge - heights[k])
        edge = moved[k]
    return [replace(label, y=place + line) for label, place in zip(labels, moved, strict=True)]


def moment(day: float) -> datetime:
    """The local time of a day number, to the minute."""
    return datetime.fromordinal(int(day)) + timedelta(minutes=round(day % 1 * 1440))


def ticks_that_fit(plot: Plot) -> int:
    """How many values an axis of this height can carry without drowning the line in its grid."""
    height = plot.floor - plot.top
    return max(2, int(height / (32 if height < 250 else 44)))

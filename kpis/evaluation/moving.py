"""What moved in a week: KPIs whose newest interval lies beyond what is usual for them, or that passed their target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from kpis.calculations.intervals import Calendar, Granularity
from kpis.calculations.movement import Movement, movement
from kpis.definitions import organisation
from kpis.definitions.models import Annotation, Kpi
from kpis.evaluation.overview import KpiOverview, overviews_of

WEEK = timedelta(days=7)
EXPLAINS_FOR = timedelta(days=14)  # an event that far before the interval may stand behind the movement

TargetNews = Literal["reached", "lost", ""]


@dataclass(frozen=True, slots=True)
class Moved:
    """One KPI whose line's interval from `start` ended in the week; `better` in the KPI's own direction.

    `movement` None: too little lies before it to call anything usual. `event` is the annotation that may explain it.
    """

    overview: KpiOverview
    start: datetime
    value: float
    movement: Movement | None
    target: TargetNews
    event: Annotation | None

    @property
    def kpi(self) -> Kpi:
        return self.overview.kpi

    @property
    def beyond_noise(self) -> bool:
        return self.movement is not None and self.movement.direction != 0

    @property
    def is_news(self) -> bool:
        return self.beyond_noise or bool(self.target)

    @property
    def better(self) -> bool | None:
        """None where it did not move."""
        if self.movement is None or self.movement.direction == 0:
            return None
        return (self.movement.direction > 0) == (self.kpi.direction == Kpi.Direction.INCREASE)


@dataclass(frozen=True, slots=True)
class Week:
    """`news`: what moved; `quiet`: how many other KPIs had an interval end in the week; `overviews`: of every KPI."""

    news: tuple[Moved, ...]
    quiet: int
    overviews: tuple[KpiOverview, ...]


def moved_in_week(kpis: Sequence[Kpi], *, monday: date, now: datetime) -> Week:
    """Among KPIs with a verdict of their own, by complete intervals only; the largest movements first."""
    shown = [kpi for kpi in kpis if not kpi.is_context]
    overviews = overviews_of(shown, now=now) if shown else []
    calendar = organisation.calendar()
    start, end = calendar.local_midnight(monday), calendar.local_midnight(monday + WEEK)
    found = [m for o in overviews if (m := _of(o, start, end, calendar)) is not None]
    news = sorted((m for m in found if m.is_news), key=lambda m: (-_size(m), m.kpi.pk))
    return Week(tuple(news), len(found) - len(news), tuple(overviews))


def _of(overview: KpiOverview, start: datetime, end: datetime, calendar: Calendar) -> Moved | None:
    """The last complete interval of the line that ended in the week; None where none did."""
    granularity = Granularity(overview.granularity)
    last = len(overview.starts) - 1 - int(overview.provisional)
    while last >= 0 and calendar.bounds(overview.starts[last], granularity).end > end:
        last -= 1
    if last < 0 or calendar.bounds(overview.starts[last], granularity).end <= start:
        return None
    value = overview.values[last]
    if value is None:
        return None
    line = [v for v in overview.values[:last] if v is not None]
    return Moved(
        overview=overview,
        start=overview.starts[last],
        value=value,
        movement=movement([*line, value]),
        target=_target_news(overview, last, line[-1] if line else None),
        event=_event(overview.kpi, overview.starts[last], end, calendar),
    )


def _target_news(overview: KpiOverview, last: int, before: float | None) -> TargetNews:
    """Reached or lost in this interval, by the level that held in each of the two."""
    levels = dict(overview.targets)

    def level_at(k: int) -> float | None:
        return next((levels[place] for place in sorted(levels, reverse=True) if place <= k), None)

    now_level, then_level = level_at(last), level_at(last - 1)
    value = overview.values[last]
    if now_level is None or value is None or before is None or then_level is None:
        return ""
    more_is_better = overview.kpi.direction == Kpi.Direction.INCREASE
    is_reached = value >= now_level if more_is_better else value <= now_level
    was_reached = before >= then_level if more_is_better else before <= then_level
    if is_reached == was_reached:
        return ""
    return "reached" if is_reached else "lost"


def _event(kpi: Kpi, start: datetime, end: datetime, calendar: Calendar) -> Annotation | None:
    since, until = calendar.local_date(start - EXPLAINS_FOR), calendar.local_date(end)
    return Annotation.objects.filter(initiative=kpi.initiative_id, on__gte=since, on__lt=until).order_by("-on").first()


def _size(moved: Moved) -> float:
    """How far beyond the usual, in half-widths of the usual range; news of a target alone counts as one."""
    if moved.movement is None or moved.movement.direction == 0:
        return 1.0
    width = (moved.movement.high - moved.movement.low) / 2
    return abs(moved.value - moved.movement.usual) / width if width > 0 else float("inf")

"""KPIs at a glance: the line since the baseline, what would have been, where it stands, and its effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kpis.baselines.models import Baseline
from kpis.calculations.intervals import Calendar, Granularity
from kpis.definitions import organisation
from kpis.definitions.models import Kpi, Target
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.evaluation.reading import effects_of
from kpis.rollups.finality import Finality
from kpis.rollups.series import IntervalPoint, interval_values_of

SHOWN = timedelta(days=430)
# A line coarser than its data is easier to read: hours are shown as days, days as weeks.
SHOWN_BY = {"hour": Granularity.DAY, "day": Granularity.WEEK}


@dataclass(frozen=True, slots=True)
class KpiOverview:
    """`starts`: consecutive intervals; `values`, `without` (the counterfactual): one for each, None in a gap.

    `latest`: value of the newest complete interval. `provisional`: the last interval is open or late. `target`: the
    level that holds today, in the KPI's unit. `gap`: treated − control, where there is a control group.
    """

    kpi: Kpi
    effect: Effect | None
    granularity: str
    starts: tuple[datetime, ...]
    values: tuple[float | None, ...]
    without: tuple[float | None, ...]
    go_live: int | None
    targets: tuple[tuple[int, float], ...]
    target: float | None
    latest: float | None
    provisional: bool
    gap: tuple[float | None, ...] = ()

    @property
    def baseline(self) -> Baseline | None:
        return self.effect.baseline if self.effect else None

    @property
    def target_reached(self) -> bool | None:
        if self.target is None or self.latest is None:
            return None
        better = (
            self.latest >= self.target if self.kpi.direction == Kpi.Direction.INCREASE else self.latest <= self.target
        )
        return bool(better)


def overviews_of(kpis: Sequence[Kpi], *, now: datetime) -> list[KpiOverview]:
    """In the order given; a fixed number of queries for KPIs of the same intervals."""
    found = effects_of(kpis)
    targets: dict[int, list[Target]] = {}
    for target in Target.objects.filter(kpi__in=kpis).order_by("on"):
        targets.setdefault(target.kpi_id, []).append(target)
    actual = _lines(kpis, {k: e.baseline.treated for k, e in found.items() if e.baseline and e.baseline.treated}, now)
    controls = {k: e.baseline.control for k, e in found.items() if e.baseline and e.baseline.control}
    control = _lines([kpi for kpi in kpis if kpi.pk in controls], controls, now)
    return [
        _overview(kpi, found.get(kpi.pk), actual[kpi.pk], control.get(kpi.pk, []), targets.get(kpi.pk, []), now)
        for kpi in kpis
    ]


def shown_granularity(kpi: Kpi) -> Granularity:
    return SHOWN_BY.get(kpi.interval, Granularity(kpi.interval))


def _lines(kpis: Sequence[Kpi], where: dict[int, dict[str, str]], now: datetime) -> dict[int, list[IntervalPoint]]:
    lines: dict[int, list[IntervalPoint]] = {}
    for granularity in {shown_granularity(kpi) for kpi in kpis}:
        alike = [kpi for kpi in kpis if shown_granularity(kpi) is granularity]
        lines |= interval_values_of(alike, now - SHOWN, now, granularity=granularity, where=where, now=now)
    return lines


def _overview(
    kpi: Kpi,
    effect: Effect | None,
    points: list[IntervalPoint],
    control: list[IntervalPoint],
    targets: list[Target],
    now: datetime,
) -> KpiOverview:
    calendar = organisation.calendar()
    granularity = shown_granularity(kpi)
    intervals = calendar.between(points[0].start, points[-1].end, granularity) if points else []
    starts = [interval.start for interval in intervals]
    by_start = {point.start: point for point in points}
    today = calendar.local_date(now)
    complete = [p for p in points if p.state is Finality.COMPLETE and p.value is not None]
    levels = [(_index(starts, calendar.local_midnight(t.on)), float(t.value)) for t in targets if t.on <= today]
    return KpiOverview(
        kpi=kpi,
        effect=effect,
        granularity=granularity.value,
        starts=tuple(starts),
        values=tuple(by_start[s].value if s in by_start else None for s in starts),
        without=_without(effect, granularity, points, control, starts),
        go_live=_go_live(kpi, starts, calendar),
        targets=tuple(levels) if starts else (),
        target=levels[-1][1] if levels else None,
        latest=complete[-1].value if complete else None,
        provisional=bool(points) and points[-1].state is not Finality.COMPLETE,
        gap=_gap(points, control, starts),
    )


def _without(
    effect: Effect | None,
    granularity: Granularity,
    points: list[IntervalPoint],
    control: list[IntervalPoint],
    starts: list[datetime],
) -> tuple[float | None, ...]:
    """The counterfactual where it can be said at this granularity: a trend is fitted to the KPI's own intervals."""
    if effect is None or not effect.counterfactual:
        return ()
    if effect.counterfactual["kind"] == "trend" and granularity != effect.kpi.interval:
        return ()
    by_start = dict(zip([p.start for p in points], effects.counterfactuals(effect, points, control), strict=True))
    return tuple(float(by_start[s]) if s in by_start and by_start[s] == by_start[s] else None for s in starts)


def _gap(points: list[IntervalPoint], control: list[IntervalPoint], starts: list[datetime]) -> tuple[float | None, ...]:
    others = {point.start: point.value for point in control}
    gaps = {p.start: p.value - o for p in points if p.value is not None and (o := others.get(p.start)) is not None}
    return tuple(gaps.get(start) for start in starts) if control else ()


def _index(starts: list[datetime], at: datetime) -> int:
    """The first interval that begins at or after the instant, within the line."""
    return next((k for k, start in enumerate(starts) if start >= at), max(len(starts) - 1, 0))


def _go_live(kpi: Kpi, starts: list[datetime], calendar: Calendar) -> int | None:
    if kpi.initiative.go_live_on is None or not starts:
        return None
    at = calendar.local_midnight(kpi.initiative.go_live_on)
    return _index(starts, at) if starts[0] <= at <= starts[-1] else None

"""Each KPI beside all figures of the metrics that a person chose for it: read once for a whole page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from kpis.baselines.models import Baseline
from kpis.baselines.window import counted_since, series_of
from kpis.benchmarks.matching import continent, ours_of
from kpis.benchmarks.models import Comparison
from kpis.benchmarks.published import Published, figures_of
from kpis.calculations.defaults import CONFIDENCE
from kpis.calculations.intervals import Calendar, Granularity
from kpis.calculations.level import OF_LATE, recent_level
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.evaluation.models import Effect
from kpis.evaluation.outcome import LENGTH
from kpis.evaluation.positions import LEVEL, RATE_CHANGE, Figure, Position, best_of, position_beside, rank
from kpis.evaluation.reading import effects_of
from kpis.rollups.finality import Finality
from kpis.rollups.series import IntervalPoint, interval_values_of

NEVER_EVALUATED = "Nothing has been evaluated yet."
SPAN = 2  # times the intervals that are needed are read: weekends, gaps and late data leave some out


@dataclass(frozen=True, slots=True)
class Standing:
    """One KPI by one metric. `own`: what is compared, before its unit is turned; None with a `reason`.

    `reason`: "" where at least one figure ranks the KPI; else no_figure, too_early, only_declared or not_ranked;
    `detail`: a whole sentence where one is known. `positions`: what fits best first.
    """

    kpi: Kpi
    metric: str
    reading: str
    own: Figure | None
    positions: tuple[Position, ...]
    reason: str = ""
    detail: str = ""

    @property
    def best(self) -> Position | None:
        return best_of(self.positions)


@dataclass(frozen=True, slots=True)
class _Read:
    """All that the standings of some KPIs are made of; by KPI id, figures by metric."""

    figures: Mapping[str, tuple[Published, ...]]
    effects: Mapping[int, Effect]
    points: Mapping[int, list[IntervalPoint]]
    calendar: Calendar
    continent: str
    today: date


def standings_of(kpis: Sequence[Kpi], *, now: datetime) -> dict[int, tuple[Standing, ...]]:
    """By KPI id, in the order in which the metrics were chosen; KPIs without a chosen metric are absent.

    A fixed number of queries for KPIs of the same intervals.
    """
    chosen = _chosen(Comparison.objects.filter(kpi__in=kpis))
    compared = [kpi for kpi in kpis if kpi.pk in chosen]
    if not compared:
        return {}
    read = _read(compared, chosen, now)
    return {kpi.pk: tuple(_standing(kpi, comparison, read) for comparison in chosen[kpi.pk]) for kpi in compared}


def own_figures(comparisons: Iterable[Comparison], *, now: datetime) -> list[tuple[Comparison, Figure | None]]:
    """What each chosen metric reads of its KPI, with its factor, whether anything is published or not.

    Each comparison with its KPI and initiative. A fixed number of queries for KPIs of the same intervals.
    """
    rows = list(comparisons)
    if not rows:
        return []
    read = _read(list({row.kpi_id: row.kpi for row in rows}.values()), _chosen(rows), now)
    found = [(row, _own(row.kpi, row, read)[0]) for row in rows]
    return [(row, replace(own, factor=row.factor) if own else None) for row, own in found]


def _chosen(comparisons: Iterable[Comparison]) -> dict[int, list[Comparison]]:
    """By KPI id, in the order in which they were chosen."""
    found: dict[int, list[Comparison]] = {}
    for comparison in sorted(comparisons, key=lambda row: row.pk):
        found.setdefault(comparison.kpi_id, []).append(comparison)
    return found


def _read(kpis: Sequence[Kpi], chosen: Mapping[int, list[Comparison]], now: datetime) -> _Read:
    effects, calendar = effects_of(kpis), organisation.calendar()
    by_level = [kpi for kpi in kpis if any(c.reading == LEVEL for c in chosen[kpi.pk])]
    return _Read(
        figures=figures_of({comparison.metric for found in chosen.values() for comparison in found}),
        effects=effects,
        points=_newest(by_level, effects, calendar, now),
        calendar=calendar,
        continent=continent(),
        today=calendar.local_date(now),
    )


def standings_of_initiatives(initiatives: Collection[Initiative], *, now: datetime) -> dict[int, tuple[Standing, ...]]:
    """By initiative id, all standings of its KPIs in their order; initiatives without a chosen metric are absent."""
    compared = Comparison.objects.filter(kpi__initiative__in=initiatives).values("kpi")
    kpis = list(Kpi.objects.filter(pk__in=compared).select_related("initiative").order_by("position", "pk"))
    found: dict[int, tuple[Standing, ...]] = {}
    for kpi_id, standings in standings_of(kpis, now=now).items():
        initiative = next(kpi.initiative_id for kpi in kpis if kpi.pk == kpi_id)
        found[initiative] = found.get(initiative, ()) + standings
    return found


def foremost(standings: Sequence[Standing]) -> tuple[Standing, Position] | None:
    """The one position to tell of several KPIs: what fits best and is best proved, then the KPIs' own order."""
    ranked = [(standing, standing.best) for standing in standings]
    told = [(standing, position) for standing, position in ranked if position is not None]
    return min(told, key=lambda pair: (*rank(pair[1])[:5], pair[0].kpi.position)) if told else None


def _standing(kpi: Kpi, comparison: Comparison, read: _Read) -> Standing:
    figures = read.figures.get(comparison.metric, ())
    bare = Standing(kpi, comparison.metric, comparison.reading, None, ())
    if not figures:
        return replace(bare, reason="no_figure")
    own, reason, detail = _own(kpi, comparison, read)
    if own is None:
        quoted = tuple(sorted((_quoted(figure) for figure in figures), key=rank))
        return replace(bare, positions=quoted, reason=reason, detail=detail)
    own, ours = replace(own, factor=comparison.factor), ours_of(kpi.initiative, continent=read.continent)
    placed = tuple(sorted((position_beside(figure, own, ours, on=read.today) for figure in figures), key=rank))
    return replace(bare, own=own, positions=placed, reason="" if best_of(placed) else "not_ranked")


def _quoted(figure: Published) -> Position:
    """A figure with which nothing is compared yet."""
    return Position(figure, None, None, None, "", None, None, "none", None, (), reason="not_compared")


Told = tuple[Figure | None, str, str]


def _own(kpi: Kpi, comparison: Comparison, read: _Read) -> Told:
    effect = read.effects.get(kpi.pk)
    if comparison.reading == LEVEL:
        return _level(kpi, effect, read.points.get(kpi.pk, []), read.calendar)
    return _change(kpi, comparison.reading, effect)


def _change(kpi: Kpi, reading: str, effect: Effect | None) -> Told:
    """The effect as a share of the baseline, above zero: more. A stated baseline proves no change."""
    if effect is None or effect.improvement is None:
        return None, "too_early", str(effect.reasons.get("improvement", "")) if effect else NEVER_EVALUATED
    if effect.baseline is None or effect.baseline.method == Baseline.Method.DECLARED:
        return None, "only_declared", ""
    sign = 1 if kpi.direction == Kpi.Direction.INCREASE else -1
    ends = [sign * end for end in (effect.improvement_low, effect.improvement_high) if end is not None]
    figure = _figure(sign * effect.improvement, ends, "1", kpi, reading)
    return (figure, "", "") if reading != RATE_CHANGE else _as_rate(figure)


def _as_rate(figure: Figure) -> Told:
    """Time for each as each in a time: 15.9 % less time for a ticket are 18.9 % more tickets an hour."""
    ends = [end for end in (figure.low, figure.high) if end is not None]
    if min([figure.value, *ends]) <= -1:
        return None, "too_early", "The change is too uncertain to be turned into units an hour."
    turned = [1 / (1 + end) - 1 for end in (figure.value, *ends)]
    low, high = (min(turned[1:]), max(turned[1:])) if ends else (None, None)
    return replace(figure, value=turned[0], low=low, high=high), "", ""


def _level(kpi: Kpi, effect: Effect | None, points: list[IntervalPoint], calendar: Calendar) -> Told:
    complete = [p for p in points if p.state is Finality.COMPLETE and p.value is not None]
    values = series_of(complete, kpi.interval, calendar)
    level = recent_level(values, granularity=Granularity(kpi.interval), confidence=CONFIDENCE.value)
    if level is None:
        return None, "too_early", "There is no complete interval yet."
    stated = effect is not None and effect.baseline is not None and effect.baseline.method == Baseline.Method.DECLARED
    ends = [] if stated or level.low is None or level.high is None else [level.low, level.high]
    return _figure(level.value, ends, kpi.unit, kpi, LEVEL), "", ""


def _figure(value: float, ends: list[float], unit: str, kpi: Kpi, reading: str) -> Figure:
    low, high = (min(ends), max(ends)) if len(ends) == 2 else (None, None)
    return Figure(value, low, high, unit, kpi.direction, reading)


def _newest(
    kpis: Sequence[Kpi], effects: Mapping[int, Effect], calendar: Calendar, now: datetime
) -> dict[int, list[IntervalPoint]]:
    """The newest intervals since go-live, enough of them for a level."""
    found: dict[int, list[IntervalPoint]] = {}
    baselines = {kpi_id: effect.baseline for kpi_id, effect in effects.items()}
    where = {kpi_id: baseline.treated for kpi_id, baseline in baselines.items() if baseline and baseline.treated}
    for interval in {kpi.interval for kpi in kpis}:
        alike = [kpi for kpi in kpis if kpi.interval == interval]
        start = now - SPAN * OF_LATE[Granularity(interval)] * LENGTH[Kpi.Interval(interval)]
        found |= interval_values_of(alike, start, now, where=where, now=now)
    lives = {kpi.pk: _live(kpi, baselines.get(kpi.pk), calendar) for kpi in kpis}
    return {kpi_id: _since(points, lives[kpi_id], now) for kpi_id, points in found.items()}


def _live(kpi: Kpi, baseline: Baseline | None, calendar: Calendar) -> datetime | None:
    live = counted_since(kpi, baseline, calendar=calendar)
    if live is None or baseline is None or baseline.transition_until is None:
        return live
    return max(live, baseline.transition_until)


def _since(points: list[IntervalPoint], live: datetime | None, now: datetime) -> list[IntervalPoint]:
    """Before go-live the level of the time without the AI; after it only what came since."""
    return points if live is None or live >= now else [point for point in points if point.start >= live]

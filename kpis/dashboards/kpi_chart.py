"""The large chart of one KPI, still and moving: from its history to the figure builders and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.baselines.models import Baseline
from kpis.definitions import organisation
from kpis.definitions.models import Annotation
from kpis.evaluation.history import KpiHistory
from kpis.evaluation.positions import LEVEL
from kpis.evaluation.standings import Standing, foremost
from kpis.evaluation.told import facts_of
from kpis.figures.kpi_history import BaselineBand, Event, KpiWords, SeriesBenchmark, SeriesPoint
from kpis.figures.kpi_history import KpiHistory as Drawn
from kpis.figures.kpi_series import kpi_series
from kpis.figures.kpi_still import kpi_still
from kpis.wording import moments
from kpis.wording.charts import actual_lines, counterfactual_lines, kpi_words
from kpis.wording.marks import RECONSTRUCTED
from kpis.wording.positions import value_text

DESK, PHONE = (880, 420), (328, 260)


def stills(
    history: KpiHistory, events: Sequence[Annotation], *, name: str, beside: Sequence[Standing] = ()
) -> dict[str, SafeString] | None:
    """The picture at its two widths; None where nothing was measured yet."""
    if not history.overview.starts:
        return None
    drawn = replace(_drawn(history, events), benchmark=diamond_of(beside))
    words = _words(history, drawn)
    return {
        "desk": _safe(kpi_still(drawn, words=words, width=DESK[0], height=DESK[1])),
        "phone": _safe(kpi_still(drawn, words=words, width=PHONE[0], height=PHONE[1], phone=True)),
    }


def moving(history: KpiHistory, events: Sequence[Annotation], *, phone: bool, beside: Sequence[Standing] = ()) -> str:
    """Plotly's JSON of the same picture."""
    if not history.overview.starts:
        return '{"data": [], "layout": {}}'
    drawn = replace(_drawn(history, events), benchmark=diamond_of(beside))
    height = PHONE[1] if phone else DESK[1]
    return str(kpi_series(drawn, words=_words(history, drawn), height=height, phone=phone).to_json())


def diamond_of(standings: Sequence[Standing]) -> SeriesBenchmark | None:
    """The published level that fits best, in the KPI's unit; an effect of a study has no place on a KPI's axis."""
    levels = [standing for standing in standings if standing.reading == LEVEL]
    best = foremost(levels)
    if best is None or not best[1].value or best[0].own is None:
        return None
    figure, facts = best[1].benchmark, facts_of(best[1])
    point = facts.point if facts.point is not None else facts.quantile[1] if facts.quantile else None
    if point is None or figure.kind != "level":
        return None
    source = _("{publisher} {year}, grade {grade}").format(
        publisher=figure.source.publisher[:24], year=figure.source.year, grade=figure.grade
    )
    return SeriesBenchmark(point * best[0].own.value / best[1].value, (value_text(point, facts), source))


def _drawn(history: KpiHistory, events: Sequence[Annotation]) -> Drawn:
    overview, zone = history.overview, ZoneInfo(organisation.current().zone)

    def local(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None)

    last = len(overview.values) - 1
    line = [
        SeriesPoint(local(start), value, overview.provisional and k == last)
        for k, (start, value) in enumerate(zip(overview.starts, overview.values, strict=True))
    ]
    without = [
        SeriesPoint(local(start), value)
        for k, (start, value) in enumerate(zip(overview.starts, overview.without, strict=False))
        if overview.go_live is None or k >= overview.go_live
    ]
    first, until = local(overview.starts[0]).date(), local(overview.starts[-1]).date()
    happened = [Event(event.on, event.text) for event in events if first <= event.on <= until]
    live = overview.kpi.initiative.go_live_on
    if live is not None and first <= live:
        happened.append(Event(live, _("go-live")))
    return Drawn(
        line=line,
        specks=[SeriesPoint(local(p.start), p.value) for p in history.specks if p.complete],
        counterfactual=without,
        baseline=_band(history, local),
        target=[(t.on, float(t.value)) for t in overview.kpi.targets.all() if first <= t.on <= until],
        events=sorted(happened, key=lambda event: event.at),
    )


def _band(history: KpiHistory, local) -> BaselineBand | None:  # type: ignore[no-untyped-def]
    baseline = history.overview.baseline
    if baseline is None:
        return None
    start, end = baseline.window_start, baseline.window_end
    return BaselineBand(
        value=float(baseline.value),
        spread=baseline.spread,
        start=local(start) if start else None,
        end=local(end) if end else None,
    )


def _words(history: KpiHistory, drawn: Drawn) -> KpiWords:
    overview = history.overview
    kpi, baseline = overview.kpi, overview.baseline
    known = [value for value in overview.values if value is not None]
    how = _("control group") if baseline and baseline.control else ""
    return kpi_words(
        drawn,
        name=kpi.name,
        unit=kpi.unit,
        actual=actual_lines(known[-1], kpi.unit, provisional=overview.provisional) if known else (),
        counterfactual=counterfactual_lines(how) if overview.without else (),
        baseline_intervals=_how_long(baseline) if baseline and baseline.intervals else "",
        kind=_kind(overview.granularity),
    )


def _how_long(baseline: Baseline) -> str:
    held = moments.intervals(baseline.intervals, _kind(baseline.kpi.interval))
    return f"{held}, {RECONSTRUCTED.word}" if baseline.is_reconstructed else held


def _kind(interval: str) -> moments.Interval:
    return cast(moments.Interval, interval)


def _safe(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text

"""What was measured, as tables: baselines with the values of their windows, and the interval values behind entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from kpis.access.models import User
from kpis.baselines.models import Baseline
from kpis.baselines.window import within
from kpis.calculations.intervals import Interval
from kpis.definitions.models import Kpi
from kpis.exports.cells import Cell
from kpis.ledger.models import Trace, ValueDriver
from kpis.rollups import series
from kpis.rollups.series import IntervalPoint

BASELINES = (
    "kpi", "unit", "aggregation", "interval", "direction", "baseline", "method", "window_start", "window_end", "value",
    "low", "high", "spread", "intervals", "reconstructed_intervals", "treated", "control", "control_value",
    "method_of_evaluation", "why_this_method", "source", "note", "author", "created_at", "approved_by", "approved_at",
    "self_approved",
)  # fmt: skip
VALUES = ("kpi", "baseline", "group", "start", "end", "value", "count", "weight")
INTERVALS = ("kpi", "part", "start", "end", "value", "count", "weight", "provisional")


def baseline_rows(baselines: Iterable[Baseline]) -> Iterator[tuple[Cell, ...]]:
    """Rows of BASELINES. Each with its KPI, author and approver."""
    for one in baselines:
        kpi = one.kpi
        yield (
            kpi.key,
            kpi.unit,
            kpi.aggregation,
            kpi.interval,
            kpi.direction,
            one.version,
            one.method,
            one.window_start,
            one.window_end,
            one.value,
            one.low,
            one.high,
            one.spread,
            one.intervals,
            one.reconstructed_intervals,
            _labels(one.treated),
            _labels(one.control),
            one.control_value,
            one.method_choice,
            one.choice_reason,
            one.source,
            one.note,
            _person(one.author),
            one.created_at,
            _person(one.approved_by),
            one.approved_at,
            one.self_approved,
        )


def window_rows(baselines: Iterable[Baseline], *, now: datetime) -> Iterator[tuple[Cell, ...]]:
    """Rows of VALUES: what the window of each measured baseline holds as the data stand now."""
    for one in baselines:
        if one.window_start is None or one.window_end is None:
            continue
        window = Interval(one.window_start, one.window_end)
        groups = {"treated": one.treated, "control": one.control} if one.control else {"treated": one.treated}
        found = {name: _in_window(one.kpi, window, where, now) for name, where in groups.items()}
        both = set.intersection(*({point.start for point in points} for points in found.values()))
        for name, points in found.items():
            for point in points:
                if point.start in both:
                    numbers = point.value, point.count, point.weight
                    yield one.kpi.key, one.version, name, point.start, point.end, *numbers


def _in_window(kpi: Kpi, window: Interval, where: Mapping[str, str] | None, now: datetime) -> list[IntervalPoint]:
    points = series.interval_values(kpi, kpi.interval, window.start, window.end, where=where or None, now=now)
    return within(points, window)


def interval_rows(
    baselines: Iterable[Baseline], drivers: Iterable[ValueDriver], span: Interval | None, *, now: datetime
) -> Iterator[tuple[Cell, ...]]:
    """Rows of INTERVALS: what entries rest on as the data stand now; of each baseline its group, and the volumes."""
    if span is None:
        return
    for one in baselines:
        points = series.interval_values(
            one.kpi, one.kpi.interval, span.start, span.end, where=one.treated or None, now=now
        )
        yield from _points(one.kpi, f"baseline {one.version}", points)
        if one.control:
            points = series.interval_values(one.kpi, one.kpi.interval, span.start, span.end, where=one.control, now=now)
            yield from _points(one.kpi, f"control group of baseline {one.version}", points)
    for driver in drivers:
        if driver.volume_kpi is not None:
            points = series.interval_values(driver.volume_kpi, driver.kpi.interval, span.start, span.end, now=now)
            yield from _points(driver.volume_kpi, f"volume of driver {driver.pk}", points)


def follow_up_rows(traces: Iterable[Trace], *, now: datetime) -> Iterator[tuple[Cell, ...]]:
    """Rows of INTERVALS: what traces rest on as the data stand now, of each follow-up KPI and baseline."""
    spans: dict[tuple[int, int | None], list[Trace]] = {}
    for trace in traces:
        spans.setdefault((trace.kpi_id, trace.baseline_id), []).append(trace)
    for of_one in spans.values():
        kpi, baseline = of_one[0].kpi, of_one[0].baseline
        start, end = min(t.interval_start for t in of_one), max(t.interval_end for t in of_one)
        where = baseline.treated or None if baseline else None
        points = series.interval_values(kpi, kpi.interval, start, end, where=where, now=now)
        yield from _points(kpi, f"follow-up, baseline {baseline.version}" if baseline else "follow-up", points)


def _points(kpi: Kpi, part: str, points: Iterable[IntervalPoint]) -> Iterator[tuple[Cell, ...]]:
    for point in points:
        yield kpi.key, part, point.start, point.end, point.value, point.count, point.weight, point.provisional


def _labels(labels: Mapping[str, str] | None) -> str:
    return json.dumps(labels, sort_keys=True, ensure_ascii=False) if labels else ""


def _person(user: User | None) -> str:
    return "" if user is None else user.get_full_name() or user.get_username()

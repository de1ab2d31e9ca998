from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from kpis.figures.axes import TimeWords
from kpis.figures.kpi_history import BaselineBand, Event, KpiHistory, KpiWords, SeriesPoint, gap_spans, placed_events
from kpis.figures.kpi_series import kpi_series
from kpis.figures.kpi_still import kpi_still
from tests.gallery.made_up import kpi_history

WORDS = KpiWords(
    summary="Handling time falls",
    unit="min",
    tick=lambda value: f"{value:g}",
    actual=("11.7 min",),
    counterfactual=("without AI",),
    target="target 12",
    baseline="baseline 14.3",
    gap=lambda first, last: "no data",
    hover=lambda point: (f"{point.at}",),
    times=TimeWords(lambda on, year: f"{on:%b}", lambda on: f"{on:%d}", lambda at: f"{at:%H}"),
)
KPI = kpi_history()


def traces(kpi: KpiHistory = KPI) -> dict[str, dict]:
    figure = json.loads(kpi_series(kpi, words=WORDS, height=470).to_json())
    return {trace.get("name"): trace for trace in figure["data"]}


def still(kpi: KpiHistory = KPI, **more: object) -> str:
    return kpi_still(kpi, words=WORDS, width=884, height=470, **more)  # type: ignore[arg-type]


def test_a_gap_is_a_break_in_the_line_never_a_zero_or_a_bridge():
    actual = traces()["actual"]
    assert None in actual["y"]
    assert 0 not in actual["y"]
    assert actual["connectgaps"] is False


def test_a_gap_has_a_tick_on_the_axis_in_both_pictures():
    assert still().count('class="gap"') == 3
    shapes = json.loads(kpi_series(KPI, words=WORDS, height=470).to_json())["layout"]["shapes"]
    assert len([shape for shape in shapes if shape.get("name") == "gap"]) == 3


def test_the_open_week_is_dotted_and_ends_hollow():
    drawn = traces()
    assert drawn["actual, provisional"]["line"]["dash"] == "dot"
    assert drawn["actual"]["y"][-1] == drawn["actual, provisional"]["y"][0]
    assert 'class="actual provisional"' in still()
    assert 'class="dot hollow"' in still()


def test_the_target_keeps_its_level_until_the_next_step():
    assert traces()["target"]["line"]["shape"] == "hv"


def test_a_declared_baseline_has_no_band_and_its_own_dashes():
    declared = replace(KPI, baseline=BaselineBand(14.3, None, None, None))
    assert 'class="reference declared"' in still(declared)
    assert "reference-band" not in still(declared)


def test_without_a_counterfactual_the_baseline_goes_on_as_a_thin_dashed_line():
    assert "reference thin dashed" in still(replace(KPI, counterfactual=()))
    assert "reference thin dashed" not in still()


DAYS = (739_000, 739_800)  # 24 Apr 2024 to 3 Jul 2026


def test_of_events_that_would_touch_the_earlier_is_written_higher_so_that_no_line_crosses_a_name():
    events = [Event(date(2026, 2, 1), "a long name of an event"), Event(date(2026, 2, 8), "another long name")]
    lanes = {placed.event.name: placed.lane for placed in placed_events(events, DAYS, 884, phone=False)}
    assert lanes == {"a long name of an event": 1, "another long name": 0}


def test_events_that_do_not_touch_stand_on_one_line():
    events = [Event(date(2024, 8, 1), "one"), Event(date(2025, 8, 1), "two")]
    assert [placed.lane for placed in placed_events(events, DAYS, 884, phone=False)] == [0, 0]


def test_a_name_that_would_leave_the_picture_ends_at_its_line():
    late = [Event(date(2026, 6, 1), "Teams reorganised")]
    assert [placed.leftwards for placed in placed_events(late, DAYS, 328, phone=True)] == [True]
    assert [placed.leftwards for placed in placed_events(late, DAYS, 884, phone=False)] == [False]
    assert 'text-anchor="end">Teams reorganised<' in kpi_still(
        replace(KPI, events=[Event(date(2026, 11, 1), "Teams reorganised")]),
        words=WORDS, width=328, height=280, phone=True,
    )  # fmt: skip


def test_an_event_outside_the_time_shown_is_left_out():
    assert placed_events([Event(date(1999, 1, 1), "old")], DAYS, 884, phone=False) == []


def test_before_the_first_value_nothing_is_missing():
    points = [SeriesPoint(date(2026, 1, k), value) for k, value in enumerate([None, 2.0, None, None, 3.0, None], 1)]
    assert gap_spans(points) == [(points[2], points[3])]


def test_a_kpi_without_any_value_can_be_drawn():
    empty = KpiHistory(line=[], until=date(2026, 1, 2))
    assert "<svg" in still(empty)
    assert kpi_series(empty, words=WORDS, height=470).layout.height == 470


def test_an_hourly_kpi_of_one_morning_can_be_drawn():
    hours = [SeriesPoint(datetime(2026, 11, 24, 8) + timedelta(hours=k), 30 + k) for k in range(3)]  # noqa: DTZ001
    svg = still(KpiHistory(line=hours))
    assert re.search(r">0?9</text>", svg)


def test_a_name_of_an_event_is_no_markup():
    nasty = replace(KPI, events=[Event(date(2026, 6, 1), "<a href=x>go</a>")])
    assert "<a href" not in still(nasty)
    assert "<a href" not in kpi_series(nasty, words=WORDS, height=470).to_json().replace("\\u003c", "<")

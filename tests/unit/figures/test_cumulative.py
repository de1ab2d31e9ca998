from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from kpis.figures.axes import TimeWords
from kpis.figures.cumulative import NetBenchmark, NetCurve, NetPoint, NetWords, cumulative_net
from kpis.figures.cumulative_still import cumulative_still
from kpis.figures.palette import TOKENS
from tests.gallery.made_up import net_curve

WORDS = NetWords(
    summary="Net <rises>",
    unit="k€",
    today="today",
    tick=lambda value: f"{value:g}",
    now=lambda net: f"Net {net}",
    provisional="<b>November</b> provisional",
    lowest=lambda net: f"deepest {net}",
    paid_back=lambda on: f"paid back {on}",
    forecast=("by March", "between a and b"),
    hover=lambda point: (f"{point.on}", f"{point.net} <i>"),
    times=TimeWords(lambda on, year: f"{on:%b}", lambda on: f"{on:%d}", lambda at: f"{at:%H}"),
)
CURVE = net_curve()


def traces(curve: NetCurve = CURVE) -> dict[str, dict]:
    figure = json.loads(cumulative_net(curve, words=WORDS, height=206).to_json())
    return {trace.get("name"): trace for trace in figure["data"]}


def still(curve: NetCurve = CURVE, **more: object) -> str:
    return cumulative_still(curve, words=WORDS, name="t", width=806, height=206, **more)  # type: ignore[arg-type]


def test_what_is_not_final_is_dotted_and_never_part_of_the_solid_line():
    drawn = traces()
    open_days = {p.on.isoformat() for p in CURVE.points if p.provisional}
    assert drawn["provisional"]["line"]["dash"] == "dot"
    assert not open_days & set(drawn["net"]["x"])
    assert open_days < set(drawn["provisional"]["x"])


def test_the_dotted_part_begins_where_the_solid_one_ends():
    drawn = traces()
    assert drawn["provisional"]["x"][0] == drawn["net"]["x"][-1]


def test_a_curve_that_is_final_has_no_dots():
    final = replace(CURVE, points=[replace(p, provisional=False) for p in CURVE.points])
    assert "provisional" not in traces(final)
    assert "provisional" not in re.sub(r"November.*?<", "", still(replace(final, forecast=())))


def test_a_forecast_is_dashed_and_hatched_and_begins_at_the_last_point():
    drawn = traces()
    assert drawn["forecast"]["line"]["dash"] == "6px,4px"
    assert drawn["forecast"]["x"][0] == CURVE.points[-1].on.isoformat()
    assert 'class="hatched"' in still()


def test_the_still_picture_dots_the_open_part_too():
    svg = still()
    assert svg.count('class="actual provisional"') == 1
    assert 'class="dot hollow"' in svg


def test_both_pictures_show_the_same_span_of_values_and_the_same_margins():
    figure = cumulative_net(CURVE, words=WORDS, height=206)
    top, bottom = figure.layout.margin.t, figure.layout.margin.b
    low, high = figure.layout.yaxis.range
    zero = top + (206 - top - bottom) * high / (high - low)
    drawn = re.search(r'<line class="zero" x1="([\d.]+)" y1="([\d.]+)"', still())
    assert drawn
    assert float(drawn[1]) == figure.layout.margin.l
    assert float(drawn[2]) == pytest.approx(zero, abs=0.1)


def test_text_from_people_is_no_markup_in_either_picture():
    text = cumulative_net(replace(CURVE, forecast=()), words=WORDS, height=206).to_json()
    assert "<b>November" not in text.replace("\\u003c", "<")
    assert "<b>November" not in still(replace(CURVE, forecast=()))
    assert "&lt;b&gt;November" in still(replace(CURVE, forecast=()))


def test_a_figure_does_not_carry_the_seven_kilobytes_of_the_standard_template():
    figure = cumulative_net(CURVE, words=WORDS, height=206)
    assert len(json.dumps(json.loads(figure.to_json())["layout"]["template"])) < 900


def test_a_figure_uses_only_colours_that_a_theme_can_exchange():
    layout = json.loads(cumulative_net(CURVE, words=WORDS, height=206).to_json())
    layout["layout"].pop("meta")
    used = set(re.findall(r"#[0-9a-f]{6}|rgba\([^)]*\)", json.dumps(layout))) - {"rgba(0,0,0,0)"}
    assert used <= set(TOKENS)


def test_without_a_range_there_is_no_band():
    bare = replace(CURVE, points=[replace(p, low=None, high=None) for p in CURVE.points], forecast=())
    assert "range" not in traces(bare)
    assert 'class="band"' not in still(bare)


def test_a_curve_of_one_day_can_be_drawn():
    one = NetCurve([NetPoint(date(2026, 3, 1), Decimal(-500), None, None)], today=date(2026, 3, 1))
    assert "<svg" in still(one)
    assert cumulative_net(one, words=WORDS, height=206).data


def test_a_curve_without_a_point_is_refused():
    with pytest.raises(ValueError, match="at least one point"):
        still(NetCurve([], today=date(2026, 3, 1)))


def test_the_phone_has_no_labels_at_line_ends():
    assert "between a and b" in still()
    assert "between a and b" not in still(phone=True)


def test_a_benchmark_is_a_diamond_with_its_source_beside_it():
    benchmark = NetBenchmark(Decimal(26_800), ("5.9% average ROI", "a study, grade C"))
    svg = still(replace(CURVE, benchmark=benchmark))
    assert svg.count('<path class="benchmark"') == 1
    assert "a study, grade C" in svg


def test_the_deepest_point_is_named_only_where_the_net_has_come_up_again():
    start = date(2026, 1, 5)
    falling = [NetPoint(start + timedelta(7 * k), Decimal(-100 * k), None, None) for k in range(5)]
    assert "deepest" not in still(NetCurve(falling, today=start + timedelta(28)))
    assert "deepest" in still()

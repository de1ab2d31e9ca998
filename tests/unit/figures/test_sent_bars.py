from __future__ import annotations

import re

import pytest

from kpis.figures.sent_bars import AT_LEAST, sent_bars

RECT = re.compile(r'<rect class="(bar-\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>')


def bars_of(svg: str) -> list[tuple[str, float, float, float]]:
    """Class, left, top and height of each bar."""
    return [(css, float(x), float(y), float(height)) for css, x, y, _width, height in RECT.findall(svg)]


def test_stored_points_stand_on_the_line_and_rejected_ones_hang_below_on_one_scale():
    drawn = bars_of(sent_bars([(90, 30), (45, 0)], summary="x", width=100, height=124))
    (_, _, top, tall), (_, _, line, hanging), (_, right, _, half) = drawn
    assert [css for css, *_ in drawn] == ["bar-high", "bar-destroyed", "bar-high"]
    assert line == pytest.approx(top + tall, abs=0.2)
    assert (hanging / tall, half / tall) == (pytest.approx(1 / 3, abs=0.01), pytest.approx(1 / 2, abs=0.01))
    assert right > 50


def test_one_rejected_point_among_millions_is_still_seen():
    *_, (css, _, _, height) = bars_of(sent_bars([(10_000_000, 1)], summary="x"))
    assert (css, height) == ("bar-destroyed", AT_LEAST)


@pytest.mark.parametrize("bars", [[], [(0, 0)] * 60])
def test_without_a_point_there_is_the_line_alone(bars):
    svg = sent_bars(bars, summary="nothing")
    assert bars_of(svg) == []
    assert svg.count("<line") == 1


def test_the_summary_is_read_aloud_and_escaped():
    assert "&lt;b&gt;" in sent_bars([(1, 0)], summary="<b>")

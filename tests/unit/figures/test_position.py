from __future__ import annotations

import re

from kpis.figures.position import Own, Published, Quantile, effect_strip, quantile_strip


def strip(published: list[Published], width: float = 400) -> str:
    return effect_strip(Own(18.9, 17.3, 20.5, "you"), published, tick=lambda v: f"{v:g}", summary="s", width=width)


def spans(svg: str) -> list[tuple[float, float, float]]:
    """(y, left, right) of each published label, seven pixels a letter."""
    found = re.findall(r'class="benchmark-text" x="([\d.]+)" y="([\d.]+)" text-anchor="middle">([^<]+)', svg)
    return [(float(y), float(x) - len(t) * 3.5, float(x) + len(t) * 3.5) for x, y, t in found]


def test_published_labels_that_would_touch_stand_on_two_lines():
    svg = strip([Published(15, "all agents of a study"), Published(16, "novices of a study")])
    (y1, left1, right1), (y2, left2, right2) = spans(svg)
    assert y1 != y2 or right1 <= left2 or right2 <= left1


def test_every_label_stays_inside_the_drawing():
    svg = strip([Published(0, "a very long label on the left"), Published(40, "a very long label on the right")])
    assert all(left >= -5 and right <= 405 for _, left, right in spans(svg))


def test_each_published_figure_is_a_diamond_and_the_own_one_a_dot_with_its_range():
    svg = strip([Published(15, "a"), Published(30, "b")])
    assert svg.count('<path class="benchmark"') == 2
    assert svg.count('class="dot"') == 1
    assert svg.count('class="band"') == 1


def test_two_quantiles_closer_than_their_labels_keep_both_diamonds():
    quantiles = [Quantile(10, "10 days", "25%"), Quantile(10.1, "10.1 days", "50%"), Quantile(20, "20 days", "75%")]
    svg = quantile_strip(Own(12, None, None, "you"), quantiles, better="less", summary="s", width=300)
    assert svg.count('<path class="benchmark"') == 3
    assert "10.1 days" not in svg
    assert 'class="band"' not in svg

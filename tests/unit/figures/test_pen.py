from __future__ import annotations

import re
from xml.etree import ElementTree

from kpis.figures.palette import plain
from kpis.figures.pen import Pen, linear

NASTY = '"><script>alert(1)</script>&<b style="x">'


def test_a_name_in_a_drawing_stays_text():
    pen = Pen(10, 10, summary=NASTY)
    pen.text(0, 0, NASTY)
    svg = pen.svg()
    assert "<script" not in svg
    assert ElementTree.fromstring(svg).attrib["aria-label"] == NASTY
    assert ElementTree.fromstring(svg)[0].text == NASTY


def test_a_drawing_has_no_inline_style_and_no_colour_of_its_own():
    pen = Pen(10, 10)
    pen.path([(0, 0), (1, 1)], "band", closed=True, fill=pen.hatching("x"))
    pen.circle(1, 1, 2, "dot")
    pen.diamond(3, 3)
    assert not re.search(r"style=|stroke=|#[0-9a-f]{6}", pen.svg())


def test_a_drawing_with_a_summary_is_an_image_and_one_without_is_hidden():
    assert 'role="img" aria-label="Net rises"' in Pen(1, 1, summary="Net rises").svg()
    assert 'aria-hidden="true"' in Pen(1, 1).svg()


def test_a_scale_of_one_value_puts_it_in_the_middle():
    assert linear(5, 5, 0, 100)(5) == 50


def test_a_name_in_a_plotly_figure_is_no_markup():
    assert plain("<a href='x'>A & B</a>") == "&lt;a href='x'&gt;A &amp; B&lt;/a&gt;"

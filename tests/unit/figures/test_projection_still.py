"""A projection is dashed and hatched all along, and says where the evidence ends."""

from __future__ import annotations

import re

import pytest

from kpis.figures.projection_still import ProjectionWords, projection_still

WORDS = ProjectionWords("Net by month.", "k€", lambda value: f"{value:.0f}", str, "evidence ends here")
NETS = [(-20.0, -10.0, 0.0), (-10.0, 10.0, 30.0), (0.0, 40.0, 80.0)]


def drawn(nets=NETS, ends=2, width=400):
    return projection_still(nets, ends, words=WORDS, name="a", width=width, height=200)


def test_nothing_of_it_looks_like_what_has_happened():
    svg = drawn()
    assert 'class="forecast"' in svg and "url(#hatching-a)" in svg
    assert 'class="actual' not in svg


def test_the_evidence_ends_before_the_first_month_that_was_not_measured():
    at = float(re.search(r'class="today" x1="([\d.]+)"', drawn())[1])
    ticks = [float(x) for x in re.findall(r'class="axis" x1="([\d.]+)"', drawn())]
    assert at == pytest.approx(ticks[1], abs=0.1)  # the end of the first month
    assert "evidence ends here" in drawn()
    assert "evidence ends here" not in drawn(ends=None)


def test_a_label_at_the_right_edge_stands_left_of_its_line():
    assert 'text-anchor="end"' in re.search(r"<text[^>]*>evidence ends here", drawn(ends=3, width=200))[0]


def test_a_projection_of_no_month_is_refused():
    with pytest.raises(ValueError, match="a month at least"):
        drawn(nets=[])

"""The chart of a mail: real pictures, without a browser, the same for the same figures."""

from __future__ import annotations

import struct
from datetime import date, timedelta
from decimal import Decimal

import pytest

from kpis.digests import drawing
from kpis.figures.cumulative import NetCurve, NetPoint
from kpis.figures.palette import DARK, LIGHT

START = date(2026, 1, 4)


def curve(*nets, provisional=False):
    points = [
        NetPoint(
            START + timedelta(weeks=k), Decimal(n), Decimal(n - 500), Decimal(n + 500), provisional and n == nets[-1]
        )
        for k, n in enumerate(nets)
    ]
    return NetCurve(
        points,
        today=points[-1].on,
        forecast=[NetPoint(points[-1].on + timedelta(weeks=8), Decimal(9000), Decimal(5000), Decimal(12000))],
    )


@pytest.fixture(scope="module")
def drawn():
    return drawing.pictures(curve(0, -4000, -1000, 3000), currency="USD", provisional="March provisional")


def test_there_is_a_wide_and_a_narrow_picture_for_light_and_for_dark(drawn):
    assert set(drawn) == {"chart-wide", "chart-phone", "chart-wide-dark", "chart-phone-dark"}
    for name, png in drawn.items():
        width, height = drawing.SIZES["phone" if "phone" in name else "wide"]
        assert png.startswith(b"\x89PNG")
        assert struct.unpack(">II", png[16:24]) == (width * drawing.SHARPNESS, height * drawing.SHARPNESS)


@pytest.mark.parametrize(("name", "colours"), [("chart-wide", LIGHT), ("chart-wide-dark", DARK)])
def test_it_is_drawn_in_the_colours_of_the_pages(drawn, name, colours):
    pixels = _pixels(drawn[name])
    for token in ("paper", "ink", "actual", "muted", "rule"):
        assert _close(pixels, colours[token]), token


def test_the_same_figures_give_the_same_bytes():
    first, second = (drawing.pictures(curve(0, -4000, 3000), currency="EUR", provisional="") for _ in range(2))
    assert first == second


def test_a_dollar_sign_is_no_formula():
    drawing.pictures(curve(0, -4_000_000, 3_000_000), currency="USD", provisional="$x_1^{2}$ and $")


def test_the_picture_is_said_in_words_for_those_who_do_not_see_it():
    assert "it stands at €3,000" in drawing.summary(curve(0, -4000, 3000), currency="EUR")


def _pixels(png):
    import io

    from matplotlib import image

    return (image.imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(int).reshape(-1, 3)


def _close(pixels, colour):
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return (abs(pixels - wanted).max(axis=1) <= 2).any()

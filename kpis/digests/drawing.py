"""The chart of a mail: the page's own drawing of the cumulative net, on a canvas that makes a PNG. No browser.

`figures.cumulative_still` says what is drawn where; this canvas knows only what each class of the notation looks like.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

os.environ.setdefault("MPLCONFIGDIR", str(settings.DATA_DIR / "matplotlib"))  # its font cache, not in anyone's home

from matplotlib import patheffects, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from PIL import Image  # comes with matplotlib

from kpis.figures.cumulative import NetCurve
from kpis.figures.cumulative_still import draw_net
from kpis.figures.palette import DARK, LIGHT
from kpis.figures.pen import Pen, Point
from kpis.wording.charts import net_words

SIZES = {"wide": (552, 200), "phone": (328, 200)}  # CSS pixels: drawn at the widths at which they are shown
PIXELS_AN_INCH = 100
SHARPNESS = 2  # screens of phones and of most desks have two pixels for one
TEXT_PIXELS = 12.0
FONT = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same picture
LEFT = 10  # pixels more than on a page: this font is wider, and an axis may say +1,000
HALO_PIXELS = 3.0
PALETTE = 128  # colours

# The notation of static/css/marks.css: colour, width, dashes (in widths of the line).
LINES: dict[str, tuple[str, float, Any]] = {
    "grid": ("rule", 1.0, "solid"),
    "zero": ("ink", 1.0, "solid"),
    "axis": ("edge", 1.0, "solid"),
    "today": ("edge", 1.0, (0, (1, 3))),
    "actual": ("actual", 2.2, "solid"),
    "actual provisional": ("actual", 2.2, (0, (0.05, 1.9))),
    "forecast": ("actual", 1.6, (0, (3.8, 2.5))),
}
FILLS = {"dot": ("actual", "paper", 1.5), "dot hollow": ("paper", "actual", 2.0), "ring": ("paper", "ink", 1.6)}


def pictures(curve: NetCurve, *, currency: str, provisional: str) -> dict[str, bytes]:
    """PNG by content id: `chart-wide`, `chart-phone`, and both for a dark screen (`…-dark`)."""
    found = {}
    for name, (width, height) in SIZES.items():
        words = net_words(curve, currency=currency, provisional=provisional, phone=True)
        for suffix, colours in (("", LIGHT), ("-dark", DARK)):
            canvas = Canvas(width, height, colours)
            draw_net(canvas, curve, words=words, name=name, phone=True)
            found[f"chart-{name}{suffix}"] = canvas.png()
    return found


def summary(curve: NetCurve, *, currency: str) -> str:
    """The picture in words, for those who do not see it."""
    return net_words(curve, currency=currency, phone=True).summary


class Canvas(Pen):
    """A pen that draws pixels. Its coordinates are the SVG's: CSS pixels from the top left."""

    def __init__(self, width: float, height: float, colours: Mapping[str, str]) -> None:
        super().__init__(width - LEFT, height)
        self._colours = colours
        self._figure = Figure(figsize=(width / PIXELS_AN_INCH, height / PIXELS_AN_INCH), dpi=PIXELS_AN_INCH)
        self._figure.patch.set_facecolor(colours["paper"])
        self._canvas = FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set(xlim=(-LEFT, width - LEFT), ylim=(height, 0))
        self._layer = 1

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self._stroke([x1, x2], [y1, y2], css, snap=True)

    def path(self, points: Sequence[Point], css: str, *, closed: bool = False, fill: str = "") -> None:
        if len(points) < 2:
            return
        if not closed:
            self._stroke([x for x, _y in points], [y for _x, y in points], css)
        elif fill:
            colour = to_rgba(self._colours["actual"], 0.6)
            self._add(Polygon(points, facecolor="none", edgecolor=colour, linewidth=0, hatch="/////"))
        else:
            self._add(Polygon(points, facecolor=_rgba(self._colours["band"]), linewidth=0))

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        face, edge, width = FILLS[css]
        shape = Circle((x, y), radius, facecolor=self._colours[face], edgecolor=self._colours[edge])
        shape.set_linewidth(_points(width))
        self._add(shape)

    def diamond(self, x: float, y: float, radius: float = 5, css: str = "benchmark") -> None:
        corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
        self._add(Polygon(corners, facecolor=self._colours["benchmark"], edgecolor=self._colours["paper"]))

    def text(self, x: float, y: float, words: str, css: str = "", *, anchor: str = "start") -> None:
        if not words:
            return
        colour = self._colours["muted" if "muted" in css else "ink"]
        halo = patheffects.withStroke(linewidth=_points(HALO_PIXELS), foreground=self._colours["paper"])
        self._axes.text(
            x,
            y,
            words,
            color=colour,
            family=FONT,
            size=_points(TEXT_PIXELS),
            weight="bold" if "strong" in css else "normal",
            ha={"start": "left", "middle": "center", "end": "right"}[anchor],
            va="baseline",
            parse_math=False,  # a name or a currency with a dollar sign is no formula
            path_effects=[halo],
            zorder=self._next(),
        )

    def hatching(self, name: str) -> str:
        return "hatched"

    def png(self) -> bytes:
        """The finished picture, the same bytes for the same drawing."""
        self._figure.set_dpi(PIXELS_AN_INCH * SHARPNESS)
        with rc_context({"hatch.linewidth": _points(1.0)}):
            self._canvas.draw()
        drawn = Image.frombytes("RGBA", self._canvas.get_width_height(), self._canvas.buffer_rgba().tobytes())
        store = io.BytesIO()
        # A drawing has few colours: with a palette it weighs a fraction, and nobody sees it.
        drawn.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE).save(store, format="png", optimize=True)
        return store.getvalue()

    def _stroke(self, xs: list[float], ys: list[float], css: str, *, snap: bool = False) -> None:
        colour, width, dashes = LINES[css]
        ends = "round" if css.startswith("actual") else "butt"
        (drawn,) = self._axes.plot(xs, ys, color=self._colours[colour], linewidth=_points(width), zorder=self._next())
        drawn.set(linestyle=dashes, solid_capstyle=ends, dash_capstyle=ends, solid_joinstyle="round", snap=snap or None)

    def _add(self, shape: Any) -> None:
        shape.set_zorder(self._next())
        self._axes.add_patch(shape)

    def _next(self) -> int:
        """Later shapes lie on earlier ones, as in SVG."""
        self._layer += 1
        return self._layer


def _points(pixels: float) -> float:
    """CSS pixels in the points in which matplotlib measures."""
    return pixels * 72 / PIXELS_AN_INCH


def _rgba(css: str) -> tuple[float, float, float, float]:
    """`rgba(29, 78, 137, 0.2)` of the palette."""
    red, green, blue, alpha = (float(part) for part in css.removeprefix("rgba(").removesuffix(")").split(","))
    return (red / 255, green / 255, blue / 255, alpha)

"""Writing SVG: plain shapes with classes, no inline style, every text escaped.

Colours come from the style sheet (`static/css/marks.css`), so one drawing serves both themes and the content policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

Point = tuple[float, float]
Scale = Callable[[float], float]

LETTER_WIDTH = 7.2  # pixels of an average letter at 13 px: good enough to keep two labels apart


def linear(value_from: float, value_to: float, pixel_from: float, pixel_to: float) -> Scale:
    """The straight scale that carries `value_from` to `pixel_from` and `value_to` to `pixel_to`.

    Values that are all the same have no scale of their own: they land in the middle.
    """
    if value_from == value_to:
        return lambda value: (pixel_from + pixel_to) / 2
    slope = (pixel_to - pixel_from) / (value_to - value_from)
    return lambda value: pixel_from + (value - value_from) * slope


def text_width(text: str) -> float:
    """About how many pixels `text` needs at 13 px."""
    return len(text) * LETTER_WIDTH


def _number(value: float) -> str:
    short = f"{value:.1f}"
    return short.removesuffix(".0")


class Pen:
    """Collects the shapes of one drawing; `svg()` gives the finished text.

    With a `summary` the drawing is an image with that label; without one it is decoration beside
    figures that are written out, and hidden from screen readers.
    """

    def __init__(self, width: float, height: float, *, summary: str = "", css: str = "") -> None:
        self.width, self.height = width, height
        self._summary, self._css = summary, css
        self._shapes: list[str] = []
        self._definitions: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        ends = f'x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}"'
        self._shapes.append(f'<line class="{css}" {ends}/>')

    def path(self, points: Sequence[Point], css: str, *, closed: bool = False, fill: str = "") -> None:
        """A line through `points`; one point alone draws nothing."""
        if len(points) < 2:
            return
        way = "M" + "L".join(f"{_number(x)},{_number(y)}" for x, y in points) + ("Z" if closed else "")
        paint = f' fill="{fill}"' if fill else ""
        self._shapes.append(f'<path class="{css}" d="{way}"{paint}/>')

    def steps(self, points: Sequence[Point], css: str) -> None:
        """A line that keeps its level until the next point."""
        corners: list[Point] = []
        for x, y in points:
            if corners:
                corners.append((x, corners[-1][1]))
            corners.append((x, y))
        self.path(corners, css)

    def rect(self, x: float, y: float, width: float, height: float, css: str) -> None:
        size = f'width="{_number(max(width, 0))}" height="{_number(max(height, 0))}"'
        self._shapes.append(f'<rect class="{css}" x="{_number(x)}" y="{_number(y)}" {size}/>')

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        self._shapes.append(f'<circle class="{css}" cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"/>')

    def diamond(self, x: float, y: float, radius: float = 5, css: str = "benchmark") -> None:
        r = _number(radius)
        self._shapes.append(
            f'<path class="{css}" d="M{_number(x)},{_number(y - radius)}l{r},{r}l-{r},{r}l-{r},-{r}z"/>'
        )

    def text(self, x: float, y: float, words: str, css: str = "", *, anchor: str = "start") -> None:
        if not words:
            return
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        name = f' class="{css}"' if css else ""
        self._shapes.append(f'<text{name} x="{_number(x)}" y="{_number(y)}"{side}>{escape(words)}</text>')

    def hatching(self, name: str) -> str:
        """Define a hatched fill and return how `path` refers to it. `name` is unique on the page."""
        stripes = '<line class="hatch" x1="0" y1="0" x2="0" y2="5"/>'
        self._definitions.append(
            f'<pattern id="{escape(name)}" width="5" height="5" patternUnits="userSpaceOnUse"'
            f' patternTransform="rotate(45)">{stripes}</pattern>'
        )
        return f"url(#{escape(name)})"

    def svg(self) -> str:
        """The drawing as markup that is safe in a page: every text in it has been escaped."""
        role = f'role="img" aria-label="{escape(self._summary)}"' if self._summary else 'aria-hidden="true"'
        size = f'width="{_number(self.width)}" height="{_number(self.height)}"'
        box = f'viewBox="0 0 {_number(self.width)} {_number(self.height)}"'
        defined = f"<defs>{''.join(self._definitions)}</defs>" if self._definitions else ""
        name = f"chart {self._css}".strip()
        return f'<svg class="{name}" {size} {box} {role}>{defined}{"".join(self._shapes)}</svg>'

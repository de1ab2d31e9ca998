"""What a sender sent, minute by minute or day by day: a bar up for points that were stored, down for rejected ones."""

from __future__ import annotations

from collections.abc import Sequence

from kpis.figures.pen import Pen, linear

Bar = tuple[int, int]  # stored, rejected
GAP = 0.22  # of a bar's room
AT_LEAST = 1.5  # pixels: one point among millions is still seen


def sent_bars(bars: Sequence[Bar], *, summary: str, width: float = 560, height: float = 84) -> str:
    """All bars on one scale from zero, oldest first. Without any point: the zero line alone."""
    pen = Pen(width, height, summary=summary, css="chart")
    up, down = max((bar[0] for bar in bars), default=0), max((bar[1] for bar in bars), default=0)
    y = linear(-down, up, height - 2, 2) if up or down else linear(-1, 1, height - 2, 2)
    room = width / max(len(bars), 1)
    for place, (stored, rejected) in enumerate(bars):
        left, wide = place * room + room * GAP / 2, room * (1 - GAP)
        if stored:
            tall = max(y(0) - y(stored), AT_LEAST)
            pen.rect(left, y(0) - tall, wide, tall, "bar-high")
        if rejected:
            pen.rect(left, y(0), wide, max(y(-rejected) - y(0), AT_LEAST), "bar-destroyed")
    pen.line(0, y(0), width, y(0), "zero")
    return pen.svg()

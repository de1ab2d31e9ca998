"""The evidence bar: which part of the benefit stands on which grade, A to D, as one stacked bar.

A is solid, B lighter, C outlined, D hollow and dashed. A grade that destroyed value stands left of zero: the bar adds
up to the benefit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kpis.figures.pen import Pen, linear

GRADES = ("A", "B", "C", "D")


def evidence_bar(amounts: Mapping[str, Decimal], *, width: float, height: float = 16, summary: str = "") -> str:
    """The bar for the money by grade, in one currency. Nothing booked yet: only the zero line."""
    pen = Pen(width, height, summary=summary, css="evidence-bar")
    parts = [(grade, float(amounts.get(grade) or 0)) for grade in GRADES]
    lost = sum(amount for _, amount in parts if amount < 0)
    won = sum(amount for _, amount in parts if amount > 0)
    x = linear(lost, won if won > lost else lost + 1, 1, width - 1)
    at = 0.0
    for grade, amount in parts:
        if amount > 0:
            pen.rect(x(at) + 0.5, 1, x(at + amount) - x(at) - 1.5, height - 2, f"grade-{grade.lower()}")
            at += amount
    at = 0.0
    for grade, amount in parts:
        if amount < 0:
            pen.rect(x(at + amount), 1, x(at) - x(at + amount) - 1, height - 2, f"grade-{grade.lower()} destroyed")
            at += amount
    pen.line(x(0), -2, x(0), height + 2, "zero")
    return pen.svg()


def swatch(grade: str, *, destroyed: bool = False) -> str:
    """The small square of a legend: the grade's own form."""
    pen = Pen(11, 11, css="evidence-bar swatch")
    pen.rect(0.7, 0.7, 9.6, 9.6, f"grade-{grade.lower()}" + (" destroyed" if destroyed else ""))
    return pen.svg()

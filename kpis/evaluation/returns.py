"""Returns beside published returns. Rooms above reckon in money; here it is a share or a number of months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kpis.benchmarks.matching import Ours, continent
from kpis.benchmarks.published import figures_of
from kpis.definitions import organisation
from kpis.evaluation.positions import Figure, Position, position_beside, rank

ROI, PAYBACK = "ROI_pct", "payback_months"


@dataclass(frozen=True, slots=True)
class Return:
    """ROI as a share with its range, and over how many months it was earned; payback in months where it came."""

    roi: float | None
    low: float | None
    high: float | None
    months: float
    payback_months: float | None = None


def returns_beside(own: Return, *, now: datetime, ours: Ours | None = None) -> dict[str, tuple[Position, ...]]:
    """By metric, what fits best first. `ours`: an initiative; None: the whole portfolio. One query for figures."""
    asker = ours or Ours(function="whole_firm", continent=continent())
    asker = Ours(asker.industry, asker.function, asker.technology, asker.continent, own.months)
    on = organisation.calendar().local_date(now)
    low, high = (own.low, own.high) if _holds(own) else (None, None)
    figures: dict[str, Figure] = {}
    if own.roi is not None:
        figures[ROI] = Figure(own.roi, low, high, "1", "increase")
    if own.payback_months is not None:
        figures[PAYBACK] = Figure(own.payback_months, None, None, "mo", "decrease")
    published = figures_of(figures)
    return {
        metric: tuple(sorted((position_beside(f, figure, asker, on=on) for f in published.get(metric, ())), key=rank))
        for metric, figure in figures.items()
    }


def _holds(own: Return) -> bool:
    """Whether the range holds the booked value; where it lies outside the draws no range stands beside it."""
    return own.roi is not None and own.low is not None and own.high is not None and own.low <= own.roi <= own.high

"""One KPI in full: its line and specks, the intervals with what they were compared with, and its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kpis.calculations.intervals import Granularity
from kpis.definitions.models import Kpi
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.evaluation.overview import SHOWN, KpiOverview, overviews_of, shown_granularity
from kpis.rollups import finality
from kpis.rollups.finality import Gap
from kpis.rollups.series import IntervalPoint, interval_values

LATEST = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """One measurement interval of the KPI with what would have been without the initiative, where that can be said."""

    point: IntervalPoint
    without: float | None

    @property
    def difference(self) -> float | None:
        """Actual − without, in the KPI's unit; None for an interval that still runs."""
        if self.without is None or self.point.value is None or self.point.state is finality.Finality.OPEN:
            return None
        return self.point.value - self.without


@dataclass(frozen=True, slots=True)
class KpiHistory:
    """`specks`: the KPI's own intervals where the line is coarser; `latest`: the newest ones, newest first."""

    overview: KpiOverview
    specks: tuple[IntervalPoint, ...]
    latest: tuple[Compared, ...]
    gaps: tuple[Gap, ...]
    silent_since: datetime | None


def history_of(kpi: Kpi, *, now: datetime) -> KpiHistory:
    """As of now, over a little more than the last year."""
    overview = overviews_of([kpi], now=now)[0]
    treated = overview.baseline.treated if overview.baseline else None
    own = interval_values(kpi, kpi.interval, now - SHOWN, now, where=treated or None, now=now)
    return KpiHistory(
        overview=overview,
        specks=tuple(own) if shown_granularity(kpi) is not Granularity(kpi.interval) else (),
        latest=tuple(reversed(_compared(overview.effect, own[-LATEST:], now))),
        gaps=tuple(finality.gaps(kpi, now - SHOWN, now, now=now)),
        silent_since=finality.stale(kpi, now=now),
    )


def _compared(effect: Effect | None, points: list[IntervalPoint], now: datetime) -> list[Compared]:
    if effect is None or not effect.counterfactual or not points:
        return [Compared(point, None) for point in points]
    control = None
    if effect.baseline is not None and effect.baseline.control:
        start = points[0].start - timedelta(seconds=1)
        control = interval_values(effect.kpi, effect.kpi.interval, start, now, where=effect.baseline.control, now=now)
    without = effects.counterfactuals(effect, points, control)
    return [Compared(p, float(w) if np.isfinite(w) else None) for p, w in zip(points, without, strict=True)]

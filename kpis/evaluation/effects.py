"""Effects: complete interval values since go-live against the approved baseline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect
from kpis.rollups.series import IntervalPoint


def evaluate_kpis(kpi_ids: Collection[int], *, now: datetime) -> list[Effect]:
    """Evaluate these KPIs as of now and store their effects; run twice it changes nothing the second time."""
    raise NotImplementedError


def effect_as_of(kpi: Kpi, *, as_of: datetime) -> Effect:
    """The effect with the data up to `as_of`: a row that is not stored."""
    raise NotImplementedError


def counterfactuals(
    effect: Effect,
    points: Sequence[IntervalPoint],
    control_points: Sequence[IntervalPoint | None] | None = None,
) -> NDArray[np.float64]:
    """For each point what would have been without the initiative, in the KPI's unit; NaN where it cannot be said."""
    raise NotImplementedError


def evaluation_due(now: datetime) -> frozenset[int]:
    """KPIs for which an interval has become complete by time alone since they were evaluated."""
    raise NotImplementedError

"""Interval values to read: the states of a KPI's label sets, merged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from kpis.definitions.models import Kpi
from kpis.measurements.models import Series
from kpis.rollups.finality import Finality

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IntervalPoint:
    """The KPI's value in one interval. `value` None: there is data, but no value, and `reason` says why."""

    start: datetime
    end: datetime
    value: float | None
    count: int
    weight: float
    complete: bool
    provisional: bool
    state: Finality
    reason: str = ""


def matching(kpi: Kpi, where: Labels | None) -> list[Series]:
    """The KPI's series whose labels hold all of `where`; all of them where it is empty."""
    raise NotImplementedError


def interval_values(
    kpi: Kpi,
    granularity: str,
    start: datetime,
    end: datetime,
    *,
    where: Labels | None = None,
    now: datetime,
) -> list[IntervalPoint]:
    """Values of the intervals that overlap `[start, end)`, oldest first; an interval without data is absent."""
    raise NotImplementedError


def interval_values_of(
    kpis: Collection[Kpi],
    start: datetime,
    end: datetime,
    *,
    granularity: str | None = None,
    where: Mapping[int, Labels | None] | None = None,
    now: datetime,
) -> dict[int, list[IntervalPoint]]:
    """The same for many KPIs, by KPI id; `granularity` None: each in its own interval; `where` by KPI id."""
    raise NotImplementedError

"""Whether an interval can still change: open, late or complete; which intervals are missing; since when a KPI is silent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kpis.calculations.intervals import Interval
from kpis.definitions.models import Kpi

LATENESS_AT_MOST = timedelta(hours=48)


class Finality(StrEnum):
    """`open` holds now; `late` is over, but its data may still come; `complete` changes by late data only."""

    OPEN = "open"
    LATE = "late"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which data was expected and none came. `explanation`: the outage that names it, else empty."""

    start: datetime
    end: datetime
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many intervals should hold data by now, and how many do."""

    expected: int
    present: int

    @property
    def share(self) -> float | None:
        """0..1; None where nothing is expected yet."""
        return self.present / self.expected if self.expected else None


def finality(
    interval: Interval, *, newest_at: datetime | None, now: datetime
) -> Finality:
    """Where the interval stands."""
    raise NotImplementedError


def gaps(kpi: Kpi, start: datetime, end: datetime, *, now: datetime) -> list[Gap]:
    """Intervals of the KPI within `[start, end)` without data, oldest first."""
    raise NotImplementedError


def completeness(
    kpis: Collection[Kpi], *, start: datetime, end: datetime, now: datetime
) -> Completeness:
    """Over all these KPIs' own intervals within `[start, end)`."""
    raise NotImplementedError


def stale(kpi: Kpi, *, now: datetime) -> datetime | None:
    """Since when the KPI is silent although data was expected; None where it is not."""
    raise NotImplementedError


def stale_kpis(kpis: Collection[Kpi], *, now: datetime) -> dict[int, datetime]:
    """KPI id to the instant since when it is silent, for those that are."""
    raise NotImplementedError

"""A measured baseline: the KPI's interval values of a window before go-live, as a draft to be approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from kpis.access.models import User
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi

Labels = Mapping[str, str]


def measure(
    kpi: Kpi,
    *,
    window_start: date | datetime,
    window_end: date | datetime,
    treated: Labels | None = None,
    control: Labels | None = None,
    note: str = "",
    few_allowed: bool = False,
    by: User | None,
    at: datetime,
) -> Baseline:
    """Write a draft. Refuses (BaselineNotReady) what `readiness.of` finds missing; `few_allowed` lets too few pass."""
    raise NotImplementedError

"""A declared baseline: a stated value with its source, where nothing was measured before go-live."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kpis.access.models import User
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi


def declare(
    kpi: Kpi,
    *,
    value: Decimal,
    low: Decimal | None = None,
    high: Decimal | None = None,
    source: str,
    note: str = "",
    by: User | None,
    at: datetime,
) -> Baseline:
    """Write a draft. Refuses (BaselineNotReady) a missing source and a range that does not hold the value."""
    raise NotImplementedError

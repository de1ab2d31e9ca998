"""A declared baseline: a stated value with its source, where nothing was measured before go-live."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from kpis.access.models import Token, User
from kpis.baselines.drafting import nine_places, write_draft
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady
from kpis.definitions.models import Kpi


def declare(
    kpi: Kpi,
    *,
    value: Decimal,
    low: Decimal | None = None,
    high: Decimal | None = None,
    source: str,
    note: str = "",
    by: User | Token | None,
    at: datetime,
) -> Baseline:
    """Write a draft with a stated value, and a range where one is known, in the KPI's unit.

    Refuses (BaselineNotReady) a missing source, half a range and a range that does not hold the value.
    """
    if not source.strip():
        raise BaselineNotReady("source_missing", _("A declared baseline needs its source: who says so, and from what."))
    if (low is None) != (high is None):
        raise BaselineNotReady("range_incomplete", _("A range needs both its low and its high value."))
    if low is not None and high is not None and not low <= value <= high:
        raise BaselineNotReady("range_without_value", _("The range must hold the declared value."))
    draft = Baseline(
        kpi=kpi,
        method=Baseline.Method.DECLARED,
        value=nine_places(value),
        low=None if low is None else nine_places(low),
        high=None if high is None else nine_places(high),
        source=source,
        note=note,
        created_at=at,
    )
    return write_draft(draft, by=by)

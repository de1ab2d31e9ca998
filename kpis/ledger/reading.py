"""Ledger entries to read."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from kpis.definitions.models import Initiative
from kpis.ledger.models import LedgerEntry


def entries_between(initiative: Initiative, start: datetime, end: datetime) -> QuerySet[LedgerEntry]:
    """The entries whose interval overlaps `[start, end)`, oldest first, each with its driver, KPI and baseline."""
    return (
        LedgerEntry.objects.filter(initiative=initiative, interval_end__gt=start, interval_start__lt=end)
        .select_related("driver", "kpi", "baseline")
        .order_by("interval_start", "driver_id", "id")
    )

"""Ledger entries, drivers and costs to read."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ledger.models import LedgerEntry, ValueDriver


def entries_between(initiative: Initiative, start: datetime, end: datetime) -> QuerySet[LedgerEntry]:
    """The entries whose interval overlaps `[start, end)`, oldest first, each with its driver, KPI and baseline."""
    return (
        LedgerEntry.objects.filter(initiative=initiative, interval_end__gt=start, interval_start__lt=end)
        .select_related("driver", "kpi", "baseline")
        .order_by("interval_start", "driver_id", "id")
    )


def drivers_seen_by(actor: Actor) -> QuerySet[ValueDriver]:
    """The value drivers of the initiatives in sight, with all that prices them."""
    return ValueDriver.objects.filter(initiative__in=initiatives_seen_by(actor)).select_related(
        "initiative", "kpi", "volume_kpi", "unit_value", "realisation", "attribution"
    )


def entries_of(driver: ValueDriver) -> QuerySet[LedgerEntry]:
    """The driver's entries, newest first."""
    entries = LedgerEntry.objects.filter(driver=driver).select_related("kpi", "baseline", "driver", "initiative")
    return entries.order_by("-interval_start", "-id")


def entries_seen_by(actor: Actor) -> QuerySet[LedgerEntry]:
    """The entries of the initiatives in sight, with all that they were computed from."""
    entries = LedgerEntry.objects.filter(initiative__in=initiatives_seen_by(actor))
    return entries.select_related("initiative", "kpi", "driver", "baseline__author", "baseline__approved_by")

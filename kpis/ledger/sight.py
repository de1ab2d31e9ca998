"""The value drivers and costs that an actor sees: those of the initiatives in sight."""

from __future__ import annotations

from django.db.models import QuerySet

from kpis.access.rights import Actor
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import CostEntry, ValueDriver

TOGETHER = ("initiative", "kpi", "volume_kpi", "captured_by", "pool", "unit_value", "realisation", "attribution")


def drivers_seen_by(actor: Actor) -> QuerySet[ValueDriver]:
    """Each with its KPIs and assumptions."""
    return ValueDriver.objects.filter(initiative__in=initiatives_seen_by(actor)).select_related(*TOGETHER)


def costs_seen_by(actor: Actor) -> QuerySet[CostEntry]:
    return CostEntry.objects.filter(initiative__in=initiatives_seen_by(actor)).select_related("initiative")

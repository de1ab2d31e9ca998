"""Stored effects to read."""

from __future__ import annotations

from collections.abc import Collection

from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect

PEOPLE = ("baseline__author", "baseline__approved_by")


def effect_of(kpi: Kpi) -> Effect | None:
    """The newest effect of a KPI with its baseline and the people behind it; None where it was never evaluated."""
    return Effect.objects.filter(kpi=kpi).select_related("kpi__initiative", *PEOPLE).first()


def effects_of(kpis: Collection[Kpi]) -> dict[int, Effect]:
    """The same for many KPIs, by KPI id."""
    found = Effect.objects.filter(kpi__in=kpis).select_related("kpi__initiative", *PEOPLE)
    return {effect.kpi_id: effect for effect in found}

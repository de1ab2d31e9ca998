"""Rival explanations: what else changed near go-live. Listed beside every effect, judged by people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from kpis.definitions.models import Annotation, Kpi

# Two intervals each way, but never less than six weeks: what is announced takes as long to show.
NEAR = timedelta(days=45)
NEAR_BY_INTERVAL = {Kpi.Interval.MONTH: timedelta(days=62), Kpi.Interval.QUARTER: timedelta(days=184)}


def near_go_live(kpis: Collection[Kpi]) -> dict[int, list[dict[str, str]]]:
    """KPI id to the dated events of its initiative near go-live, go-live itself left out; oldest first."""
    initiatives = {kpi.initiative_id for kpi in kpis}
    events = Annotation.objects.filter(initiative__in=initiatives).exclude(kind=Annotation.Kind.GO_LIVE)
    found = list(events.order_by("on", "pk"))
    return {
        kpi.pk: [_told(event) for event in found if event.initiative_id == kpi.initiative_id and _is_near(event, kpi)]
        for kpi in kpis
    }


def _is_near(event: Annotation, kpi: Kpi) -> bool:
    go_live: date | None = kpi.initiative.go_live_on
    if go_live is None:
        return False
    reach = NEAR_BY_INTERVAL.get(Kpi.Interval(kpi.interval), NEAR)
    return event.on <= go_live + reach and go_live - reach <= (event.until or event.on)


def _told(event: Annotation) -> dict[str, str]:
    return {"on": event.on.isoformat(), "kind": event.kind, "text": event.text}

"""What stands beside a heading: how current the sources are, and how complete the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kpis.definitions.models import Initiative, Kpi
from kpis.definitions.sight import Actor
from kpis.rollups import finality
from kpis.sources import health
from kpis.sources.health import Health
from kpis.sources.models import DataSource

FLOWING = {"flowing", "partial", "waiting"}
COMPLETENESS_OVER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Silent:
    source: DataSource
    since: datetime | None
    health: Health


@dataclass(frozen=True, slots=True)
class Standing:
    """`current` of `total` sources deliver; `complete`: share of the intervals of the last year that hold data."""

    current: int
    total: int
    silent: tuple[Silent, ...]
    complete: float | None


def standing_of(user: Actor, initiatives: Sequence[Initiative], *, now: datetime) -> Standing:
    """For the sources and KPIs of these initiatives, as far as the user sees them."""
    ids = {initiative.pk for initiative in initiatives}
    sources = [
        s for s in health.sources_seen_by(user) if s.enabled and (s.initiative_id is None or s.initiative_id in ids)
    ]
    found = health.health_of_all(sources, now=now)
    silent = [Silent(s, found[s.pk].since, found[s.pk]) for s in sources if found[s.pk].state not in FLOWING]
    kpis = list(Kpi.objects.filter(initiative__in=ids))
    complete = finality.completeness(kpis, start=now - COMPLETENESS_OVER, end=now, now=now).share
    return Standing(len(sources) - len(silent), len(sources), tuple(silent), complete)

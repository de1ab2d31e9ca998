"""A KPI beside the other business units of the same house: by metric, anonymous, and only among enough of them.

One unit is one value: the plain mean of its KPIs that are compared by the same metric in the same way. Units out of
the reader's sight count only where there are enough of them by themselves: else the one that is hidden could be
calculated from those that are seen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from kpis.benchmarks.models import Comparison
from kpis.calculations import units
from kpis.calculations.defaults import PEERS_FEWEST
from kpis.calculations.peers import AmongPeers, among_peers
from kpis.calculations.position import Reading
from kpis.definitions.models import Kpi
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.evaluation.positions import Figure
from kpis.evaluation.standings import own_figures

NO_UNIT, TOO_FEW, TOO_EARLY = "no_business_unit", "too_few_units", "too_early"


@dataclass(frozen=True, slots=True)
class PeerStanding:
    """One KPI by one metric among other units. `own` in the KPI's unit, or a share; `among` None with a `reason`."""

    kpi: Kpi
    metric: str
    reading: str
    unit: str
    own: float | None
    among: AmongPeers | None
    reason: str = ""


def peer_standings_of(kpi: Kpi, actor: Actor, *, now: datetime) -> tuple[PeerStanding, ...]:
    """Of each metric that was chosen for the KPI. The sample company is compared with itself only."""
    chosen = list(Comparison.objects.filter(kpi=kpi).select_related("kpi__initiative").order_by("pk"))
    if not chosen:
        return ()
    unit = kpi.initiative.business_unit.strip()
    if not unit:
        return tuple(PeerStanding(kpi, row.metric, row.reading, kpi.unit, None, None, NO_UNIT) for row in chosen)
    alike = Comparison.objects.filter(
        metric__in=[row.metric for row in chosen], kpi__initiative__is_sample=kpi.initiative.is_sample
    ).exclude(kpi__initiative__business_unit="")
    figures = own_figures(alike.select_related("kpi__initiative"), now=now)
    seen = set(initiatives_seen_by(actor).values_list("pk", flat=True))
    return tuple(_standing(row, unit, figures, seen) for row in chosen)


def _standing(
    row: Comparison, unit: str, figures: Iterable[tuple[Comparison, Figure | None]], seen: set[int]
) -> PeerStanding:
    own = next((figure for other, figure in figures if other.pk == row.pk), None)
    bare = PeerStanding(row.kpi, row.metric, row.reading, own.unit if own else row.kpi.unit, None, None, TOO_EARLY)
    if own is None:
        return bare
    visible: dict[str, list[float]] = defaultdict(list)
    hidden: dict[str, list[float]] = defaultdict(list)
    for other, figure in figures:
        name, value = other.kpi.initiative.business_unit.strip(), _in_units_of(own, figure) if figure else None
        if (other.metric, other.reading) == (row.metric, row.reading) and name != unit and value is not None:
            (visible if other.kpi.initiative_id in seen else hidden)[name].append(value)
    # A unit of which only a part is in sight is not said in part.
    partly = visible.keys() & hidden.keys()
    others = [fmean(values) for name, values in visible.items() if name not in partly]
    unseen = [fmean([*visible.get(name, []), *values]) for name, values in hidden.items()]
    if len(unseen) >= PEERS_FEWEST.value:
        others += unseen
    among = among_peers(_reading(own), others, own.direction)  # type: ignore[arg-type]  # one of the two
    found = PeerStanding(row.kpi, row.metric, row.reading, own.unit, own.value, among)
    return found if among else PeerStanding(row.kpi, row.metric, row.reading, own.unit, own.value, None, TOO_FEW)


def _reading(own: Figure) -> Reading:
    return Reading(own.value, own.low, own.high)


def _in_units_of(own: Figure, other: Figure) -> float | None:
    """The other's value in one's own unit, both factors counted; None where no unit leads to it, or better is worse."""
    if other.direction != own.direction:
        return None
    try:
        value = other.value * units.conversion(other.unit, own.unit) * other.factor / own.factor
    except units.UnitMismatch:
        return None
    return value if math.isfinite(value) else None

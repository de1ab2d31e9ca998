"""Verdicts that stand side by side: which of them may be chance, because so many were looked at?"""

from __future__ import annotations

from collections.abc import Sequence

from kpis.calculations.multiplicity import discoveries
from kpis.evaluation.models import Effect
from kpis.evaluation.overview import KpiOverview

CHANGED = (Effect.Verdict.IMPROVED, Effect.Verdict.WORSE)


def may_be_chance(overviews: Sequence[KpiOverview]) -> frozenset[int]:
    """Ids of the KPIs whose *improved* or *worse* does not stand among the others at 10 % false discoveries.

    Volumes have no verdict and do not count; neither does an effect without a p-value. Intervals stay as they are.
    """
    judged = [o.effect for o in overviews if o.effect is not None and not o.kpi.is_context]
    stands = discoveries([effect.details.get("p_value") for effect in judged])
    return frozenset(
        effect.kpi_id
        for effect, stood in zip(judged, stands, strict=True)
        if effect.verdict in CHANGED and stood is False
    )

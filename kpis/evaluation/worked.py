"""One effect with all that its interval is made of: the reader's own, to calculate after."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from scipy.special import stdtrit

from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect
from kpis.evaluation.reading import PEOPLE


@dataclass(frozen=True, slots=True)
class WorkedEffect:
    """effect = actual − without; half = quantile · standard error; low, high = effect ∓ half. In the KPI's unit."""

    row: Effect
    without: float
    quantile: float
    half: float


def worked_effect(kpis: QuerySet[Kpi]) -> WorkedEffect | None:
    """Of these KPIs' effects the best proved one with the most intervals; None where none has a range."""
    known = Effect.objects.filter(kpi__in=kpis, low__isnull=False, df__isnull=False, standard_error__isnull=False)
    row = known.select_related("kpi__initiative", *PEOPLE).order_by("evidence_grade", "-n_after", "pk").first()
    if row is None or row.actual is None or row.effect is None or row.df is None or row.standard_error is None:
        return None
    quantile = float(stdtrit(row.df, 0.5 + row.confidence / 2))
    return WorkedEffect(row, row.actual - row.effect, quantile, quantile * row.standard_error)

"""`kpis/{key}/effect/`: the KPI's values since go-live against its approved baseline."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from kpis.api import as_of, spans
from kpis.api.conditional import Conditional
from kpis.api.effect_form import EFFECT
from kpis.api.permissions import Read, asker
from kpis.definitions.sight import kpis_seen_by
from kpis.evaluation.effects import effect_as_of
from kpis.evaluation.models import Effect
from kpis.wording.checks import check_sentence


class KpiEffect(Conditional):
    """Read the effect of a KPI

    The model's estimate with its interval, the plain means beside it, and the method by name. `monitoring` is the
    interval that stays valid though one looks every day; the verdict is its. A number that does not exist is null,
    and `reasons` says why.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="kpis_effect_retrieve", responses={200: EFFECT}, parameters=[as_of.AS_OF])
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)).select_related("initiative"), key=key)
        spans.refuse_unknown(request, {"as_of"})
        effect = effect_as_of(kpi, as_of=as_of.asked_as_of(request))
        return HttpResponse(msgspec.json.encode(_shown(effect)), content_type="application/json")


def _shown(effect: Effect) -> dict[str, Any]:
    """The members of the contract, in its order; what they rest on follows."""
    shown: dict[str, Any] = {
        "kpi": effect.kpi.key,
        "unit": effect.kpi.unit,
        "as_of": effect.as_of,
        "baseline": effect.baseline_value,
        "actual": effect.actual,
        "effect": effect.effect,
        "improvement": effect.improvement,
        "improvement_low": effect.improvement_low,
        "improvement_high": effect.improvement_high,
        "low": effect.low,
        "high": effect.high,
        "confidence": effect.confidence,
        "monitoring": {"low": effect.monitoring_low, "high": effect.monitoring_high},
        "method": effect.method or None,
        "evidence_grade": effect.evidence_grade or None,
        "intervals": {"before": effect.n_before, "after": effect.n_after},
        "verdict": effect.verdict,
        "standard_error": effect.standard_error,
        "df": effect.df,
        "phi": effect.phi,
        "p_value": effect.details.get("p_value"),
        "control_baseline": effect.control_baseline,
        "control_actual": effect.control_actual,
        "naive_effect": effect.details.get("naive_effect"),
        "baseline_version": effect.baseline.version if effect.baseline else None,
        "notes": effect.notes,
        "checks": [
            check | {"message": check_sentence(check, effect.kpi.unit)} for check in effect.details.get("checks", [])
        ],
        "rivals": effect.details.get("rivals", []),
    }
    return shown | {"reasons": _reasons(shown, effect.reasons)}


def _reasons(shown: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
    """A sentence for each member that is null, and for a verdict that needs one."""
    missing = [name for name, value in shown.items() if value is None]
    missing += [f"monitoring.{end}" for end, value in shown["monitoring"].items() if value is None]
    otherwise = known.get("effect") or known.get("verdict", "")
    found = {name: known.get(name.replace(".", "_"), otherwise) for name in missing}
    return found | {name: known[name] for name in ("verdict",) if name in known}

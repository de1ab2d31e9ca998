"""What `kpis/{key}/benchmarks/` answers, as the published schema says it, and how it is put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kpis.api.effect_form import NUMBER, TEXT
from kpis.benchmarks.published import how_many
from kpis.definitions.models import Kpi
from kpis.evaluation.positions import Position
from kpis.evaluation.standings import Standing
from kpis.evaluation.told import facts_of
from kpis.wording.positions import mismatch, sentence, why_not

Form = dict[str, Any]
POSITIONS = ["ahead", "level", "behind", "best", "worst", "above", "within", "below", None]
EXACTNESS = ["interpolated", "coarse", "approximate", "bound", "none"]
NO_PERCENTILE = "Nobody is ranked by this figure."


def _object(members: Form) -> Form:
    return {"type": "object", "properties": members, "required": list(members)}


REASONS: Form = {"type": "object", "additionalProperties": {"type": "string"}}
STANDINGS: Form = _object(
    {
        "kpi": {"type": "string"},
        "results": {
            "type": "array",
            "items": _object(
                {
                    "benchmark": {"type": "string", "description": "Its slug."},
                    "metric": {"type": "string"},
                    "reading": {"type": "string", "enum": ["level", "change", "rate_change"]},
                    "unit": {"type": "string", "description": "Of every number here; shares have the unit 1."},
                    "value": NUMBER | {"description": "The KPI's own figure in the unit of the published one."},
                    "low": NUMBER,
                    "high": NUMBER,
                    "position": {"type": ["string", "null"], "enum": POSITIONS},
                    "percentile": NUMBER | {"description": "Share that the KPI is better than, two digits."},
                    "bounds": {"type": ["array", "null"], "items": {"type": "number"}},
                    "exactness": {"type": "string", "enum": EXACTNESS},
                    "difference": NUMBER | {"description": "Own − published."},
                    "published": NUMBER | {"description": "Where the source published one number."},
                    "evidence_grade": {"type": "string", "enum": ["A", "B", "C"]},
                    "data_year": {"type": "string"},
                    "mismatches": {"type": "array", "items": _object({"code": TEXT, "detail": TEXT})},
                    "sentence": {"type": "string"},
                    "reasons": REASONS,
                }
            ),
        },
        "reasons": REASONS,
    }
)


def shown(kpi: Kpi, standings: Sequence[Standing]) -> dict[str, Any]:
    """Every figure of every chosen metric; `reasons` names each metric that ranks nobody."""
    results = [_one(standing, position) for standing in standings for position in standing.positions]
    searched = how_many() if any(standing.reason == "no_figure" for standing in standings) else 0
    reasons = {s.metric: why_not(s.reason, searched=searched, detail=s.detail) for s in standings if s.reason}
    if not standings:
        reasons["results"] = why_not("no_metric")
    return {"kpi": kpi.key, "results": results, "reasons": reasons}


def _one(standing: Standing, found: Position) -> dict[str, Any]:
    figure, facts = found.benchmark, facts_of(found)
    said = sentence(facts)
    members: dict[str, Any] = {
        "benchmark": figure.slug,
        "metric": figure.metric,
        "reading": standing.reading,
        "unit": figure.unit,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "position": found.position or None,
        "percentile": found.percentile,
        "bounds": found.bounds,
        "exactness": found.exactness,
        "difference": found.difference,
        "published": facts.point,
        "evidence_grade": figure.grade,
        "data_year": figure.data_year,
        "mismatches": [{"code": m.code, "detail": mismatch(m.code, m.ours, m.theirs)} for m in found.mismatches],
        "sentence": said,
    }
    return members | {"reasons": _reasons(members, standing, found, said)}


def _reasons(members: dict[str, Any], standing: Standing, found: Position, said: str) -> dict[str, str]:
    """A sentence for each member that is null."""
    why = why_not(standing.reason, detail=standing.detail) if found.value is None and standing.reason else said
    known = {
        "percentile": found.reasons.get("percentile", NO_PERCENTILE if found.position else why),
        "bounds": "There is no range among published quantiles here.",
        "difference": "There is no single published number." if found.position else why,
        "published": "The source published no single number.",
        "low": "The KPI's own figure has no range here.",
        "high": "The KPI's own figure has no range here.",
    }
    return {name: known.get(name, why) for name, value in members.items() if value is None}

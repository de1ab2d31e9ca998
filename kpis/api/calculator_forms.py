"""What the calculators answer, as the published schema says it."""

from __future__ import annotations

from typing import Any

from kpis.api.effect_form import COUNT, EFFECT, NUMBER, TEXT

Form = dict[str, Any]
DATE: Form = {"type": ["string", "null"], "format": "date"}
REASONS: Form = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": "A sentence for each member that is null.",
}


def _object(members: Form) -> Form:
    return {"type": "object", "properties": members, "required": list(members)}


INVESTMENT: Form = _object(
    {
        "npv": NUMBER | {"description": "Worth at t = 0, or on the first date."},
        "irr": NUMBER,
        "irrs": {"type": "array", "items": {"type": "number"}, "description": "Every rate, increasing."},
        "irr_status": {"type": "string", "enum": ["ok", "multiple", "none", "not_meaningful"]},
        "roi": NUMBER | {"description": "Sum of the flows over the outlays, undiscounted."},
        "payback_on": DATE,
        "payback_periods": NUMBER,
        "discounted_payback_on": DATE,
        "discounted_payback_periods": NUMBER,
        "reasons": REASONS,
    }
)
_OF_A_KPI = ("kpi", "unit", "as_of", "baseline_version", "rivals")
MEASURED_EFFECT: Form = _object(
    {name: form for name, form in EFFECT["properties"].items() if name not in _OF_A_KPI}
    | {"missing": _object({"before": COUNT, "after": COUNT}), "method_reason": TEXT}
)
POSITION: Form = _object(
    {
        "position": {"type": "string", "enum": ["ahead", "level", "behind", "best", "worst"]},
        "percentile": NUMBER | {"description": "Share that one is better than, 0..1, two digits."},
        "bounds": {"type": ["array", "null"], "items": {"type": "number"}, "description": "Between which shares."},
        "exactness": {"type": "string", "enum": ["interpolated", "coarse", "approximate", "bound", "none"]},
        "difference": NUMBER | {"description": "Own − published, where there is one figure."},
        "reasons": REASONS,
    }
)

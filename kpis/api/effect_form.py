"""What `kpis/{key}/effect/` answers, as the published schema says it."""

from __future__ import annotations

from typing import Any

Form = dict[str, Any]

NUMBER: Form = {"type": ["number", "null"]}
SHARE: Form = NUMBER | {"description": "A share of the baseline, above zero is better; 0.15 is 15 %."}
TEXT: Form = {"type": ["string", "null"]}
COUNT: Form = {"type": "integer", "minimum": 0}


def _object(members: Form) -> Form:
    return {"type": "object", "properties": members, "required": list(members)}


EFFECT: Form = _object(
    {
        "kpi": {"type": "string"},
        "unit": {"type": "string", "description": "Of every number that is no share."},
        "as_of": {"type": "string", "format": "date-time"},
        "baseline": NUMBER | {"description": "Plain mean of the baseline's interval values."},
        "actual": NUMBER | {"description": "Plain mean of the interval values since go-live."},
        "effect": NUMBER | {"description": "The model's estimate: actual − what would have been, mean since go-live."},
        "improvement": SHARE,
        "improvement_low": SHARE,
        "improvement_high": SHARE,
        "low": NUMBER,
        "high": NUMBER,
        "confidence": {"type": "number"},
        "monitoring": _object({"low": NUMBER, "high": NUMBER}),
        "method": {"type": ["string", "null"], "enum": ["did", "its", "ar1", "welch", "declared", None]},
        "evidence_grade": {"type": ["string", "null"], "enum": ["A", "B", "C", "D", None]},
        "intervals": _object({"before": COUNT, "after": COUNT}),
        "verdict": {"type": "string", "enum": ["improved", "worse", "no_clear_change", "not_enough_data"]},
        "standard_error": NUMBER,
        "df": NUMBER,
        "phi": NUMBER,
        "p_value": NUMBER,
        "control_baseline": NUMBER,
        "control_actual": NUMBER,
        "naive_effect": NUMBER | {"description": "Actual − baseline, without any model."},
        "baseline_version": {"type": ["integer", "null"]},
        "notes": {"type": "array", "items": {"type": "string"}},
        "checks": {
            "type": "array",
            "items": _object(
                {
                    "name": {"type": "string", "enum": ["pre_trend", "placebo", "contamination"]},
                    "status": {"type": "string", "enum": ["ok", "differs", "not_enough_data"]},
                    "value": NUMBER,
                    "low": NUMBER,
                    "high": NUMBER,
                    "p_value": NUMBER,
                    "message": {"type": "string", "description": "In the asker's language."},
                }
            ),
            "description": "Of a control group: did both move alike before, does a pretended go-live show nothing, did "
            "the control group stay as it was. Empty for other methods.",
        },
        "rivals": {
            "type": "array",
            "items": _object({"on": {"type": "string", "format": "date"}, "kind": TEXT, "text": TEXT}),
            "description": "Other changes near go-live that could explain the effect as well.",
        },
        "reasons": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A sentence for each member that is null.",
        },
    }
)

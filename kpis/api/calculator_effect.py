"""The effect calculator: a body's lists through `calculations.effect`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from kpis.calculations.defaults import CONFIDENCE
from kpis.calculations.effect import Comparison, EffectEstimate, evaluate
from kpis.calculations.series import Series
from kpis.wording.checks import check_sentence

NULLABLE = (
    "baseline", "actual", "effect", "improvement", "improvement_low", "improvement_high", "low", "high",
    "standard_error", "df", "phi", "p_value", "control_baseline", "control_actual", "naive_effect",
)  # fmt: skip


def effect_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The effect as of a KPI, without what only a KPI has."""
    control = asked.get("control")
    begin = len(asked["baseline"])
    comparison = Comparison(
        before=_series(asked["baseline"], 0),
        after=_series(asked["actual"], begin),
        direction=asked["direction"],
        control_before=_series(control["baseline"], 0) if control else None,
        control_after=_series(control["actual"], begin) if control else None,
        season_length=asked.get("season"),
    )
    method, confidence = asked.get("method", "auto"), asked.get("confidence", CONFIDENCE.value)
    return _shown(evaluate(comparison, method=method, confidence=confidence))


def _series(values: Sequence[float | None], start: int) -> Series:
    """Each value at its place; a null leaves its place out."""
    kept = [(start + n, value) for n, value in enumerate(values) if value is not None]
    return Series(np.array([v for _n, v in kept], np.float64), np.array([n for n, _v in kept], np.int64))


def _shown(found: EffectEstimate) -> dict[str, Any]:
    members = {name: getattr(found, name) for name in NULLABLE}
    reasons = {
        name: found.reasons.get(name) or found.reasons.get("effect", "") for name, v in members.items() if v is None
    }
    monitoring = {"low": found.monitoring_low, "high": found.monitoring_high}
    for end, value in monitoring.items():
        if value is None:
            reasons[f"monitoring.{end}"] = found.reasons.get(f"monitoring_{end}", "")
    if found.verdict == "not_enough_data":
        reasons["verdict"] = found.reasons.get("verdict", "")
    return members | {
        "confidence": found.confidence,
        "monitoring": monitoring,
        "method": found.method,
        "method_reason": found.choice.reason if found.choice else None,
        "evidence_grade": found.evidence_grade,
        "intervals": {"before": found.n_before, "after": found.n_after},
        "missing": {"before": found.missing_before, "after": found.missing_after},
        "verdict": found.verdict,
        "notes": list(found.notes),
        "checks": [check | {"message": check_sentence(check, "")} for check in map(asdict, found.checks)],
        "reasons": reasons,
    }

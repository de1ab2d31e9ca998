"""Has the KPI changed since go-live, by how much, how sure are we, and by which method do we know?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from kpis.calculations import defaults
from kpis.calculations.choice import EVIDENCE, Choice, Method, choose_method, enough_for
from kpis.calculations.comparison import Comparison, Direction, Prepared, prepared
from kpis.calculations.control_checks import Check, control_checks
from kpis.calculations.counterfactual import Counterfactual
from kpis.calculations.estimate import Estimate, share_interval
from kpis.calculations.interrupted import trend_of
from kpis.calculations.log_differences import differ_in_level, ratio_effect
from kpis.calculations.regression import Dependent, NoVariation, TooFew
from kpis.calculations.sequential import long_run_sigma, monitoring_half_width
from kpis.calculations.series import Series

__all__ = ["NOTES", "Choice", "Comparison", "EffectEstimate", "choose_method", "declared_effect", "evaluate"]

Verdict = Literal["improved", "worse", "no_clear_change", "not_enough_data"]

NOTES: Final[dict[str, str]] = {
    "few_intervals": "There are few intervals, so the interval is wide and rests on assumptions.",
    "assumed_correlation": "There are too few intervals to estimate how they depend on each other; 0.3 is assumed.",
    "variation_changed": "The values vary otherwise than the model assumes; the wider of two intervals is shown.",
    "trend_in_baseline": "The baseline was already moving, but it is too short to continue its trend.",
    "trend_flattened": "The trend of the baseline is carried on no further than the baseline is long.",
    "groups_not_parallel": "Both groups already moved apart before go-live, so the control group may mislead.",
    "control_group_moved": "The control group moved the same way at go-live: perhaps it uses the tool too.",
    "intervals_without_partner": "Intervals in which only one of both groups was measured are left out.",
    "other_causes": "Other changes near go-live or another mix of cases could explain the effect as well.",
}


@dataclass(frozen=True, slots=True, eq=False)
class EffectEstimate:
    """The effect of an initiative on one KPI; every number that does not exist is None and named in `reasons`.

    baseline, actual, control_baseline, control_actual : plain means. naive_effect : actual − baseline, beside which the
    model's estimate stands. effect : actual − counterfactual, mean over the intervals after go-live; low, high its
    interval; monitoring_low, monitoring_high the one that is valid under daily looks. improvement : share of
    |baseline|, positive is better. verdict : by the interval; monitoring_verdict : by the monitoring interval.
    missing_before, missing_after : intervals until there is enough. notes : keys of NOTES. checks : of a control group.
    Units: the KPI's.
    """

    method: Method
    evidence_grade: str
    confidence: float
    n_before: int
    n_after: int
    missing_before: int
    missing_after: int
    baseline: float | None
    actual: float | None
    control_baseline: float | None = None
    control_actual: float | None = None
    naive_effect: float | None = None
    effect: float | None = None
    standard_error: float | None = None
    df: float | None = None
    phi: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    improvement: float | None = None
    improvement_low: float | None = None
    improvement_high: float | None = None
    monitoring_low: float | None = None
    monitoring_high: float | None = None
    verdict: Verdict = "not_enough_data"
    monitoring_verdict: Verdict = "not_enough_data"
    reasons: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    details: dict[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    choice: Choice | None = None
    counterfactual: Counterfactual | None = None


ESTIMATED: Final = ("effect", "standard_error", "df", "phi", "low", "high", "p_value", "verdict")
SHARES: Final = ("improvement", "improvement_low", "improvement_high")
MONITORED: Final = ("monitoring_low", "monitoring_high", "monitoring_verdict")


def evaluate(comparison: Comparison, *, method: str = "auto", confidence: float) -> EffectEstimate:
    """The effect by the named method (did, its, ar1, welch), or by the one that the baseline chooses (auto).

    confidence : 0..1, for example 0.95. Too little data gives an estimate without effect that says what is missing.
    Refuses (ValueError) an unknown method or direction, a confidence outside 0..1, did without a control group, values
    after go-live that do not lie behind the baseline.
    """
    if not 0 < confidence < 1 or comparison.direction not in ("increase", "decrease"):
        raise ValueError("an effect needs a confidence between 0 and 1 and a direction, increase or decrease")
    data = prepared(comparison, method=method)
    bare = _without_effect(data, comparison, confidence)
    if bare.missing_before or bare.missing_after:
        return _absent(bare, _what_is_missing(bare))
    try:
        estimate = data.estimate(confidence)
    except NoVariation:
        return _absent(bare, "The values do not vary, so nothing can be said about their uncertainty.")
    except (Dependent, TooFew):
        return _absent(bare, "These intervals do not tell the effect from the season or the trend.")
    return _with_effect(bare, estimate, data, comparison.direction)


def declared_effect(
    actual: Series, *, value: float, direction: Direction, low: float | None = None, high: float | None = None
) -> EffectEstimate:
    """Plain difference from a stated baseline: grade D, no interval, no verdict.

    value : the declared baseline, in the KPI's unit; low, high : its stated range, handed on in `details`.
    """
    stated = {"declared_low": low, "declared_high": high}
    bare = EffectEstimate(
        method="declared",
        evidence_grade=EVIDENCE["declared"],
        confidence=defaults.CONFIDENCE.value,
        n_before=0,
        n_after=actual.n,
        missing_before=0,
        missing_after=0 if actual.n else 1,
        baseline=value,
        actual=actual.mean if actual.n else None,
        reasons=dict.fromkeys(("control_baseline", "control_actual"), "No control group is compared."),
        details={name: number for name, number in stated.items() if number is not None},
        counterfactual=Counterfactual("constant", value),
    )
    if bare.actual is None:
        sentence = "There is no complete interval after go-live yet."
        return _absent(replace(bare, reasons={**bare.reasons, "actual": sentence, "naive_effect": sentence}), sentence)
    effect = bare.actual - value
    without = _absent(bare, "The baseline was declared, not measured, so there is no interval and no verdict.")
    reasons = {member: reason for member, reason in without.reasons.items() if member not in ("effect", "improvement")}
    improvement = _improvement(effect, value, direction)
    if improvement is None:
        reasons["improvement"] = "The baseline is zero, so there is no share of it."
    return replace(without, naive_effect=effect, effect=effect, improvement=improvement, reasons=reasons)


def _without_effect(data: Prepared, comparison: Comparison, confidence: float) -> EffectEstimate:
    """All that can be said before anything is estimated."""
    enough = enough_for(data.choice.method, comparison.granularity)
    baseline, actual = _mean(data.before), _mean(data.after)
    return EffectEstimate(
        method=data.choice.method,
        evidence_grade=EVIDENCE[data.choice.method],
        confidence=confidence,
        n_before=data.before.n,
        n_after=data.after.n,
        missing_before=max(0, enough.before - data.before.n),
        missing_after=max(0, enough.after - data.after.n),
        baseline=baseline,
        actual=actual,
        control_baseline=_mean(data.control_before),
        control_actual=_mean(data.control_after),
        naive_effect=None if baseline is None or actual is None else actual - baseline,
        reasons=_missing_means(data),
        notes=("intervals_without_partner",) if data.left_out else (),
        details=dict(data.choice.details),
        choice=data.choice,
        counterfactual=data.counterfactual(),
    )


def _absent(bare: EffectEstimate, sentence: str) -> EffectEstimate:
    """The same without an effect, each missing member with its reason."""
    return replace(bare, reasons={**bare.reasons, **dict.fromkeys((*ESTIMATED, *SHARES, *MONITORED), sentence)})


def _missing_means(data: Prepared) -> dict[str, str]:
    reasons = {}
    if not data.before.n:
        reasons["baseline"] = reasons["naive_effect"] = "There is no complete interval in the baseline."
    if not data.after.n:
        reasons["actual"] = reasons["naive_effect"] = "There is no complete interval after go-live yet."
    for member, control in (("control_baseline", data.control_before), ("control_actual", data.control_after)):
        if control is None:
            reasons[member] = "No control group is compared."
        elif not control.n:
            reasons[member] = "The control group has no interval in common."
    return reasons


def _with_effect(bare: EffectEstimate, estimate: Estimate, data: Prepared, direction: Direction) -> EffectEstimate:
    half = estimate.half_width(bare.confidence)
    if not (math.isfinite(half) and half > 0):
        return _absent(bare, "The values are too large to be compared.")
    low, high = estimate.effect - half, estimate.effect + half
    independent = {} if estimate.phi is not None else {"phi": "The values were taken as independent of each other."}
    found = replace(
        bare,
        reasons={**bare.reasons, **independent},
        effect=estimate.effect,
        standard_error=estimate.standard_error,
        df=estimate.df,
        phi=estimate.phi,
        low=low,
        high=high,
        p_value=estimate.p_value,
        verdict=_verdict(low, high, direction),
        notes=(*bare.notes, *_notes(estimate, data)),
    )
    for part in (
        _shares(found, estimate, direction),
        _monitoring(found, estimate, data, direction),
        _checks(data, estimate.effect),
    ):
        reasons, details = {**found.reasons, **part.pop("reasons", {})}, {**found.details, **part.pop("details", {})}
        notes = (*found.notes, *part.pop("notes", ()))
        found = replace(found, reasons=reasons, details=details, notes=notes, **part)
    return found


def _shares(found: EffectEstimate, estimate: Estimate, direction: Direction) -> dict[str, Any]:
    """The effect as a share of the baseline, whose own uncertainty counts too."""
    baseline, effect = found.baseline or 0.0, estimate.effect
    improvement = _improvement(effect, baseline, direction)
    if improvement is None:
        return {"reasons": dict.fromkeys(SHARES, "The baseline is zero, so there is no share of it.")}
    bounds = share_interval(estimate, baseline, found.confidence)
    if bounds is None:
        sentence = "The baseline is too uncertain, or too near zero, to bound a share of it."
        return {"improvement": improvement, "reasons": dict.fromkeys(SHARES[1:], sentence)}
    sign = math.copysign(1.0, baseline) * (1 if direction == "increase" else -1)
    ends = sorted(sign * bound for bound in bounds)
    return {"improvement": improvement, "improvement_low": ends[0], "improvement_high": ends[1]}


def _monitoring(found: EffectEstimate, estimate: Estimate, data: Prepared, direction: Direction) -> dict[str, Any]:
    """The interval for daily looks; a counterfactual that is less sure than a mean makes the baseline worth less."""
    gaps = data.before.followed_by(data.after).gaps
    sigma = long_run_sigma(estimate.residuals, gaps, parameters=estimate.parameters)
    unsure = max((estimate.standard_error / sigma) ** 2 - 1 / data.after.n, 1 / data.before.n)
    half = monitoring_half_width(sigma, n_before=1 / unsure, n_after=data.after.n, confidence=found.confidence)
    if half.value is None:
        return {"reasons": dict.fromkeys(MONITORED, half.reason)}
    low, high = estimate.effect - half.value, estimate.effect + half.value
    return {
        "monitoring_low": low,
        "monitoring_high": high,
        "monitoring_verdict": _verdict(low, high, direction),
    }


def _checks(data: Prepared, effect: float) -> dict[str, Any]:
    """Whether the baseline, or the control group, gives reason to doubt the method."""
    if data.choice.method == "did" and data.control_before is not None and data.control_after is not None:
        controls = data.control_before, data.control_after
        checks = control_checks(
            data.gaps()[0], *controls, data.season, effect=effect, confidence=defaults.CONFIDENCE.value
        )
        failed = {check.name for check in checks if check.status == "differs"}
        marks = {
            "groups_not_parallel": bool(failed & {"pre_trend", "placebo"}),
            "control_group_moved": "contamination" in failed,
        }
        notes = tuple(note for note, holds in marks.items() if holds)
        return {"checks": checks, "notes": notes, "details": _ratio(data)}
    if data.choice.method != "ar1" or data.before.n < defaults.FEW_INTERVALS_BELOW.value:
        return {}
    try:
        trend = trend_of(data.before, data.season)
    except (NoVariation, Dependent, TooFew):
        return {}
    moving = trend.p_value < defaults.TREND_P_VALUE.value
    return {
        "details": {"slope": trend.slope, "p_value": trend.p_value},
        "notes": ("trend_in_baseline",) * moving,
    }


def _ratio(data: Prepared) -> dict[str, float]:
    """The effect as a ratio, where the groups differ in level and what moves both would move them unlike."""
    before, after = (data.before, data.control_before), (data.after, data.control_after)
    if before[1] is None or after[1] is None or not differ_in_level(data.before, before[1]):
        return {}
    sides = (before[0], before[1]), (after[0], after[1])
    found = ratio_effect(*sides, data.season, confidence=defaults.CONFIDENCE.value)
    if found.value is None or found.low is None or found.high is None:
        return {}
    return {"ratio": found.value, "ratio_low": found.low, "ratio_high": found.high}


def _notes(estimate: Estimate, data: Prepared) -> tuple[str, ...]:
    few = min(data.before.n, data.after.n) < defaults.FEW_INTERVALS_BELOW.value
    span = int(data.before.positions[-1] - data.before.positions[0]) + 1
    beyond = int(data.after.positions[-1] - data.before.positions[-1]) > span
    marks = {
        "few_intervals": few,
        "assumed_correlation": estimate.assumed_phi,
        "variation_changed": estimate.variation_changed,
        "trend_flattened": data.choice.method == "its" and beyond,
        "other_causes": data.choice.method != "did",
    }
    return tuple(note for note, holds in marks.items() if holds)


def _what_is_missing(bare: EffectEstimate) -> str:
    before, after = bare.n_before + bare.missing_before, bare.n_after + bare.missing_after
    return (
        f"There is not enough data: {bare.n_before} of {before} intervals before go-live"
        f" and {bare.n_after} of {after} after it."
    )


def _verdict(low: float, high: float, direction: Direction) -> Verdict:
    if low <= 0 <= high:
        return "no_clear_change"
    return "improved" if (low > 0) == (direction == "increase") else "worse"


def _improvement(effect: float, baseline: float, direction: Direction) -> float | None:
    if baseline == 0:
        return None
    share = effect / abs(baseline) * (1 if direction == "increase" else -1)
    return share if math.isfinite(share) else None


def _mean(series: Series | None) -> float | None:
    return series.mean if series is not None and series.n else None

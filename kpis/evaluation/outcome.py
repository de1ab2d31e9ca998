"""An estimate as the row that pages, the API and the ledger read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from kpis.baselines.models import Baseline
from kpis.calculations.effect import NOTES, EffectEstimate
from kpis.calculations.intervals import Calendar, Granularity
from kpis.calculations.series import Series
from kpis.calculations.sufficiency import enough_at
from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect

NO_BASELINE = "There is no approved baseline yet."
NOT_LIVE = "The initiative is not live yet, so there is nothing to compare."
NO_GO_LIVE_DATE = "The initiative has no go-live date, so before and after cannot be told apart."
NOT_CLEAR_UNDER_DAILY_LOOKS = (
    "The interval leaves out zero, but the one that is valid under daily looks does not: not clear yet."
)
NO_CONTROL_LEFT = "The control group of the baseline has no data in common with it any more."
DOUBTS = ("groups_not_parallel", "control_group_moved")  # notes that stand beside the verdict as its reason
# Members that are null together where nothing is compared.
COMPARED = (
    "effect",
    "standard_error",
    "low",
    "high",
    "improvement",
    "improvement_low",
    "improvement_high",
    "monitoring_low",
    "monitoring_high",
)
RAREST = 0.01  # share of intervals with values: below, a date is a guess whatever one calculates
LENGTH = {
    Kpi.Interval.HOUR: timedelta(hours=1),
    Kpi.Interval.DAY: timedelta(days=1),
    Kpi.Interval.WEEK: timedelta(days=7),
    Kpi.Interval.MONTH: timedelta(days=30.44),
    Kpi.Interval.QUARTER: timedelta(days=91.31),
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a KPI as of an instant; `lived`: its complete intervals since go-live."""

    kpi: Kpi
    as_of: datetime
    calendar: Calendar
    lived: Series

    def enough_on(self, missing: int) -> str:
        """The date on which the missing intervals will be there, if as many are left out as so far."""
        granularity = Granularity(self.kpi.interval)
        since, share = self.calendar.start_of(self.as_of, granularity), max(self._present(), RAREST)
        at = enough_at(missing, since=since, calendar=self.calendar, granularity=granularity, present=share)
        return self.calendar.local_date(at or since).isoformat()

    def _present(self) -> float:
        """The share of intervals that have a value."""
        due = 5 / 7 if self.kpi.workdays_only and self.kpi.interval in (Kpi.Interval.HOUR, Kpi.Interval.DAY) else 1.0
        if self.lived.n < 2:
            return due
        return min(due, self.lived.n / int(self.lived.positions[-1] - self.lived.positions[0] + 1))


def as_effect(
    baseline: Baseline, estimate: EffectEstimate, outlook: Outlook, *, baseline_moved: bool = False
) -> Effect:
    """The estimate as a row that is not stored yet."""
    verdict, reasons = _verdict(estimate)
    reasons |= _what_is_missing(estimate, outlook)
    marks = {"baseline_data_changed": baseline_moved, "baseline_reconstructed": baseline.is_reconstructed}
    notes = [*estimate.notes, *(note for note, holds in marks.items() if holds)]
    return Effect(
        kpi=outlook.kpi,
        baseline=baseline,
        as_of=outlook.as_of,
        method=estimate.method,
        evidence_grade=estimate.evidence_grade,
        verdict=verdict,
        n_before=estimate.n_before,
        n_after=estimate.n_after,
        baseline_value=estimate.baseline,
        actual=estimate.actual,
        control_baseline=estimate.control_baseline,
        control_actual=estimate.control_actual,
        effect=estimate.effect,
        standard_error=estimate.standard_error,
        df=estimate.df,
        phi=estimate.phi,
        low=estimate.low,
        high=estimate.high,
        confidence=estimate.confidence,
        improvement=estimate.improvement,
        improvement_low=estimate.improvement_low,
        improvement_high=estimate.improvement_high,
        monitoring_low=estimate.monitoring_low,
        monitoring_high=estimate.monitoring_high,
        counterfactual=estimate.counterfactual.as_json() if estimate.counterfactual else {},
        notes=notes,
        reasons=reasons,
        details=_details(baseline, estimate, outlook),
    )


def not_compared(kpi: Kpi, baseline: Baseline | None, live: Series, as_of: datetime, *, because: str) -> Effect:
    """What can be said where there is nothing to compare with: the values since go-live, and what is missing."""
    reasons = {**dict.fromkeys(COMPARED, because), "verdict": because}
    if baseline is None:
        reasons["baseline"] = NO_BASELINE
    if not live.n:
        reasons["actual"] = "There is no complete interval since go-live."
    return Effect(
        kpi=kpi,
        baseline=baseline,
        as_of=as_of,
        verdict=Effect.Verdict.NOT_ENOUGH_DATA,
        n_before=baseline.intervals if baseline else 0,
        n_after=live.n,
        baseline_value=float(baseline.value) if baseline else None,
        actual=live.mean if live.n else None,
        reasons=reasons,
        details={},
    )


def _verdict(estimate: EffectEstimate) -> tuple[str, dict[str, str]]:
    """A page is looked at every day, so its verdict is that of the monitoring interval as soon as there is one."""
    reasons = dict(estimate.reasons)
    doubtful = next((note for note in DOUBTS if note in estimate.notes), None)
    if doubtful and estimate.verdict != "not_enough_data":
        reasons["verdict"] = NOTES[doubtful]
    if estimate.monitoring_low is None or estimate.verdict == "not_enough_data":
        return estimate.verdict, reasons
    if estimate.monitoring_verdict == "no_clear_change" != estimate.verdict:
        reasons["verdict"] = NOT_CLEAR_UNDER_DAILY_LOOKS
    return estimate.monitoring_verdict, reasons


def _what_is_missing(estimate: EffectEstimate, outlook: Outlook) -> dict[str, str]:
    """Too few intervals, in a sentence for each member that is missing because of them."""
    if estimate.missing_before:
        needed = estimate.n_before + estimate.missing_before
        sentence = (
            f"Not enough data: the baseline holds {estimate.n_before} of the {needed} intervals that a range needs."
        )
    elif estimate.missing_after and estimate.method != "declared":
        needed, on = estimate.n_after + estimate.missing_after, outlook.enough_on(estimate.missing_after)
        sentence = (
            f"Not enough data yet: {estimate.n_after} of {needed} intervals since go-live."
            f" {estimate.missing_after} more are needed, about until {on}."
        )
    else:
        return {}
    return dict.fromkeys((*COMPARED, "verdict"), sentence)


def _details(baseline: Baseline, estimate: EffectEstimate, outlook: Outlook) -> dict[str, Any]:
    details: dict[str, Any] = dict(estimate.details)
    details["baseline_version"] = baseline.version
    details["naive_effect"] = estimate.naive_effect
    details["p_value"] = estimate.p_value
    details["verdict_by_interval"] = estimate.verdict
    details["choice"] = baseline.choice_reason
    details["checks"] = [asdict(check) for check in estimate.checks]
    if estimate.missing_before or estimate.missing_after:
        details["missing_before"] = estimate.missing_before
        details["missing_after"] = estimate.missing_after
        details["needed_after"] = estimate.n_after + estimate.missing_after
    if estimate.missing_after and not estimate.missing_before:
        details["enough_about_on"] = outlook.enough_on(estimate.missing_after)
    return details

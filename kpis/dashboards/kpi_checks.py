"""What stands behind the effect of one KPI: the checks of its control group with their picture, and its notes."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.evaluation.notes import sentences_of
from kpis.evaluation.overview import KpiOverview
from kpis.figures.sparkline import Multiple, small_multiple
from kpis.wording.checks import check_sentence, ratio_sentence

WIDTH, HEIGHT = 236, 84


@dataclass(frozen=True, slots=True)
class Behind:
    """`checks`: whether each differs, and its sentence; `drawn`: the gap between the groups; `notes`: English."""

    checks: tuple[tuple[bool, str], ...]
    drawn: SafeString
    notes: tuple[str, ...]


def behind(overview: KpiOverview) -> Behind:
    """Of the effect that the overview shows; empty where there is none."""
    effect = overview.effect
    checks = effect.details.get("checks", []) if effect else []
    said = tuple((check["status"] == "differs", check_sentence(check, overview.kpi.unit)) for check in checks)
    if effect is not None and "ratio" in effect.details:
        said += ((False, ratio_sentence(effect.details)),)
    return Behind(said, _gap(overview) if checks else SafeString(""), tuple(sentences_of(effect)))


def _gap(overview: KpiOverview) -> SafeString:
    if not any(value is not None for value in overview.gap):
        return SafeString("")
    baseline = overview.baseline
    control = baseline.control_value if baseline is not None else None
    level = float(baseline.value - control) if baseline is not None and control is not None else None
    picture = Multiple(
        values=overview.gap,
        baseline=level,
        go_live=overview.go_live,
        provisional=overview.provisional,
        summary=_("The gap between both groups over time, with its level in the baseline and go-live."),
    )
    return mark_safe(small_multiple(picture, width=WIDTH, height=HEIGHT))  # noqa: S308 - the builders escape every text

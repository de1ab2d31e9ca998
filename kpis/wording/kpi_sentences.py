"""The sentence with which a KPI's page starts: did it move, because of the AI, how far from target and industry."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from kpis.wording import units
from kpis.wording.amounts import points, share
from kpis.wording.headline import Clause, Headline
from kpis.wording.reasons import reason
from kpis.wording.uncertainty import between_shares, between_values


@dataclass(frozen=True, slots=True)
class Change:
    """The effect: values in the KPI's unit, improvement as a share of the baseline.

    `without` is what would have been without the AI. A declared baseline gives no range; a baseline of zero no share.
    """

    actual: float
    without: float
    effect: float
    effect_low: float | None
    effect_high: float | None
    improvement: float | None
    improvement_low: float | None
    improvement_high: float | None


@dataclass(frozen=True, slots=True)
class KpiFacts:
    """One KPI for its headline. `verdict` and `benchmark` are keys of `verdicts.KPI` and `verdicts.BENCHMARK`."""

    name: str
    unit: str
    verdict: str
    grade: str
    change: Change | None
    reason: str = ""  # a whole sentence that says why there is no change to speak of, where there is none
    target: float | None = None
    target_reached: bool | None = None
    benchmark: str = ""


def kpi_headline(facts: KpiFacts) -> Headline:
    """The sentence. Without an effect it says so, and why."""
    if facts.change is None or facts.verdict == "not_enough_data":
        opening = gettext("Whether {name} has changed cannot be said yet.")
        why = [Clause("{reason}", {"reason": reason(facts.reason)})] if facts.reason else []
        return Headline((Clause(opening, {"name": facts.name}), *why))
    clauses = [_moved(facts, facts.change)]
    if facts.grade in _HOW_KNOWN:
        clauses.append(Clause(gettext(_HOW_KNOWN[facts.grade])))
    if facts.target is not None and facts.target_reached is not None:
        reached = gettext("The target of {target} is reached.")
        missed = gettext("The target of {target} is not reached yet.")
        said = {"target": units.unit_value(facts.target, facts.unit)}
        clauses.append(Clause(reached if facts.target_reached else missed, said))
    if facts.benchmark in _AGAINST_INDUSTRY:
        clauses.append(Clause(gettext(_AGAINST_INDUSTRY[facts.benchmark])))
    return Headline(tuple(clauses))


_HOW_KNOWN = {
    "A": gettext_noop("A control group shows that this is the AI’s doing."),
    "B": gettext_noop("The trend before the AI is taken into account."),
    "C": gettext_noop("This compares before and after; what else changed meanwhile is in it."),
    "D": gettext_noop("Nobody measured the time before, so how sure this is cannot be said."),
}
_AGAINST_INDUSTRY = {
    "ahead": gettext_noop("This is ahead of the published figure."),
    "best": gettext_noop("This is ahead of every published figure."),
    "level": gettext_noop("This is level with the published figure."),
    "behind": gettext_noop("This is behind the published figure."),
    "worst": gettext_noop("This is behind every published figure."),
}


def _moved(facts: KpiFacts, change: Change) -> Clause:
    said = {
        "name": facts.name,
        "actual": units.unit_value(change.actual, facts.unit),
        "without": units.unit_value(change.without, facts.unit),
    }
    if facts.verdict == "no_clear_change":
        unclear = gettext("{name} shows no clear change: {actual}, and without the AI it would be {without}.")
        return Clause(unclear, said)
    lower = change.actual < change.without
    if change.effect_low is None or change.effect_high is None:
        below = gettext("{name} is {actual}, lower than the {without} that was stated for the time before.")
        above = gettext("{name} is {actual}, higher than the {without} that was stated for the time before.")
        return Clause(below if lower else above, said)
    below = gettext("{name} is {change} lower than it would be without the AI, {range}: {actual} instead of {without}.")
    above = gettext(
        "{name} is {change} higher than it would be without the AI, {range}: {actual} instead of {without}."
    )
    size, between = _size(change, facts.unit)
    return Clause(below if lower else above, {**said, "change": size, "range": between})


def _size(change: Change, unit: str) -> tuple[str, str]:
    """How much, and its range, both without a sign. Percentages differ in points; a baseline of zero has no share."""
    shares = (change.improvement, change.improvement_low, change.improvement_high)
    if unit not in ("%", "1") and None not in shares:
        likely, *ends = (abs(end) for end in shares if end is not None)
        return share(likely), between_shares(*sorted(ends), digits=1)
    low, high = sorted(abs(end) for end in (change.effect_low, change.effect_high) if end is not None)
    if unit in ("%", "1"):
        scale = 100 if unit == "1" else 1
        return points(abs(change.effect) * scale), between_values(low, high, lambda end: points(end * scale))
    return units.unit_value(abs(change.effect), unit), between_values(
        low, high, lambda end: units.unit_value(end, unit)
    )

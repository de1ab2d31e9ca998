"""Where one stands beside a published figure, in a sentence, in a cell, and what differs between them and us.

A percentile is a whole number and says “about”; what is not distinguishable is said so; nobody is ranked by a tier.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop, ngettext

from kpis.wording import units
from kpis.wording.amounts import number, percent, points, share
from kpis.wording.benchmarks import FUNCTIONS, INDUSTRIES, METHODS, TECHNOLOGIES, name_of
from kpis.wording.verdicts import BENCHMARK, Verdict

WORD_OF = {"above": "ahead", "within": "level", "below": "behind"}  # of an effect, where one word must do


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """One position in numbers. Values are in the figure's unit; `point` None where a range, quantiles or groups stand.

    unit : as shown, `1` is a share, `pp` a share in points, `×` a plain ratio. method : `position_method`.
    """

    position: str
    method: str
    unit: str
    is_effect: bool
    value: float | None
    low: float | None = None
    high: float | None = None
    point: float | None = None
    ends: tuple[float, float] | None = None
    quantile: tuple[float, float] | None = None
    groups: tuple[tuple[str, float], ...] = ()
    group: str = ""
    percentile: float | None = None
    bounds: tuple[float, float] | None = None
    exactness: str = "none"
    difference: float | None = None
    reason: str = ""
    more_is_better: bool = True


def sentence(facts: PositionFacts) -> str:
    """Where one stands, in one or two sentences."""
    if not facts.position:
        return _without_rank(facts)
    if facts.method == "effect_comparison":
        return _effect(facts)
    if facts.method in ("percentile", "percentile_approx"):
        return _percentile(facts)
    if facts.method == "bound":
        return _bound(facts)
    return _range(facts) if facts.method == "range" else _point(facts)


def verdict_of(position: str) -> Verdict:
    """The word of a table: ahead, level, behind, best, last; of effects as well."""
    return BENCHMARK[WORD_OF.get(position, position) or "not_compared"]


def short(facts: PositionFacts) -> str:
    """`ahead: +18.9%`, for a cell."""
    word = verdict_of(facts.position).word
    return str(word) if facts.value is None else f"{word}: {value_text(facts.value, facts)}"


def published_text(facts: PositionFacts) -> str:
    """The published figure itself: `+15.0%`, `112% to 457%`, `best 5%: 80.0%`."""
    if facts.point is not None:
        return value_text(facts.point, facts)
    if facts.ends is not None:
        low, high = (value_text(end, facts) for end in facts.ends)
        return gettext("{low} to {high}").format(low=low, high=high)
    if facts.quantile is not None:
        return value_text(facts.quantile[1], facts)
    return ", ".join(f"{name} {value_text(value, facts)}" for name, value in facts.groups)


def evidence_text(method: str, grade: str) -> str:
    """`field study, grade A`."""
    return gettext("{method}, grade {grade}").format(method=name_of(method, METHODS), grade=grade)


def value_text(value: float, facts: PositionFacts) -> str:
    """A value in the figure's unit; of an effect with its sign."""
    return figure_text(value, facts.unit, signed=facts.is_effect)


def figure_text(value: float, unit: str, *, signed: bool = False) -> str:
    """`+15.0%`, `−19.0 points`, `24 months`."""
    if unit == "1":
        return share(value, plus=signed)
    if unit == "pp":
        return points(value * 100, plus=signed)
    if unit == "mo":
        return gettext("{count} months").format(count=number(value, digits=0 if float(value).is_integer() else 1))
    text = units.unit_value(value, unit)
    return f"+{text}" if signed and value > 0 else text


def difference_text(value: float, facts: PositionFacts) -> str:
    """How far apart two figures are, without a sign; of shares in points."""
    if facts.unit in ("1", "pp"):
        return points(abs(value) * 100)
    return figure_text(abs(value), facts.unit)


# -- sentences ------------------------------------------------------------------------------------------------------


def _effect(facts: PositionFacts) -> str:
    said = {"published": published_text(facts)} | _own_range(facts)
    if facts.low is None:
        bare = {
            "above": gettext("Above the published effect of {published}; how sure your own is, cannot be said."),
            "within": gettext("Level with the published effect of {published}; how sure your own is, cannot be said."),
            "below": gettext("Below the published effect of {published}; how sure your own is, cannot be said."),
        }
        return bare[facts.position].format(**said)
    sure = {
        "above": gettext("Above the published effect: {published} lies outside your range ({low} to {high})."),
        "within": gettext(
            "Not distinguishable from the published effect of {published}; your range is {low} to {high}."
        ),
        "below": gettext("Below the published effect: {published} lies outside your range ({low} to {high})."),
    }
    return sure[facts.position].format(**said)


def _point(facts: PositionFacts) -> str:
    said = {"published": published_text(facts)} | _own_range(facts)
    said["difference"] = difference_text(facts.difference or 0.0, facts)
    if facts.position == "level":
        if facts.low is None:
            return gettext("Level with the published {published}.").format(**said)
        return gettext("Not distinguishable from the published {published}; your range is {low} to {high}.").format(
            **said
        )
    if facts.position == "ahead":
        return gettext("Ahead of the published {published} by {difference}.").format(**said)
    return gettext("Behind the published {published} by {difference}.").format(**said)


def _percentile(facts: PositionFacts) -> str:
    if facts.percentile is None and facts.bounds is not None:
        low, high = facts.bounds
        if facts.position == "best" and facts.exactness == "bound":
            return gettext("Among the best {share}; nobody published more.").format(share=_whole(1 - low))
        if facts.position == "worst" and facts.exactness == "bound":
            return gettext("Among the last {share}; nobody published more.").format(share=_whole(high))
        said = {"low": _whole(low), "high": _whole(high)}
        return gettext("Better than {low} to {high} of them: several published quantiles are equal.").format(**said)
    text = gettext("Better than about {share}.")
    if facts.exactness == "coarse":
        text = gettext("Better than about {share}, coarsely: few quantiles are published.")
    if facts.exactness == "approximate":
        text = gettext("Better than roughly {share}, estimated from mean and standard deviation.")
    found = text.format(share=_whole(facts.percentile or 0.0))
    if facts.bounds is None or facts.bounds[0] == facts.bounds[1]:
        return found
    between = gettext("With your range: between {low} and {high}.")
    return f"{found} {between.format(low=_whole(facts.bounds[0]), high=_whole(facts.bounds[1]))}"


def _bound(facts: PositionFacts) -> str:
    """The one quantile as the border of the best or of the last, whichever it marks."""
    p = facts.quantile[0] if facts.quantile else 0.5
    best = 1 - p if facts.more_is_better else p  # the share beyond the quantile on the better side
    said = {"share": _whole(min(best, 1 - best)), "published": published_text(facts)}
    if facts.position == "level":
        return gettext("On the border of the published quantile, {published}.").format(**said)
    inside = facts.position in ("ahead", "best")
    if best <= 0.5:
        among = gettext("Among the best {share}, which begin at {published}.")
        outside = gettext("Not among the best {share}, which begin at {published}.")
        return (among if inside else outside).format(**said)
    outside = gettext("Not among the last {share}, which end at {published}.")
    among = gettext("Among the last {share}, which end at {published}.")
    return (outside if inside else among).format(**said)


def _range(facts: PositionFacts) -> str:
    said = {"published": published_text(facts)}
    if facts.position == "level":
        return gettext("Inside the published range of {published}.").format(**said)
    if (facts.position == "ahead") == facts.more_is_better:
        return gettext("Above the published range of {published}.").format(**said)
    return gettext("Below the published range of {published}.").format(**said)


def _without_rank(facts: PositionFacts) -> str:
    if facts.reason == "context":
        text = gettext("Published: {published}. It is quoted beside yours and ranks nobody.")
    elif facts.reason == "tier" and facts.group:
        text = gettext("In the tier “{group}”. Tiers are clusters over several measures and rank nobody.")
    else:
        text = gettext(REASONS.get(facts.reason, REASONS["not_compared"]))
    return text.format(published=published_text(facts), group=facts.group)


REASONS = {
    "tier": gettext_noop("Published in tiers that are no steps of one scale: {published}."),
    "no_group": gettext_noop("Published for groups, and none of them is yours: {published}."),
    "kind": gettext_noop("Not compared: a level and an effect are different things."),
    "direction": gettext_noop("Not compared: what is better there is worse here."),
    "unit": gettext_noop("Not compared: your unit and theirs measure different things."),
    "not_compared": gettext_noop("Not compared yet."),
}


def _own_range(facts: PositionFacts) -> dict[str, str]:
    if facts.low is None or facts.high is None:
        return {}
    return {"low": value_text(facts.low, facts), "high": value_text(facts.high, facts)}


def _whole(p: float) -> str:
    return percent(p * 100, digits=0)


# -- why nothing can be said ----------------------------------------------------------------------------------------


def why_not(reason: str, *, searched: int = 0, detail: str = "") -> str:
    """One sentence for a KPI that stands beside nothing; `detail` is the effect's own sentence where there is one."""
    if reason == "too_early":
        return detail or gettext("Too early: there are not enough data to compare.")
    if reason == "only_declared":
        return gettext("Not compared: the baseline is only declared.")
    if reason == "no_figure":
        text = ngettext("No published figure matches; {count} was searched.",
                        "No published figure matches; {count} were searched.", searched)  # fmt: skip
        return text.format(count=number(searched))
    if reason == "no_metric":
        return gettext("No published metric is chosen for this KPI yet.")
    return gettext("What is published ranks nobody here.")


# -- mismatches -----------------------------------------------------------------------------------------------------


def mismatch(code: str, ours: str, theirs: str) -> str:
    """One difference between their world and ours."""
    words = {"industry": INDUSTRIES, "function": FUNCTIONS, "technology": TECHNOLOGIES}
    said = {"ours": ours, "theirs": name_of(theirs, words[code]) if code in words else theirs}
    if code == "horizon" and not theirs:
        return gettext("over how long is not published; yours is over {ours} months").format(**said)
    return gettext(MISMATCHES[code]).format(**said)


MISMATCHES = {
    "industry": gettext_noop("another industry: {theirs}"),
    "function": gettext_noop("another function: {theirs}"),
    "technology": gettext_noop("another technology: {theirs}"),
    "region": gettext_noop("measured elsewhere: {theirs}"),
    "population": gettext_noop("no real company: {theirs}"),
    "horizon": gettext_noop("over {theirs} months; yours is over {ours} months"),
    "age": gettext_noop("old benchmark, data of {theirs}"),
    "unit": gettext_noop("their unit is {theirs}, yours {ours}"),
    "kind": gettext_noop("yours is the KPI’s own value, theirs an effect"),
    "derived": gettext_noop("yours is derived from the time for each"),
}

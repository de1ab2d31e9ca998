"""`/benchmarks/` and `/benchmarks/{slug}/`: where are we good by outside figures, and how good are those figures?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kpis.benchmarks import house
from kpis.benchmarks.published import Published, published
from kpis.dashboards.frame import page
from kpis.dashboards.house_figures import may_change
from kpis.dashboards.industry import Told, told_of
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.evaluation.standings import Standing, standings_of_initiatives
from kpis.evaluation.told import published_facts
from kpis.plumbing import clock
from kpis.wording import benchmarks as words
from kpis.wording.amounts import number
from kpis.wording.positions import WORD_OF, PositionFacts, evidence_text, published_text, why_not

FILTERS: dict[str, tuple[str, Mapping[str, Any]]] = {  # name in the address: what it filters by, its words
    "metric": ("metric", words.METRICS),
    "industry": ("industry_code", words.INDUSTRIES),
    "business_function": ("function_code", words.FUNCTIONS),
    "grade": ("grade", {grade: grade for grade in words.GRADES}),
    "kind": ("kind", {}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure as the list shows it."""

    figure: Published
    metric: str
    text: str
    evidence: str
    old: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: its name, its label, its options with the chosen one."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One KPI beside the figure that fits best, or why there is none."""

    standing: Standing
    metric: str
    told: Told | None
    why_not: str


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every figure, filtered as the address says, and under which of them our KPIs stand where."""
    now = clock.now()
    today = organisation.calendar().local_date(now)
    figures = [published(row) for row in house.benchmarks()]
    seen = list(initiatives_seen_by(request.user))
    standings = [s for found in standings_of_initiatives(seen, now=now).values() for s in found]
    chosen = {name: request.GET.get(name, "") for name in FILTERS}
    kept = [figure for figure in figures if _fits(figure, chosen)]
    context = {
        "rows": [row_of(figure, old=figure.is_old(today)) for figure in kept],
        "total": len(figures),
        "filters": [_choice(name, figures, chosen[name]) for name in FILTERS],
        "filtered": any(chosen.values()),
        "compared": [_compared(standing, len(figures)) for standing in standings],
        "headline": _headline(standings, len(figures)),
        "may_change": may_change(request),
        "sample": any(standing.kpi.initiative.is_sample for standing in standings),
    }
    return page(request, "dashboards/benchmarks.html", context, current="benchmarks")


@login_required
@require_safe
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """The passport of one figure, and our KPIs beside it."""
    figure, now = published(get_object_or_404(house.benchmarks(), slug=slug)), clock.now()
    seen = list(initiatives_seen_by(request.user))
    standings = [s for found in standings_of_initiatives(seen, now=now).values() for s in found]
    beside = [(s, told_of(p)) for s in standings for p in s.positions if p.benchmark.slug == slug]
    today = organisation.calendar().local_date(now)
    context: dict[str, Any] = {
        "row": row_of(figure, old=figure.is_old(today)),
        "figure": figure,
        "words": _words(figure),
        "quantiles": [(p, published_text(_only(figure, value))) for p, value in figure.statistic.quantiles],
        "groups": [(name, published_text(_only(figure, value))) for name, value in figure.statistic.groups],
        "interval": [published_text(_only(figure, end)) for end in figure.statistic.ci or ()],
        "beside": beside,
        "may_change": may_change(request) and not figure.is_catalogue,
        "sample": any(standing.kpi.initiative.is_sample for standing, _told in beside),
    }
    return page(request, "dashboards/benchmark.html", context, current="benchmarks")


def row_of(figure: Published, *, old: bool) -> Row:
    """A figure in the words of the reader."""
    text, evidence = published_text(published_facts(figure)), evidence_text(figure.method, figure.grade)
    return Row(figure, words.metric_name(figure.metric), text, evidence, old)


def _only(figure: Published, value: float) -> PositionFacts:
    """The figure's words around one of its numbers."""
    return replace(published_facts(figure), point=value)


def _words(figure: Published) -> dict[str, str]:
    return {
        "grade": str(words.GRADES.get(figure.grade, "")),
        "verification": words.name_of(figure.verification, words.VERIFICATIONS),
        "may_say": words.name_of(figure.position_method, words.MAY_SAY),
        "method": words.name_of(figure.method, words.METHODS),
        "industry": words.name_of(figure.industry_code, words.INDUSTRIES),
        "function": words.name_of(figure.function_code, words.FUNCTIONS),
        "technology": words.name_of(figure.technology_code, words.TECHNOLOGIES),
    }


def _fits(figure: Published, chosen: dict[str, str]) -> bool:
    return all(getattr(figure, FILTERS[name][0]) == value for name, value in chosen.items() if value)


def _choice(name: str, figures: Sequence[Published], chosen: str) -> Choice:
    """The values that occur, by their words."""
    member, table = FILTERS[name]
    named: Mapping[str, Any] = {"effect": _("effects of AI"), "level": _("levels")} if name == "kind" else table
    values = {str(getattr(figure, member)) for figure in figures}
    options = sorted(((value, words.name_of(value, named)) for value in values), key=lambda pair: pair[1].lower())
    return Choice(name, _labels()[name], tuple((value, word, value == chosen) for value, word in options))


def _labels() -> dict[str, str]:
    return {
        "metric": _("Metric"),
        "industry": _("Industry"),
        "business_function": _("Function"),
        "grade": _("Grade"),
        "kind": _("Kind"),
    }


def _compared(standing: Standing, searched: int) -> Compared:
    best = standing.best
    why = "" if best else why_not(standing.reason, searched=searched, detail=standing.detail)
    return Compared(standing, words.metric_name(standing.metric), told_of(best) if best else None, why)


def _headline(standings: Sequence[Standing], total: int) -> str:
    """How many KPIs are compared and how they stand, by the figure that fits each best."""
    bests = [standing.best for standing in standings]
    counted = Counter(WORD_OF.get(best.position, best.position) for best in bests if best is not None)
    if not counted:
        text = _("{total} published figures are here. No KPI stands beside one of them yet.")
        return text.format(total=number(total))
    ahead, behind = counted["ahead"] + counted["best"], counted["behind"] + counted["worst"]
    text = ngettext(
        "{count} KPI stands beside a published figure: {ahead} ahead, {level} level, {behind} behind.",
        "{count} KPIs stand beside published figures: {ahead} ahead, {level} level, {behind} behind.",
        counted.total(),
    )
    said = {"ahead": ahead, "level": counted["level"], "behind": behind, "count": counted.total()}
    return text.format(**{name: number(value) for name, value in said.items()})

"""`/`: what did we put in, what came out, how sure are we, what is next?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from kpis.alerts.decisions import decisions_needed
from kpis.alerts.told import words_of
from kpis.dashboards import net_chart
from kpis.dashboards.doors import doors_of_portfolio
from kpis.dashboards.evidence import evidence_of
from kpis.dashboards.frame import page
from kpis.dashboards.industry import industries_of, return_beside, told_of
from kpis.dashboards.portfolio_rows import rows_of, total_cell
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.evaluation.standing import standing_of
from kpis.evaluation.standings import standings_of_initiatives
from kpis.plumbing import clock
from kpis.roi import verdicts
from kpis.roi.portfolio import Portfolio, portfolio_statement
from kpis.roi.snapshots import may_take
from kpis.wording.sentences import PortfolioFacts, portfolio_headline
from kpis.wording.verdicts import PHASES

DECISIONS_SHOWN = 4
CHART_HEIGHT = 206


@login_required
@require_safe
@organisation.read_once()
def index(request: HttpRequest) -> HttpResponse:
    """The executive's one screen; without an initiative the first steps."""
    chosen = chosen_initiatives(request)
    if not chosen and not request.GET:
        return page(request, "dashboards/portfolio_empty.html", {}, current="portfolio")
    context = _context(request, chosen)
    # Drawn for the whole page only: with the figures it would be half their time, and the chart fetches itself.
    context["chart"] = net_chart.stills(context["totals"], name="portfolio", beside=context["beside"])
    return page(request, "dashboards/portfolio.html", context, current="portfolio")


@login_required
@require_safe
@organisation.read_once()
def figures(request: HttpRequest) -> HttpResponse:
    """All that changes with the data, to be exchanged in place: the page's own parts without its frame."""
    return page(
        request,
        "dashboards/portfolio/_figures.html",
        _context(request, chosen_initiatives(request)),
        current="portfolio",
    )


@login_required
@require_safe
@organisation.read_once()
def net_figure(request: HttpRequest) -> HttpResponse:
    """The cumulative net for Plotly."""
    totals = portfolio_statement(chosen_initiatives(request), as_of=clock.now()).totals
    phone = request.GET.get("size") == "phone"
    moving = net_chart.moving(totals, phone=phone, height=CHART_HEIGHT, beside=return_beside(totals))
    return HttpResponse(moving, "application/json")


def chosen_initiatives(request: HttpRequest) -> list[Initiative]:
    """The initiatives in sight, filtered as the address says."""
    seen = initiatives_seen_by(request.user)
    if unit := request.GET.get("business_unit"):
        seen = seen.filter(business_unit=unit)
    if (phase := request.GET.get("phase")) in PHASES:
        seen = seen.filter(phase=phase)
    return list(seen)


def _context(request: HttpRequest, chosen: list[Initiative]) -> dict[str, Any]:
    now = clock.now()
    portfolio = portfolio_statement(chosen, as_of=now)
    told = [(decision, words_of(decision)) for decision in decisions_needed(portfolio, now=now)]
    beside = return_beside(portfolio.totals)
    seen = initiatives_seen_by(request.user)
    return {
        "portfolio": portfolio,
        "totals": portfolio.totals,
        "headline": portfolio_headline(_facts(portfolio)),
        "doors": doors_of_portfolio(request.GET.urlencode()),
        "beside": beside,
        "elsewhere": told_of(beside) if beside else None,
        "evidence": evidence_of(portfolio.totals),
        "rows": rows_of(portfolio, industries_of(standings_of_initiatives(chosen, now=now))),
        "total_cell": mark_safe(total_cell(portfolio)),  # noqa: S308 - drawn by our builders
        "decisions": told[:DECISIONS_SHOWN],
        "more_decisions": told[DECISIONS_SHOWN:],
        "standing": standing_of(request.user, chosen, now=now),
        "units": sorted({i.business_unit for i in seen if i.business_unit}),
        "phases": [(key, word) for key, word in PHASES.items()],
        "filters": {"business_unit": request.GET.get("business_unit", ""), "phase": request.GET.get("phase", "")},
        "query": request.GET.urlencode(),
        "may_take_snapshots": may_take(request.user),
        "sample": any(i.is_sample for i in chosen),
    }


def _facts(portfolio: Portfolio) -> PortfolioFacts:
    totals, found = portfolio.totals, portfolio.totals.range
    words = [row.verdict for row in portfolio.rows]
    return PortfolioFacts(
        organisation=organisation.current().name or "ROI Portal",
        currency=totals.currency,
        invested=totals.invested,
        benefit=totals.benefits.total,
        net=totals.net,
        net_low=found.net_low if found else None,
        net_high=found.net_high if found else None,
        net_without_declared=totals.net_without_declared,
        pays=words.count(verdicts.PAYS),
        costs_more=words.count(verdicts.COSTS_MORE) + words.count(verdicts.LOSES),
        cannot_be_proved=words.count(verdicts.CANNOT_BE_PROVED),
        too_early=words.count(verdicts.TOO_EARLY),
    )

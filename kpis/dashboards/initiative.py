"""`/initiatives/{slug}/`: does this one pay, what drives it, what moved?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kpis.access import rights
from kpis.access.rights import Action
from kpis.baselines.told import told_of
from kpis.dashboards import account, net_chart
from kpis.dashboards.claims import pools_of
from kpis.dashboards.doors import doors_of_initiative
from kpis.dashboards.frame import page
from kpis.dashboards.kpi_cells import kpi_rows
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by, kpis_of
from kpis.evaluation.overview import overviews_of
from kpis.evaluation.standing import standing_of
from kpis.evaluation.standings import standings_of
from kpis.ledger.periods import closed_on
from kpis.phases.history import phase_rail
from kpis.plumbing import clock
from kpis.roi.monthly import by_month
from kpis.roi.snapshots import may_take
from kpis.roi.statement import Statement, roi_statement
from kpis.wording.sentences import InitiativeFacts, initiative_headline

CHART = (850, 300)
CHART_HEIGHT = 300


@login_required
@require_safe
@organisation.read_once()
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of one initiative."""
    context = _context(request, slug)
    context["chart"] = net_chart.stills(context["statement"], name="initiative", desk=CHART)
    return page(request, "dashboards/initiative.html", context, current="portfolio")


@login_required
@require_safe
@organisation.read_once()
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """All that changes with the data, to be exchanged in place."""
    return page(request, "dashboards/initiative/_figures.html", _context(request, slug), current="portfolio")


@login_required
@require_safe
@organisation.read_once()
def net_figure(request: HttpRequest, slug: str) -> HttpResponse:
    """The cumulative net for Plotly."""
    statement = roi_statement(_seen(request, slug), as_of=clock.now())
    phone = request.GET.get("size") == "phone"
    return HttpResponse(net_chart.moving(statement, phone=phone, height=CHART_HEIGHT), "application/json")


def _seen(request: HttpRequest, slug: str) -> Initiative:
    return get_object_or_404(initiatives_seen_by(request.user), slug=slug)


def _context(request: HttpRequest, slug: str) -> dict[str, Any]:
    initiative, now = _seen(request, slug), clock.now()
    statement = roi_statement(initiative, as_of=now)
    months, kpis = by_month(statement.flows[0]), kpis_of(initiative)
    return {
        "initiative": initiative,
        "statement": statement,
        "headline": initiative_headline(_facts(statement)),
        "doors": doors_of_initiative(initiative),
        "rail": phase_rail(initiative),
        "kpis": kpi_rows(overviews_of(kpis, now=now), standings_of(kpis, now=now)),
        "clock": told_of(kpis, now=now),
        "pools": pools_of(initiative, request.user),
        "waterfall": account.waterfall(statement) if statement.flows[0].drivers or statement.invested else [],
        "tornado": account.tornado(statement) if statement.sensitivity else [],
        "months": months,
        "closed_on": closed_on(initiative),
        "events": list(initiative.annotations.all()),
        "standing": standing_of(request.user, [initiative], now=now),
        "may_take_snapshots": may_take(request.user),
        "may_change_costs": rights.may(request.user, Action.CHANGE_COSTS),
        "sample": initiative.is_sample,
    }


def _facts(statement: Statement) -> InitiativeFacts:
    found = statement.range
    return InitiativeFacts(
        currency=statement.currency,
        verdict=statement.verdict,
        invested=statement.invested,
        benefit=statement.benefits.total,
        net=statement.net,
        net_low=found.net_low if found else None,
        net_high=found.net_high if found else None,
        proved=statement.proved,
        freed=statement.benefits.freed,
    )

"""*How was this computed?*: from a sum to its drivers, from a driver to one entry, from an entry to its rows.

Each step has an address of its own; the drawer shows the same pages over the one that was left.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kpis.dashboards.doors import MEMBERS, doors_of_initiative, doors_of_portfolio
from kpis.dashboards.frame import page
from kpis.dashboards.portfolio import chosen_initiatives
from kpis.dashboards.proofs import driver_proof, sum_proof
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import expiry, trace_proving
from kpis.ledger.pools.reading import share_of_driver, share_of_entry
from kpis.ledger.proving import proof_of
from kpis.ledger.reading import drivers_seen_by, entries_seen_by
from kpis.ledger.whereabouts import traces_seen_by
from kpis.plumbing import clock
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement


@login_required
@require_safe
def of_portfolio(request: HttpRequest, member: str) -> HttpResponse:
    """A figure of the portfolio: its initiatives, their drivers and costs."""
    _known(member)
    initiatives = chosen_initiatives(request)
    portfolio = portfolio_statement(initiatives, as_of=clock.now())
    proof = sum_proof(portfolio.totals, member, overlaps=portfolio.overlaps)
    context = {"proof": proof, "doors": doors_of_portfolio(request.GET.urlencode())}
    context["sample"] = any(initiative.is_sample for initiative in initiatives)
    return page(request, "dashboards/how/sum.html", context, current="portfolio")


@login_required
@require_safe
def of_initiative(request: HttpRequest, slug: str, member: str) -> HttpResponse:
    """A figure of one initiative: its drivers and costs."""
    _known(member)
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    proof = sum_proof(roi_statement(initiative, as_of=clock.now()), member, overlaps=())
    context = {"proof": proof, "doors": doors_of_initiative(initiative), "initiative": initiative}
    return page(request, "dashboards/how/sum.html", context | {"sample": initiative.is_sample}, current="portfolio")


@login_required
@require_safe
def of_driver(request: HttpRequest, pk: int) -> HttpResponse:
    """A value driver: the formula filled in, baseline and method, assumptions, people, one entry with its rows."""
    driver = get_object_or_404(drivers_seen_by(request.user), pk=pk)
    context = {"proof": driver_proof(driver, now=clock.now()), "initiative": driver.initiative}
    context["claim"] = share_of_driver(driver, request.user)
    return page(
        request, "dashboards/how/driver.html", context | {"sample": driver.initiative.is_sample}, current="portfolio"
    )


@login_required
@require_safe
def of_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One ledger entry to the cent, with every measurement behind it, added up again."""
    entry = get_object_or_404(entries_seen_by(request.user), pk=pk)
    expiry.marked([entry])
    context = {"entry_proof": proof_of(entry), "initiative": entry.initiative, "sample": entry.initiative.is_sample}
    context["claim"] = share_of_entry(entry, request.user)
    return page(request, "dashboards/how/entry.html", context, current="portfolio")


@login_required
@require_safe
def of_trace(request: HttpRequest, pk: int) -> HttpResponse:
    """What a follow-up KPI shows of a driver's freed time in one interval, with every measurement behind it."""
    trace = get_object_or_404(traces_seen_by(request.user), pk=pk)
    context = {"trace_proof": trace_proving.proof_of(trace), "initiative": trace.initiative}
    return page(
        request, "dashboards/how/trace.html", context | {"sample": trace.initiative.is_sample}, current="portfolio"
    )


def _known(member: str) -> None:
    if member not in MEMBERS:
        raise Http404

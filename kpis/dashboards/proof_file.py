"""`/initiatives/{slug}/proof/`: the proof file, which ones were handed out, and whether one of them is ours."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from kpis.dashboards.frame import page
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.exports.proof.known import as_digest, handed_out, newest_of
from kpis.exports.proof.making import ProofRefused, make_proof
from kpis.ledger import account, periods
from kpis.ledger.models import Period
from kpis.plumbing import clock
from kpis.wording.periods import period_name


@login_required
@require_safe
def about(request: HttpRequest, slug: str) -> HttpResponse:
    """What the file is, of which periods there is one, and what was handed out."""
    initiative = _seen(request, slug)
    asked = as_digest(request.GET.get("digest", ""))[:100]
    over = [p for p in periods.periods_of(is_sample=initiative.is_sample, now=clock.now()) if p.ends_at <= clock.now()]
    context = {
        "initiative": initiative,
        "periods": [(period, period_name(period)) for period in over],
        "asked": asked,
        "found": handed_out(initiative, asked) if asked else None,
        "handed_out": newest_of(initiative),
        "sample": initiative.is_sample,
    }
    return page(request, "dashboards/proof.html", context, current="portfolio")


@login_required
@require_safe
def download(request: HttpRequest, slug: str) -> HttpResponse | FileResponse:
    """The file, or why there is none."""
    initiative = _seen(request, slug)
    period = _period(request, initiative)
    try:
        proof = make_proof(initiative, period, by=request.user, at=clock.now())  # type: ignore[arg-type]
    except ProofRefused as refusal:
        messages.error(request, refusal.detail)
        return redirect("proof", slug=slug)
    response = FileResponse(proof.content, as_attachment=True, filename=proof.name, content_type="application/zip")
    response["Content-Length"] = str(proof.size)
    add_never_cache_headers(response)
    return response


def _seen(request: HttpRequest, slug: str) -> Initiative:
    return get_object_or_404(initiatives_seen_by(request.user), slug=slug)


def _period(request: HttpRequest, initiative: Initiative) -> Period | None:
    key = request.GET.get("period", "")
    if not key:
        return None
    period = account.period_seen_by(request.user, key)
    if period is None or period.is_sample != initiative.is_sample:
        raise Http404
    return period

"""`/initiatives/{slug}/ledger/`: what was booked, from what."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from kpis.dashboards.frame import page
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.exports.ledger_csv import ledger_file
from kpis.ledger import expiry
from kpis.ledger.reading import entries_of_initiative
from kpis.plumbing import clock

ENTRIES_A_PAGE = 100


@login_required
@require_safe
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """Every entry, newest first, each opening its proof."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    pages = Paginator(entries_of_initiative(initiative), ENTRIES_A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    shown.object_list = expiry.marked(list(shown.object_list))
    context = {
        "initiative": initiative,
        "entries": shown,
        "sample": initiative.is_sample,
    }
    return page(request, "dashboards/ledger.html", context, current="portfolio")


@login_required
@require_safe
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same entries, all of them, as a file for a spreadsheet."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    file = ledger_file(
        initiative,
        entries_of_initiative(initiative).iterator(chunk_size=2000),
        zone=organisation.current().zone,
        by=request.user.get_username(),
        as_of=clock.now(),
    )
    response = HttpResponse(file.content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    add_never_cache_headers(response)
    return response

"""`/initiatives/{slug}/ledger/`: what was booked, from what."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kpis.dashboards.frame import page
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.reading import entries_of_initiative

ENTRIES_A_PAGE = 100


@login_required
@require_safe
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """Every entry, newest first, each opening its proof."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    pages = Paginator(entries_of_initiative(initiative), ENTRIES_A_PAGE)
    context = {
        "initiative": initiative,
        "entries": pages.get_page(request.GET.get("page")),
        "sample": initiative.is_sample,
    }
    return page(request, "dashboards/ledger.html", context, current="portfolio")

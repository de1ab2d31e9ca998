"""`/snapshots/`: what was presented, exactly as it was, and what changed since."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from kpis.access.models import User
from kpis.dashboards.frame import page
from kpis.dashboards.portfolio import chosen_initiatives
from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.plumbing import clock
from kpis.roi.since import since
from kpis.roi.snapshots import (
    LONGEST_NOTE,
    LONGEST_TITLE,
    Wish,
    is_as_taken,
    may_take,
    snapshots_seen_by,
    take_snapshot,
)

A_PAGE = 50
FILTERS = ("business_unit", "phase")


class SnapshotForm(forms.Form):
    title = forms.CharField(max_length=LONGEST_TITLE, label=gettext_lazy("Title"))
    note = forms.CharField(
        max_length=LONGEST_NOTE, required=False, label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": 3})
    )


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """All that were taken, newest first."""
    rows = Paginator(snapshots_seen_by(request.user), A_PAGE).get_page(request.GET.get("page"))
    names = dict(initiatives_seen_by(request.user).values_list("slug", "name"))
    context = {
        "rows": [(row, names.get(row.scope, row.scope)) for row in rows],
        "pages": rows,
        "may_take": may_take(request.user),
        "sample": any(row.is_sample for row in rows),
    }
    return page(request, "dashboards/snapshots.html", context, current="portfolio")


@login_required
@require_safe
@organisation.read_once()
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """The figures as they were presented, and what changed since by cause."""
    snapshot = get_object_or_404(snapshots_seen_by(request.user), pk=pk)
    totals, now = snapshot.statement["totals"], clock.now()
    context = {
        "snapshot": snapshot,
        "totals": totals,
        "rows": snapshot.statement["rows"],
        "since": since(snapshot, request.user, now=now),
        "as_taken": is_as_taken(snapshot),
        "sample": any(row["is_sample"] for row in snapshot.statement["rows"]),
    }
    return page(request, "dashboards/snapshot.html", context, current="portfolio")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """Save what a page shows now: the portfolio with its filters, or one initiative."""
    if not may_take(request.user):
        raise PermissionDenied
    slug = request.GET.get("initiative", "")
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug) if slug else None
    form = SnapshotForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _taken(request, initiative, form.cleaned_data)
    context = {"form": form, "initiative": initiative, "query": request.GET.urlencode(), "filters": _filters(request)}
    sample = initiative.is_sample if initiative else False
    return page(request, "dashboards/snapshot_form.html", context | {"sample": sample}, current="portfolio")


def _taken(request: HttpRequest, initiative: Initiative | None, given: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    now = clock.now()
    wish = Wish(given["title"], chosen_initiatives(request), initiative, given["note"], _filters(request))
    try:
        snapshot = take_snapshot(wish, as_of=now, by=request.user, at=now)
    except ChangeRefused as refusal:
        messages.error(request, refusal.detail)
        return redirect("portfolio")
    messages.success(request, _("Saved as presented. It stays as it is."))
    return redirect("snapshot", pk=snapshot.pk)


def _filters(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in FILTERS if request.GET.get(name)}

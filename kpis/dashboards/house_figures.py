"""`/benchmarks/new/`, and `change/` and `delete/` under a figure's address: figures that the house enters itself."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.benchmarks import comparing, house
from kpis.benchmarks.models import Benchmark
from kpis.benchmarks.rules import BenchmarkUnsound
from kpis.dashboards.benchmark_form import BenchmarkForm, free_slug, standing_in
from kpis.dashboards.frame import page
from kpis.plumbing import clock


def may_change(request: HttpRequest) -> bool:
    return rights.may(request.user, Action.CHANGE_BENCHMARKS)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A figure of one's own, or the form with what is wrong beside its field."""
    user, form = _who_may(request), BenchmarkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        slug = free_slug(form.cleaned_data["title"], form.cleaned_data["year"])
        try:
            row = house.create_figure(form.entry(slug), by=user, at=clock.now())
            return _saved(request, row)
        except BenchmarkUnsound as unsound:
            form.blame(unsound)
    return _shown(request, form, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """The same of one that is there."""
    user, row = _who_may(request), _own(slug)
    form = BenchmarkForm(request.POST or None, initial=standing_in(row))
    if request.method == "POST" and form.is_valid():
        try:
            house.change_figure(row, form.entry(slug, row), by=user, at=clock.now())
            return _saved(request, row)
        except BenchmarkUnsound as unsound:
            form.blame(unsound)
    return _shown(request, form, row)


@login_required
@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    user, row = _who_may(request), _own(slug)
    house.delete_figure(row, by=user, at=clock.now())
    messages.success(request, _("The figure is deleted."))
    return redirect("benchmarks")


def _who_may(request: HttpRequest) -> User:
    if not may_change(request) or not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _own(slug: str) -> Benchmark:
    """Figures of the catalogue are only read."""
    return get_object_or_404(house.benchmarks(), slug=slug, is_catalogue=False)


def _saved(request: HttpRequest, row: Benchmark) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("benchmark", slug=row.slug)


def _shown(request: HttpRequest, form: BenchmarkForm, row: Benchmark | None) -> HttpResponse:
    context = {"form": form, "row": row, "metrics": sorted({metric for metric, _kind in comparing.metrics()})}
    return page(request, "dashboards/benchmark_form.html", context, current="benchmarks")

"""`/assumptions/` and `/assumptions/{id}/`: who owns which assumption, how old is it, what does it move?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.dashboards.assumption_form import AssumptionForm
from kpis.dashboards.frame import page
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import assuming
from kpis.ledger.models import Assumption
from kpis.plumbing import clock
from kpis.roi import previewing
from kpis.roi.register import register_of
from kpis.wording.assumptions import register_headline


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every assumption of the initiatives in sight, or of one of them, by what rests on it."""
    initiatives = _chosen(request)
    register = register_of(initiatives, as_of=clock.now())
    context = {
        "register": register,
        "headline": register_headline([row.marks for row in register.rows]),
        "initiative": initiatives[0] if request.GET.get("initiative") else None,
        "sample": any(initiative.is_sample for initiative in initiatives),
    }
    return page(request, "dashboards/assumptions.html", context, current="assumptions")


@login_required
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One assumption: what it says, what rests on it, and who said what before."""
    return page(request, "dashboards/assumption.html", _context(request, _seen(request, pk)), current="assumptions")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """First what a change would do, then the change: never one without the other."""
    if not rights.may(request.user, Action.CHANGE_DRIVERS):
        raise PermissionDenied
    assumption, found = _seen(request, pk), None
    form = AssumptionForm.of(assumption, request.POST or None, today=clock.now())
    if request.method == "POST" and form.is_valid():
        try:
            if _saved(request, assumption, form):
                return redirect("assumption", pk=pk)
            found = previewing.preview(assumption, form.wanted(), by=request.user, at=clock.now())
        except ChangeRefused as refusal:
            form.blame(refusal)
    context = _context(request, assumption) | {"form": form, "preview": found}
    return page(request, "dashboards/assumption_form.html", context, current="assumptions")


def _saved(request: HttpRequest, assumption: Assumption, form: AssumptionForm) -> bool:
    """False where it is only to be looked at, or something has changed since it was."""
    stamp = request.POST.get("stamp", "")
    if "save" not in request.POST or not stamp:
        return False
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    if stamp != assuming.stamp_of(assumption, form.wanted()):
        messages.warning(request, _("Something has changed since this was shown. This is what it would do now."))
        return False
    assuming.change_assumption(assumption, form.wanted(), by=request.user, at=clock.now(), stamp=stamp)
    messages.success(request, _("It is changed. The figures follow within seconds."))
    return True


def _context(request: HttpRequest, assumption: Assumption) -> dict[str, Any]:
    served = {driver.initiative_id for driver in assuming.drivers_of(assumption)}
    initiatives = list(initiatives_seen_by(request.user).filter(pk__in=served))
    register = register_of(initiatives, as_of=clock.now())
    return {
        "row": next(row for row in register.rows if row.assumption.pk == assumption.pk),
        "register": register,
        "versions": list(assumption.versions.select_related("author")),
        "out_of_sight": len(served) - len(initiatives),
        "may_change": rights.may(request.user, Action.CHANGE_DRIVERS),
        "sample": any(initiative.is_sample for initiative in initiatives),
    }


def _seen(request: HttpRequest, pk: int) -> Assumption:
    return get_object_or_404(assuming.assumptions_seen_by(request.user), pk=pk)


def _chosen(request: HttpRequest) -> list[Initiative]:
    seen = initiatives_seen_by(request.user)
    if slug := request.GET.get("initiative"):
        return [get_object_or_404(seen, slug=slug)]
    return list(seen)

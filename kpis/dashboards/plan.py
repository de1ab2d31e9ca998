"""`/initiatives/{slug}/plan/`: what was promised, what became of it and why; writing and approving it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.dashboards.plan_form import CaseForm
from kpis.dashboards.plan_rows import bar_shown, bridge_rows, outlook_rows
from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.planning import approving, drafting
from kpis.planning.approving import CaseNotApprovable
from kpis.planning.models import BusinessCase
from kpis.planning.schedule import rows_of
from kpis.plumbing import clock
from kpis.roi.statement import roi_statement
from kpis.roi.variants import Variants, variants_of
from kpis.wording.plans import CAUSES, plan_headline


@login_required
@require_safe
@organisation.read_once()
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """The approved case beside what was booked; without one, what is missing and who may write it."""
    initiative = _seen(request, slug)
    return page(request, "dashboards/plan.html", _context(request, initiative), current="portfolio")


@login_required
@require_safe
@organisation.read_once()
def bar(request: HttpRequest, slug: str, cause: str) -> HttpResponse:
    """What one bar is made of."""
    initiative = _seen(request, slug)
    found = _variants(initiative).against_plan
    if found is None or cause not in CAUSES:
        raise Http404
    context = {"initiative": initiative, "against": found, "shown": bar_shown(found, cause)}
    return page(request, "dashboards/how/bar.html", context | {"sample": initiative.is_sample}, current="portfolio")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, slug: str) -> HttpResponse:
    """Write the next version: prefilled from the value drivers as they stand."""
    initiative = _seen(request, slug)
    if not rights.may(_person(request), Action.WRITE_BUSINESS_CASES, _Of(initiative)):
        raise PermissionDenied
    form = CaseForm(request.POST or None, initiative=initiative)
    if request.method == "POST" and form.is_valid():
        try:
            case = drafting.write_draft(initiative, form.draft(), by=_person(request), at=clock.now())
            messages.success(request, _("Version %(version)d is written. It counts once it is approved.") % vars(case))
            return redirect("plan", slug=slug)
        except ChangeRefused as refusal:
            form.add_error(None, refusal.detail)
    context = {"initiative": initiative, "form": form, "sample": initiative.is_sample}
    return page(request, "dashboards/plan_form.html", context, current="portfolio")


@login_required
@require_POST
def approve(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Freeze a version, or say why not."""
    case = get_object_or_404(approving.cases_of(_seen(request, slug)), version=version)
    try:
        approving.approve(case, by=_person(request), at=clock.now())
        messages.success(request, _("Version %(version)d is approved and frozen.") % {"version": version})
    except CaseNotApprovable as refusal:
        messages.error(request, refusal.detail)
    return redirect("plan", slug=slug)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Remove a draft."""
    case = get_object_or_404(approving.cases_of(_seen(request, slug)), version=version)
    if not rights.may(_person(request), Action.WRITE_BUSINESS_CASES, case):
        raise PermissionDenied
    try:
        drafting.withdraw(case, by=_person(request), at=clock.now())
        messages.success(request, _("Version %(version)d is withdrawn.") % {"version": version})
    except ChangeRefused as refusal:
        messages.error(request, refusal.detail)
    return redirect("plan", slug=slug)


def _context(request: HttpRequest, initiative: Initiative) -> dict[str, Any]:
    cases, found = list(approving.cases_of(initiative)), _variants(initiative)
    approved = next((case for case in cases if case.approved_at), None)
    drafts = [case for case in cases if not case.approved_at and (approved is None or case.version > approved.version)]
    against = found.against_plan
    shown = drafts[0] if drafts and approved is None else approved
    return {
        "initiative": initiative,
        "case": approved,
        "shown": shown,
        "planned": rows_of(shown) if shown else [],
        "drafts": drafts,
        "older": [case for case in cases if case.approved_at and case != approved],
        "against": against,
        "missing": found.reasons.get("plan", ""),
        "headline": _headline(found, initiative) if against else "",
        "bridge": bridge_rows(against) if against else [],
        "outlooks": outlook_rows(found),
        "no_outlook": found.reasons.get("horizon", ""),
        "may_write": rights.may(request.user, Action.WRITE_BUSINESS_CASES, _Of(initiative)),
        "may_approve": {case.version for case in drafts if _could_approve(request, case)},
        "sample": initiative.is_sample,
    }


def _headline(found: Variants, initiative: Initiative) -> str:
    against = found.against_plan
    assert against is not None  # noqa: S101 - asked for where there is one, for the type checker
    gap = against.actual.net - against.planned.net
    same = [bar for bar in against.bridge.bars if bar.amount * gap > 0]
    largest = max(same, key=lambda bar: abs(bar.amount), default=None)
    return plan_headline(
        until=against.until,
        planned=against.planned.net,
        actual=against.actual.net,
        largest=(largest.cause, largest.amount) if largest else None,
        currency=initiative.currency,
    )


def _could_approve(request: HttpRequest, case: BusinessCase) -> bool:
    person = _person(request)
    if not approving.may_approve(person, case):
        return False
    return case.author_id != person.pk or not approving.another_may(case, than=person)


def _variants(initiative: Initiative) -> Variants:
    return variants_of(roi_statement(initiative, as_of=clock.now()))


def _seen(request: HttpRequest, slug: str) -> Initiative:
    return get_object_or_404(initiatives_seen_by(request.user), slug=slug)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    return request.user


class _Of:
    """What belongs to an initiative, for the policy."""

    def __init__(self, initiative: Initiative) -> None:
        self.initiative_id: int | None = initiative.pk

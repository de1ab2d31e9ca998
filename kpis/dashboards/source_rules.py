"""`/sources/new/` and `/sources/{slug}/rules/…`: a source that pushes, and which of its series feed which KPI."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kpis.access import rights
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.dashboards.rule_form import PushSourceForm, RuleForm, kpis_for
from kpis.dashboards.sources import changeable
from kpis.definitions.changing import ChangeRefused
from kpis.plumbing import clock
from kpis.sources import arranging, configuring, previewing
from kpis.sources.configuring import SourceWrong
from kpis.sources.models import DataSource, MappingRule
from kpis.wording.sources import RULES_WRONG


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new source that pushes: a name is enough."""
    if not rights.may(request.user, Action.CHANGE_SOURCES):
        raise PermissionDenied
    form = PushSourceForm(request.POST or None, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        try:
            made = configuring.create_source(form.fields_of(), **_acting(request))
            return redirect("source", slug=made.slug)
        except (SourceWrong, ChangeRefused) as refusal:
            form.add_error(None, refusal.detail)
    return page(request, "dashboards/source_form.html", {"form": form}, current="sources")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """A rule that maps series from now on, and those that are remembered."""
    source = changeable(request, slug)
    initial = {"series": request.GET.get("series", "")[:1000], "factor": 1, "kind": "counter"}
    return _edited(request, source, None, initial)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_rule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    source = changeable(request, slug)
    rule = get_object_or_404(source.rules.select_related("kpi"), pk=pk)
    return _edited(request, source, rule, RuleForm.values_of(rule))


@login_required
@require_POST
def delete_rule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    source = changeable(request, slug)
    arranging.delete_rule(get_object_or_404(source.rules, pk=pk), **_acting(request))
    messages.success(request, _("The rule is removed; what it has stored stays."))
    return redirect("source", slug=slug)


@login_required
@require_POST
def raise_rule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One place up: of two rules that match the earlier one decides."""
    source = changeable(request, slug)
    rule = get_object_or_404(source.rules.select_related("kpi"), pk=pk)
    plan = arranging.plan_of(rule, position=max(1, rule.position - 1))
    arranging.change_rule(rule, plan, **_acting(request))
    return redirect("source", slug=slug)


@login_required
@require_POST
def map_name(request: HttpRequest, slug: str) -> HttpResponse:
    """One click: every series of a name feeds the chosen KPI."""
    source = changeable(request, slug)
    name = request.POST.get("name", "")[:1000]
    kpi = get_object_or_404(kpis_for(source, request.user), key=request.POST.get("kpi", "")[:200])  # type: ignore[arg-type]
    try:
        arranging.map_name(source, name, kpi, **_acting(request))
        said = {"name": name, "kpi": kpi.name}
        messages.success(request, _("%(name)s feeds %(kpi)s from now on, and with what is remembered of it.") % said)
    except SourceWrong as refusal:
        messages.error(request, str(RULES_WRONG.get(refusal.code, refusal.detail)))
    return redirect("source", slug=slug)


def _edited(
    request: HttpRequest, source: DataSource, rule: MappingRule | None, initial: dict[str, Any]
) -> HttpResponse:
    form = RuleForm(request.POST or None, initial=initial, source=source, user=request.user)  # type: ignore[arg-type]
    context: dict[str, Any] = {"form": form, "source": source, "rule": rule, "sample": source.is_sample}
    if request.method == "POST" and form.is_valid():
        plan = form.plan(rule)
        try:
            if "try" in request.POST:
                context["trial"] = previewing.try_rule(source, plan, instead_of=rule)
            elif rule is None:
                arranging.create_rule(source, plan, **_acting(request))
                return redirect("source", slug=source.slug)
            else:
                arranging.change_rule(rule, plan, **_acting(request))
                return redirect("source", slug=source.slug)
        except SourceWrong as refusal:
            form.blame(refusal)
    return page(request, "dashboards/rule_form.html", context, current="sources")


def _acting(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user, "at": clock.now()}

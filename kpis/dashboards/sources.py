"""`/sources/` and `/sources/{slug}/`: does the data flow, what was rejected and why, how fresh is it?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kpis.access import rights
from kpis.access.listing import tokens_seen_by
from kpis.access.models import Token
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.dashboards.rule_form import kpis_for
from kpis.definitions.changing import ChangeRefused
from kpis.plumbing import clock
from kpis.sources import configuring, health, received, selectors, trying
from kpis.sources.health import Health
from kpis.sources.models import DataSource
from kpis.wording.sources import SourceFacts, source_headline, sources_headline

RUNS_A_PAGE = 20
TOKENS_SHOWN = 50
REJECTIONS_SHOWN = 12
UNMAPPED_SHOWN = 50
CHOICES_A_ROW = 60  # more KPIs than these are written once, and a row has a field to type in
REJECTIONS_COUNTED = timedelta(days=30)
WORST_FIRST = ("failing", "silent", "partial", "waiting", "flowing", "paused")


@dataclass(frozen=True, slots=True)
class Row:
    """One source as the list shows it."""

    source: DataSource
    health: Health
    facts: SourceFacts


def row_of(source: DataSource, found: Health) -> Row:
    run = found.last_run
    reason = run.error_code if run is not None else ""
    pulls = source.kind != DataSource.Kind.PUSH
    return Row(
        source, found, SourceFacts(source.slug, source.name, found.state, found.since, found.newest_at, reason, pulls)
    )


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every source in sight, those that need a look first."""
    sources = list(health.sources_seen_by(request.user))
    found = health.health_of_all(sources, now=clock.now())
    rows = sorted((row_of(s, found[s.pk]) for s in sources), key=lambda row: WORST_FIRST.index(row.health.state))
    context = {
        "rows": rows,
        "headline": partial(sources_headline, [row.facts for row in rows]),  # said in the page's zone
        "may_change": rights.may(request.user, Action.CHANGE_SOURCES),
        "sample": any(row.source.is_sample for row in rows),
        "tokens": _tokens(request),
    }
    return page(request, "dashboards/sources.html", context, current="sources")


def _tokens(request: HttpRequest) -> list[Token]:
    """Those that may send, for who may see tokens."""
    if not rights.may(request.user, Action.CHANGE_TOKENS):
        return []
    tokens = tokens_seen_by(request.user)
    return list(tokens.filter(revoked_at=None, scopes__contains=[Token.Scope.INGEST])[:TOKENS_SHOWN])


@login_required
@require_safe
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """One source: its runs, its feeds, what was rejected."""
    return _shown(request, slug, {})


@login_required
@require_POST
def run(request: HttpRequest, slug: str) -> HttpResponse:
    """Pull now; the page shows the run as soon as it is there."""
    source = changeable(request, slug)
    try:
        configuring.run_now(source, by=request.user, at=clock.now())  # type: ignore[arg-type]
        messages.success(request, _("The source is asked now; the run will appear in the list."))
    except ChangeRefused as refusal:
        messages.error(request, refusal.detail)
    return redirect("source", slug=slug)


@login_required
@require_POST
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask without storing, and show beside the source what would come."""
    source = changeable(request, slug)
    return _shown(request, slug, {"trials": trying.try_out(source, at=clock.now())})


def _shown(request: HttpRequest, slug: str, more: dict[str, Any]) -> HttpResponse:
    source, now = get_object_or_404(health.sources_seen_by(request.user), slug=slug), clock.now()
    runs = Paginator(health.runs_of(source), RUNS_A_PAGE).get_page(request.GET.get("page"))
    row = row_of(source, health.health_of(source, now=now))
    facts = replace(row.facts, has_series=source.received_series.exists())
    context = {
        "row": row,
        "headline": partial(source_headline, facts),
        "runs": runs,
        "feeds": health.feeds_of(source),
        "rejections": health.rejections_of(source)[:REJECTIONS_SHOWN],
        "reasons": health.rejections_by_code(source, since=now - REJECTIONS_COUNTED),
        "may_change": rights.may(request.user, Action.CHANGE_SOURCES, source),
        "sample": source.is_sample,
    }
    if source.kind == DataSource.Kind.PUSH:
        context |= _series(request, source)
    return page(request, "dashboards/source.html", context | more, current="sources")


def _series(request: HttpRequest, source: DataSource) -> dict[str, Any]:
    """Of a source that pushes: its rules, and the names that feed nothing yet."""
    unmapped = received.unmapped_by_name(source, at_most=UNMAPPED_SHOWN + 1)
    kpis = list(kpis_for(source, request.user))  # type: ignore[arg-type]
    return {
        "rules": [(rule, selectors.as_text(rule.matchers)) for rule in received.rules_of(source)],
        "unmapped": unmapped[:UNMAPPED_SHOWN],
        "more_unmapped": len(unmapped) > UNMAPPED_SHOWN,
        "kpis": kpis,
        "many_kpis": len(kpis) > CHOICES_A_ROW,
    }


def changeable(request: HttpRequest, slug: str) -> DataSource:
    """The source, if it is in sight and may be changed."""
    source = get_object_or_404(health.sources_seen_by(request.user), slug=slug)
    if not rights.may(request.user, Action.CHANGE_SOURCES, source):
        raise PermissionDenied
    return source

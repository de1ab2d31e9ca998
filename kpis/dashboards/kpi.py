"""`/kpis/{key}/`: did it move, because of us, how far from target? And the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kpis.baselines.told import told_of
from kpis.dashboards import kpi_chart
from kpis.dashboards.frame import page
from kpis.dashboards.industry import blocks_of, peers_of
from kpis.dashboards.kpi_checks import behind
from kpis.dashboards.spans import asked_span
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.definitions.versions import versions_of
from kpis.evaluation.history import KpiHistory, history_of
from kpis.evaluation.peers import peer_standings_of
from kpis.evaluation.standings import Standing, foremost, standings_of
from kpis.ledger.reading import amounts_by_interval, drivers_of
from kpis.ledger.traced import savings_followed_by
from kpis.measurements.reading import CursorUnreadable, Place, rows_between
from kpis.measurements.retention import retention_of
from kpis.plumbing import clock
from kpis.wording.kpi_sentences import Change, KpiFacts, kpi_headline
from kpis.wording.positions import WORD_OF

ROWS_A_PAGE = 100


@login_required
@require_safe
def one(request: HttpRequest, key: str) -> HttpResponse:
    """The page of one KPI."""
    context = _context(request, key)
    context["chart"] = kpi_chart.stills(context["history"], context["events"], name="kpi", beside=context["standings"])
    return page(request, "dashboards/kpi.html", context, current="portfolio")


@login_required
@require_safe
def figures(request: HttpRequest, key: str) -> HttpResponse:
    """All that changes with the data, to be exchanged in place."""
    return page(request, "dashboards/kpi/_figures.html", _context(request, key), current="portfolio")


@login_required
@require_safe
def line_figure(request: HttpRequest, key: str) -> HttpResponse:
    """The KPI's line for Plotly."""
    kpi, now = _seen(request, key), clock.now()
    events, standings = list(kpi.initiative.annotations.all()), standings_of([kpi], now=now).get(kpi.pk, ())
    phone = request.GET.get("size") == "phone"
    moving = kpi_chart.moving(history_of(kpi, now=now), events, phone=phone, beside=standings)
    return HttpResponse(moving, "application/json")


@login_required
@require_safe
def rows(request: HttpRequest, key: str) -> HttpResponse:
    """The measurements behind an interval, or all of them, by time."""
    kpi = _seen(request, key)
    start, end = asked_span(request)
    found = rows_between(kpi.pk, start, end, after=_place(request), limit=ROWS_A_PAGE + 1)
    gone = retention_of(kpi)
    context = {
        "kpi": kpi,
        "initiative": kpi.initiative,
        "rows": found[:ROWS_A_PAGE],
        "after": found[ROWS_A_PAGE - 1].place.as_text() if len(found) > ROWS_A_PAGE else None,
        "sample": kpi.initiative.is_sample,
        "gone": gone if gone is not None and start < gone.rows_from else None,
    }
    return page(request, "dashboards/kpi_rows.html", context, current="portfolio")


def _seen(request: HttpRequest, key: str) -> Kpi:
    return get_object_or_404(kpis_seen_by(request.user), key=key)


def _place(request: HttpRequest) -> Place | None:
    text = request.GET.get("after")
    try:
        return Place.from_text(text) if text else None
    except CursorUnreadable as error:
        raise Http404 from error


def _context(request: HttpRequest, key: str) -> dict[str, Any]:
    kpi, now = _seen(request, key), clock.now()
    history = history_of(kpi, now=now)
    amounts = amounts_by_interval(kpi)
    standings = standings_of([kpi], now=now).get(kpi.pk, ())
    return {
        "kpi": kpi,
        "initiative": kpi.initiative,
        "history": history,
        "overview": history.overview,
        "effect": history.overview.effect,
        "headline": kpi_headline(_facts(kpi, history, standings)),
        "behind": behind(history.overview),
        "clock": told_of([kpi], now=now),
        "events": list(kpi.initiative.annotations.all()),
        "standings": standings,
        "versions": versions_of(kpi, organisation.current()),
        "industry": blocks_of(standings),
        "peers": peers_of(peer_standings_of(kpi, request.user, now=now)),
        "drivers": drivers_of(kpi),
        "followed": savings_followed_by(kpi),
        "latest": [(compared, amounts.get(compared.point.start)) for compared in history.latest],
        "sample": kpi.initiative.is_sample,
    }


def _facts(kpi: Kpi, history: KpiHistory, standings: Sequence[Standing]) -> KpiFacts:
    overview, effect = history.overview, history.overview.effect
    best = foremost(standings)
    change = None
    if effect is not None and effect.effect is not None and effect.actual is not None:
        change = Change(
            actual=effect.actual,
            without=effect.actual - effect.effect,
            effect=effect.effect,
            effect_low=effect.low,
            effect_high=effect.high,
            improvement=effect.improvement,
            improvement_low=effect.improvement_low,
            improvement_high=effect.improvement_high,
        )
    return KpiFacts(
        name=kpi.name,
        unit=kpi.unit,
        verdict=effect.verdict if effect else "not_enough_data",
        grade=effect.evidence_grade if effect else "",
        change=change,
        reason=str(effect.reasons.get("verdict", "")) if effect else "",
        target=overview.target,
        target_reached=overview.target_reached,
        benchmark=WORD_OF.get(best[1].position, best[1].position) if best else "",
    )

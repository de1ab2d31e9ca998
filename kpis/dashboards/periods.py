"""`/periods/` and `/periods/{period}/`: what was booked in each, what changed since, and closing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kpis.access.models import User
from kpis.dashboards.frame import page
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import account, closing
from kpis.ledger.account import Total
from kpis.ledger.models import Period
from kpis.ledger.obstacles import GAPS, obstacles_of
from kpis.ledger.periods import quarter_from
from kpis.ledger.reading import corrections_of
from kpis.plumbing import clock
from kpis.wording.periods import period_name, periods_headline

PERIODS_A_PAGE, CORRECTIONS_A_PAGE = 36, 50


@dataclass(frozen=True, slots=True)
class Row:
    """One period as the list shows it."""

    period: Period
    name: str
    status: str
    totals: list[Total]


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every period of one's own books, then those of the sample company, newest first."""
    pages = Paginator(account.periods_seen_by(request.user, now=clock.now()), PERIODS_A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    initiatives = list(initiatives_seen_by(request.user))
    rows = [_row(period, initiatives) for period in shown]
    context = {
        "rows": rows,
        "pages": shown,
        "headline": periods_headline([(row.name, row.status) for row in rows if row.period.is_sample == _first(rows)]),
        "sample": any(row.period.is_sample for row in rows),
        "own": any(not row.period.is_sample for row in rows),
    }
    return page(request, "dashboards/periods.html", context, current="periods")


@login_required
@require_safe
def one(request: HttpRequest, key: str) -> HttpResponse:
    """What it came to by initiative; who closed it and what changed since, or what closing would freeze."""
    return page(request, "dashboards/period.html", _context(request, _seen(request, key)), current="periods")


@login_required
@require_POST
def close(request: HttpRequest, key: str) -> HttpResponse:
    """Close it, or say why not."""
    period = _seen(request, key)
    if not closing.may_close(request.user):
        raise PermissionDenied
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    reason = request.POST.get("reason", "").strip()[:300]
    try:
        closing.close_period(period, by=request.user, at=clock.now(), reason=reason)
        messages.success(request, _("%(period)s is closed.") % {"period": period_name(period)})
    except closing.PeriodNotClosable as refusal:
        messages.error(request, refusal.detail)
    return redirect("period", key=key)


def _context(request: HttpRequest, period: Period) -> dict[str, Any]:
    now, initiatives = clock.now(), list(initiatives_seen_by(request.user))
    obstacles = [] if period.is_closed else obstacles_of(period, now=now)
    corrections = Paginator(corrections_of(period, initiatives), CORRECTIONS_A_PAGE)
    return {
        "row": _row(period, initiatives),
        "accounts": account.with_corrections(period, initiatives),
        "obstacles": [each for each in obstacles if each.code != GAPS],
        "gaps": [each for each in obstacles if each.code == GAPS],
        "corrections": corrections.get_page(request.GET.get("page")),
        "quarter": _quarter_instead_of(period),
        "may_close": closing.may_close(request.user),
        "sample": period.is_sample,
    }


def _quarter_instead_of(period: Period) -> Row | None:
    """The fiscal quarter that begins with this month, where it is over and can be closed in one go."""
    now = clock.now()
    quarter = None if period.is_closed or period.kind == Period.Kind.QUARTER else quarter_from(period)
    if quarter is None or any(obstacle.code != GAPS for obstacle in obstacles_of(quarter, now=now)):
        return None
    return Row(quarter, period_name(quarter), quarter.status(now), [])


def _row(period: Period, initiatives: list[Any]) -> Row:
    accounts = account.accounts_of(period, initiatives)
    return Row(period, period_name(period), period.status(clock.now()), account.totals_of(accounts))


def _first(rows: Iterable[Row]) -> bool:
    """Whose books the sentence is about: one's own, as soon as there are any."""
    return all(row.period.is_sample for row in rows)


def _seen(request: HttpRequest, key: str) -> Period:
    period = account.period_seen_by(request.user, key)
    if period is None:
        raise Http404
    return period

"""`periods/`: what each month came to, and closing it. Closed periods are never opened again."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from kpis.access.rights import Action
from kpis.api import statement_forms
from kpis.api.conditional import Conditional
from kpis.api.idempotency import Idempotent
from kpis.api.members import Body, Text
from kpis.api.paging import Paging
from kpis.api.permissions import Asker, Read, ReadOrManage, asker
from kpis.api.roi import refuse_unknown
from kpis.api.statements import answered, money
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import account, closing
from kpis.ledger.account import Account, Corrected
from kpis.ledger.models import Period
from kpis.ledger.obstacles import obstacles_of
from kpis.plumbing import clock


class ClosingBody(Body):
    reason = Text(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Why it is closed although intervals hold no data; needed only then.",
    )


class Periods(Conditional):
    """List the periods

    Newest first: months that run or wait to be closed, then closed months and quarters, each with what it came to by
    initiative in sight. The sample company's periods come last and are closed apart.
    """

    permission_classes = [Read]
    is_paged = True

    @extend_schema(
        operation_id="periods_list",
        parameters=[OpenApiParameter("page", int), OpenApiParameter("page_size", int)],
        responses={200: statement_forms.PERIODS},
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request, {"page", "page_size"})
        who, paging = asker(request), Paging()
        page = paging.paginate_queryset(account.periods_seen_by(who, now=clock.now()), request, view=self) or []
        initiatives = list(initiatives_seen_by(who))
        accounts = [account.accounts_of(period, initiatives) for period in page]
        shown = [_shown(p) | {"accounts": [_sums(a) for a in found]} for p, found in zip(page, accounts, strict=True)]
        return answered(paging.get_paginated_response(shown).data)


class OnePeriod(Conditional):
    """Read a period

    What it came to by initiative, what later periods hold for it, and what stands in the way of closing it.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="periods_retrieve", responses={200: statement_forms.PERIOD})
    def get(self, request: Request, period: str) -> HttpResponse:
        refuse_unknown(request, set())
        return answered(_whole(_seen(period, asker(request)), asker(request)))


class PeriodClosing(Idempotent):
    """Close a period

    Freezes its entries and costs for all initiatives; what becomes known later is booked in the open period. Refused
    while an earlier period is open, it is not over, or data may still come; where none came, without a reason.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CLOSE_PERIODS

    @extend_schema(operation_id="periods_close", request=ClosingBody, responses={200: statement_forms.PERIOD})
    def post(self, request: Request, period: str) -> HttpResponse:
        body = ClosingBody(data=request.data)
        body.is_valid(raise_exception=True)
        who = asker(request)
        reason = body.validated_data.get("reason", "")
        closed = closing.close_period(_seen(period, who), by=who, at=clock.now(), reason=reason)  # type: ignore[arg-type]
        return answered(_whole(closed, who))


def _seen(key: str, who: Asker) -> Period:
    period = account.period_seen_by(who, key)
    if period is None:
        raise Http404
    return period


def _whole(period: Period, who: Asker) -> dict[str, Any]:
    found = account.with_corrections(period, list(initiatives_seen_by(who)))
    obstacles = [] if period.is_closed else obstacles_of(period, now=clock.now())
    return _shown(period) | {
        "accounts": [_sums(each) | {"corrected_since": _corrected(since)} for each, since in found],
        "obstacles": [{"code": each.code, "detail": each.detail} for each in obstacles],
    }


def _shown(period: Period) -> dict[str, Any]:
    zone = ZoneInfo(organisation.current().zone)
    return {
        "period": period.key,
        "kind": period.kind,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "sample": period.is_sample,
        "status": period.status(clock.now()),
        "closed_at": period.closed_at.astimezone(zone).isoformat() if period.is_closed else None,
        "closed_by": period.closed_by.get_username() if period.closed_by else None,
        "reason": period.reason,
    }


def _sums(found: Account) -> dict[str, Any]:
    return {
        "initiative": found.initiative.slug,
        "currency": found.initiative.currency,
        "entries": found.entries,
        "benefit": money(found.benefit),
        "adjustments": found.adjustments,
        "adjusted": money(found.adjusted),
        "freed": money(found.freed),
        "captured": money(found.captured),
        "cost": money(found.cost),
        "net": money(found.net),
    }


def _corrected(since: Corrected) -> dict[str, Any]:
    return {"adjustments": since.adjustments, "amount": money(since.amount)}

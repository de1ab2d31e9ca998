"""`assumptions/`: the register, and changing an assumption with a look at the effect first (`dry_run`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request

from kpis.access.rights import Action
from kpis.api import assumption_forms, spans
from kpis.api.conditional import Conditional
from kpis.api.idempotency import Idempotent
from kpis.api.members import Body, Day, Text
from kpis.api.paging import Paging
from kpis.api.permissions import Read, ReadOrManage, asker
from kpis.api.statements import answered, money, range_of
from kpis.api.value_drivers import AssumedNumber
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import assuming
from kpis.ledger.assuming import Wanted
from kpis.ledger.models import Assumption, AssumptionVersion
from kpis.plumbing import clock
from kpis.roi import previewing
from kpis.roi.previewing import Moved, Preview
from kpis.roi.register import RegisterRow, register_of
from kpis.roi.statement import Statement


class ChangeBody(Body):
    """A change. Members that are left out stay as the version says that is corrected, or that holds today."""

    low = AssumedNumber(required=False)
    likely = AssumedNumber(required=False)
    high = AssumedNumber(required=False)
    owner = Text(required=False, allow_blank=True, max_length=120)
    source: Any = Text(required=False, allow_blank=True, max_length=300)
    valid_from = Day(
        required=False,
        allow_null=True,
        help_text="From this day on a further version; without it, what holds today is corrected.",
    )
    valid_to = Day(required=False, allow_null=True, help_text="The last day that it is meant for.")
    review_on = Day(required=False, allow_null=True, help_text="When its owner should look at it again.")
    reason = Text(required=False, allow_blank=True, max_length=300, help_text="Why; needed unless nothing is stored.")
    stamp = Text(required=False, max_length=40, help_text="Of a dry run: refused where something has changed since.")


class Assumptions(Conditional):
    """List the assumptions

    Each once, however many value drivers rest on it; what rests on it, the most first.
    """

    permission_classes = [Read]
    is_paged = True

    @extend_schema(
        operation_id="assumptions_list",
        parameters=[
            OpenApiParameter("initiative", str, description="Its slug: only what its drivers rest on."),
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int),
        ],
        responses={200: assumption_forms.ASSUMPTIONS},
    )
    def get(self, request: Request) -> HttpResponse:
        spans.refuse_unknown(request, {"initiative", "page", "page_size"})
        initiatives = initiatives_seen_by(asker(request))
        if slug := request.query_params.get("initiative"):
            initiatives = initiatives.filter(slug=slug)
        register, paging = register_of(list(initiatives), as_of=clock.now()), Paging()
        rows = paging.paginate_queryset(list(register.rows), request, view=self) or []
        return answered(paging.get_paginated_response([_shown(row, register.currency) for row in rows]).data)


class OneAssumption(Idempotent):
    """Read an assumption

    With its history: who stated what, when and why.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CHANGE_DRIVERS

    @extend_schema(operation_id="assumptions_retrieve", responses={200: assumption_forms.ASSUMPTION})
    def get(self, request: Request, pk: int) -> HttpResponse:
        spans.refuse_unknown(request, set())
        return answered(_whole(request, _seen(request, pk)))

    @extend_schema(
        operation_id="assumptions_change",
        summary="Change an assumption",
        description="A value with `valid_from` counts from that day on; without it what holds today is corrected, and "
        "closed periods get adjustments. `dry_run=true` stores nothing and says what it would come to.",
        request=ChangeBody,
        parameters=[OpenApiParameter("dry_run", bool, description="Say what it would do, and store nothing.")],
        responses={200: assumption_forms.CHANGED},
    )
    def patch(self, request: Request, pk: int) -> HttpResponse:
        spans.refuse_unknown(request, {"dry_run"})
        assumption, now = _seen(request, pk), clock.now()
        body = ChangeBody(data=request.data, context={"is_share": assumption.is_share})
        body.is_valid(raise_exception=True)
        wanted = _wanted(assumption, body.validated_data)
        if spans.asked_flag(request, "dry_run"):
            return answered(_told(previewing.preview(assumption, wanted, by=asker(request), at=now)))
        stamp = body.validated_data.get("stamp")
        assuming.change_assumption(assumption, wanted, by=asker(request), at=now, stamp=stamp)  # type: ignore[arg-type]
        return answered(_whole(request, _seen(request, pk)))


def _seen(request: Request, pk: int) -> Assumption:
    return get_object_or_404(assuming.assumptions_seen_by(asker(request)), pk=pk)


def _wanted(assumption: Assumption, given: Mapping[str, Any]) -> Wanted:
    today = organisation.calendar().local_date(clock.now())
    return assuming.wanted_from(assumption, {k: v for k, v in given.items() if k != "stamp"}, today=today)


def _whole(request: Request, assumption: Assumption) -> dict[str, Any]:
    served = assuming.drivers_of(assumption).values("initiative")
    register = register_of(list(initiatives_seen_by(asker(request)).filter(pk__in=served)), as_of=clock.now())
    row = next((row for row in register.rows if row.assumption.pk == assumption.pk), None)
    if row is None:
        raise Http404
    versions = list(assumption.versions.select_related("author")) or [AssumptionVersion.standing(assumption)]
    return _shown(row, register.currency) | {"versions": [_version(v, assumption) for v in versions]}


def _shown(row: RegisterRow, currency: str) -> dict[str, Any]:
    assumption, even = row.assumption, row.break_even
    return {
        "id": assumption.pk,
        "name": assumption.name,
        "kinds": list(row.kinds),
        "unit": row.unit,
        "priced_unit": row.priced_unit or None,
        "version": assumption.version,
        **_values(row.holds, assumption),
        "drivers": [{"id": d.pk, "name": d.name, "initiative": d.initiative.slug} for d in row.drivers],
        "currency": currency,
        "booked": money(row.booked),
        "net_low": None if row.low is None else money(row.low),
        "net_high": None if row.high is None else money(row.high),
        "swing": money(row.swing),
        "flips_sign": row.flips_sign,
        "break_even": even.value,
        "marks": {
            "expired": row.marks.has_run_out,
            "expires_in_days": row.marks.days,
            "review_due": row.marks.review_due,
            "no_owner": row.marks.no_owner,
            "no_source": row.marks.no_source,
        },
        "reasons": {} if even.exists else {"break_even": even.reason},
    }


def _values(version: AssumptionVersion, assumption: Assumption) -> dict[str, Any]:
    def number(value: Decimal) -> Any:
        return float(value) if assumption.is_share else f"{value.normalize():f}"

    days = {name: _day(getattr(version, name)) for name in ("valid_from", "valid_to", "review_on")}
    numbers = {name: number(getattr(version, name)) for name in ("low", "likely", "high")}
    return numbers | {"owner": version.owner, "source": version.source} | days


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _version(version: AssumptionVersion, assumption: Assumption) -> dict[str, Any]:
    zone = ZoneInfo(organisation.current().zone)
    return {
        "version": version.version,
        **_values(version, assumption),
        "author": version.author.get_username() if version.author else None,
        "at": version.at.astimezone(zone).isoformat() if version.at else None,
        "reason": version.reason,
        "replaced_at": version.replaced_at.astimezone(zone).isoformat() if version.replaced_at else None,
    }


def _told(found: Preview) -> dict[str, Any]:
    return {
        "dry_run": True,
        "stamp": found.stamp,
        "changes_anything": found.plan.changes_anything,
        "corrects": found.plan.replaces is not None,
        "open_intervals": found.open_intervals,
        "adjustments": found.adjustments,
        "initiatives": [_moved(moved) for moved in found.moved],
        "portfolio": {"before": _figures(found.before), "after": _figures(found.after)},
    }


def _moved(moved: Moved) -> dict[str, Any]:
    months = [
        {
            "month": f"{month.first:%Y-%m}",
            "status": "closed" if month.is_closed else "open",
            "intervals": month.intervals,
            "amount": money(month.amount),
        }
        for month in moved.months
    ]
    return {
        "initiative": moved.initiative.slug,
        "before": _figures(moved.before),
        "after": _figures(moved.after),
        "months": months,
    }


def _figures(statement: Statement) -> dict[str, Any]:
    found = {"currency": statement.currency, "net": money(statement.net), "roi": statement.roi.value}
    return found | {"range": range_of(statement.range), "reasons": statement.reasons}

"""`snapshots/`: figures as they were presented, kept for good, and what changed since, by cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpis.access.rights import Action
from kpis.api import snapshot_forms as forms
from kpis.api.as_of import instant_of
from kpis.api.idempotency import Idempotent
from kpis.api.members import Body, Slug, Text
from kpis.api.paging import Paging
from kpis.api.permissions import Asker, Read, ReadOrManage, asker
from kpis.api.refusal import Refusal
from kpis.api.roi import refuse_unknown
from kpis.api.statements import answered, money
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.plumbing import clock
from kpis.roi.models import Snapshot
from kpis.roi.since import Movement, Sums, since
from kpis.roi.snapshots import LONGEST_NOTE, LONGEST_TITLE, Wish, is_as_taken, snapshots_seen_by, take_snapshot

FILTERS = ("business_unit", "phase")


class SnapshotBody(Body):
    title = Text(max_length=LONGEST_TITLE, help_text="Whom it was shown, and when.")
    note = Text(max_length=LONGEST_NOTE, required=False, allow_blank=True)
    initiative = Slug(required=False, help_text="Its slug; without it the portfolio that is in sight.")
    business_unit = Text(max_length=120, required=False, help_text="Of a portfolio: only initiatives of this unit.")
    phase = Text(max_length=16, required=False, help_text="Of a portfolio: only initiatives in this phase.")
    as_of = Text(max_length=40, required=False, help_text="A date or a time with its offset; now where none is given.")


class Snapshots(Idempotent):
    """List the snapshots, and take one

    Newest first; those of which every initiative is in sight.
    """

    permission_classes = [ReadOrManage]
    changes = Action.TAKE_SNAPSHOTS
    is_paged = True

    @extend_schema(
        operation_id="snapshots_list",
        parameters=[
            OpenApiParameter("initiative", str, description="Only those of this initiative."),
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int),
        ],
        responses={200: forms.SNAPSHOTS},
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request, {"initiative", "page", "page_size"})
        rows, paging = snapshots_seen_by(asker(request)), Paging()
        if "initiative" in request.query_params:
            rows = rows.filter(scope=request.query_params["initiative"].replace("\x00", ""))
        page = paging.paginate_queryset(rows, request, view=self) or []
        return answered(paging.get_paginated_response([_about(row, _zone()) for row in page]).data)

    @extend_schema(operation_id="snapshots_create", request=SnapshotBody, responses={201: forms.SNAPSHOT})
    def post(self, request: Request) -> Response:
        """Take a snapshot

        Keeps the figures and every row that they were made of. It is never changed and never deleted.
        """
        body = SnapshotBody(data=request.data)
        body.is_valid(raise_exception=True)
        who, given = asker(request), body.validated_data
        as_of = instant_of(given["as_of"]) if given.get("as_of") else clock.now()
        taken = take_snapshot(_wish(given, who), as_of=as_of, by=who, at=clock.now())  # type: ignore[arg-type]
        return Response(_whole(taken), status=201)


class OneSnapshot(APIView):
    """Read a snapshot

    Exactly as it was taken; `as_taken` says whether its rows are those whose digest stands in the audit trail.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="snapshots_retrieve", responses={200: forms.SNAPSHOT})
    def get(self, request: Request, pk: int) -> HttpResponse:
        refuse_unknown(request, set())
        return answered(_whole(_seen(pk, asker(request))))


class Difference(APIView):
    """Read what changed since a snapshot

    Benefit, invested and net then and now, and the difference by cause: the causes add up to it, to the cent.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="snapshots_difference", responses={200: forms.DIFFERENCE})
    @organisation.read_once()
    def get(self, request: Request, pk: int) -> HttpResponse:
        refuse_unknown(request, set())
        now = clock.now()
        found = since(_seen(pk, asker(request)), asker(request), now=now)
        told = {"as_of": now.astimezone(_zone()), "totals": _movement(found.totals)}
        return answered(told | {"results": [{"initiative": r.slug, "name": r.name} | _movement(r) for r in found.rows]})


def _wish(given: dict[str, Any], who: Asker) -> Wish:
    seen, slug = initiatives_seen_by(who).order_by("pk"), given.get("initiative")
    filters = {name: given[name] for name in FILTERS if given.get(name)}
    if slug and filters:
        raise Refusal(400, "filters_without_portfolio", _("Filters are for a portfolio."), attr=next(iter(filters)))
    if filters.get("phase", Initiative.Phase.RETIRED) not in Initiative.Phase.values:
        sentence = _("A phase is one of: %(names)s.") % {"names": ", ".join(Initiative.Phase.values)}
        raise Refusal(400, "invalid_phase", sentence, attr="phase")
    initiative = seen.filter(slug=slug).first() if slug else None
    if slug and initiative is None:
        raise Refusal(400, "does_not_exist", _("There is no such initiative."), attr="initiative")
    return Wish(given["title"], list(seen.filter(**filters)), initiative, given.get("note", ""), filters)


def _seen(pk: int, who: Asker) -> Snapshot:
    return get_object_or_404(snapshots_seen_by(who), pk=pk)


def _zone() -> ZoneInfo:
    return ZoneInfo(organisation.current().zone)


def _about(row: Snapshot, zone: ZoneInfo) -> dict[str, Any]:
    def at(instant: datetime) -> str:
        return instant.astimezone(zone).isoformat()

    return {
        "id": row.pk,
        "title": row.title,
        "note": row.note,
        "initiative": row.scope or None,
        "initiatives": row.initiatives,
        "filters": row.filters,
        "as_of": at(row.as_of),
        "taken_at": at(row.taken_at),
        "taken_by": row.taken_by.get_username() if row.taken_by else None,
        "sample": row.is_sample,
        "currency": row.currency,
        "net": row.statement["totals"]["figures"]["net"],
        "digest": row.digest,
    }


def _whole(row: Snapshot) -> dict[str, Any]:
    hidden = {"initiative_id"}
    rows = [{name: value for name, value in each.items() if name not in hidden} for each in row.statement["rows"]]
    kept = {"totals": row.statement["totals"], "results": rows}
    return _about(row, _zone()) | kept | {"as_taken": is_as_taken(row)}


def _movement(found: Movement) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "then": _sums(found.then),
        "now": _sums(found.now) if found.now else None,
        "difference": money(found.net),
        "benefit": _causes(found.benefit),
        "invested": _causes(found.invested),
    }


def _sums(sums: Sums) -> dict[str, str]:
    return {"benefit": money(sums.benefit), "invested": money(sums.invested), "net": money(sums.net)}


def _causes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"causes": cause.split(", "), "amount": money(amount)} for cause, amount in found.items() if amount]

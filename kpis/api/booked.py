"""What the lists of an initiative's books share, `ledger/` and `captured/`: asked by span and instant, in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from kpis.api import spans
from kpis.api.as_of import AS_OF, asked_as_of
from kpis.api.conditional import Conditional
from kpis.api.paging import Paging
from kpis.api.permissions import Read, asker
from kpis.api.statements import answered
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import LedgerEntry, Trace

PARAMETERS = [spans.FROM, spans.TO, AS_OF, OpenApiParameter("page", int), OpenApiParameter("page_size", int)]


class Booked(Conditional):
    """A list of rows of the books: says which they are (`rows`) and how they look (`shown`)."""

    permission_classes = [Read]

    def rows(self, initiative: Initiative, start: datetime, end: datetime, as_of: datetime | None) -> QuerySet[Any]:
        """Oldest first, those of `[start, end)`; as_of: only what was booked by then."""
        raise NotImplementedError

    def shown(self, page: Sequence[Any], initiative: Initiative, zone: ZoneInfo) -> list[dict[str, Any]]:
        raise NotImplementedError

    def listed(self, request: Request, slug: str) -> HttpResponse:
        """The answer to a GET."""
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        spans.refuse_unknown(request, {"from", "to", "as_of", "page", "page_size"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        as_of = asked_as_of(request) if "as_of" in request.query_params else None
        paging = Paging()
        page = paging.paginate_queryset(self.rows(initiative, start, end, as_of), request, view=self) or []
        return answered(paging.get_paginated_response(self.shown(page, initiative, ZoneInfo(calendar.zone))).data)


def interval_of(row: LedgerEntry | Trace, zone: ZoneInfo) -> dict[str, str]:
    return {
        "start": row.interval_start.astimezone(zone).isoformat(),
        "end": row.interval_end.astimezone(zone).isoformat(),
    }


def rows_behind(row: LedgerEntry | Trace, treated: Mapping[str, str], request: Request) -> str:
    """Address of the measurements behind the actual value, of the treated group where there is a control group."""
    span = {"from": row.interval_start.isoformat(), "to": row.interval_end.isoformat()}
    labels = {f"{spans.LABEL}{name}": value for name, value in treated.items()}
    address = reverse("api-rows", kwargs={"key": row.kpi.key})
    return request.build_absolute_uri(f"{address}?{urlencode(span | labels)}")

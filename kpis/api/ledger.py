"""`initiatives/{slug}/ledger/`: one entry for each value driver and interval, with everything it was computed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpis.api import spans, statement_forms
from kpis.api.paging import Paging
from kpis.api.permissions import Read, asker
from kpis.api.statements import money
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import LedgerEntry
from kpis.ledger.reading import entries_between
from kpis.measurements import retention


class Ledger(APIView):
    """List the ledger entries of an initiative

    Oldest first. The amount is ± (counterfactual − actual) · volume · unit_factor · unit_value · realisation ·
    attribution to the cent, and can be recomputed from the entry.
    """

    permission_classes = [Read]

    @extend_schema(
        operation_id="initiatives_ledger_list",
        parameters=[spans.FROM, spans.TO, OpenApiParameter("page", int), OpenApiParameter("page_size", int)],
        responses={200: statement_forms.LEDGER},
    )
    def get(self, request: Request, slug: str) -> Response:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        spans.refuse_unknown(request, {"from", "to", "page", "page_size"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        paging, zone = Paging(), ZoneInfo(calendar.zone)
        page = paging.paginate_queryset(entries_between(initiative, start, end), request, view=self)
        kept_from = retention.rows_from([entry.kpi_id for entry in page or ()])
        return paging.get_paginated_response([_shown(entry, zone, request, kept_from) for entry in page or ()])


def _shown(entry: LedgerEntry, zone: ZoneInfo, request: Request, kept_from: Mapping[int, datetime]) -> dict[str, Any]:
    gone = entry.kpi_id in kept_from and entry.interval_start < kept_from[entry.kpi_id]
    return {
        "id": entry.pk,
        "interval": {
            "start": entry.interval_start.astimezone(zone).isoformat(),
            "end": entry.interval_end.astimezone(zone).isoformat(),
        },
        "kpi": entry.kpi.key,
        "driver": {"id": entry.driver_id, "name": entry.driver.name},
        "baseline": entry.baseline.version,
        "counterfactual": entry.counterfactual,
        "actual": entry.actual,
        "volume": entry.volume,
        "unit_factor": f"{entry.unit_factor.normalize():f}",
        "unit_value": f"{entry.unit_value.normalize():f}",
        "realisation": float(entry.realisation),
        "attribution": float(entry.attribution),
        "amount": money(entry.amount),
        "low": None if entry.low is None else money(entry.low),
        "high": None if entry.high is None else money(entry.high),
        "currency": entry.currency,
        "benefit_type": entry.benefit_type,
        "evidence_grade": entry.evidence_grade,
        "method": entry.method,
        "status": entry.status,
        "provisional": entry.provisional,
        "measurements": {"count": entry.measurements, "url": _rows(entry, request), "rows_gone": gone},
    }


def _rows(entry: LedgerEntry, request: Request) -> str:
    """Address of the measurements behind the actual value, of the treated group where there is a control group."""
    span = {"from": entry.interval_start.isoformat(), "to": entry.interval_end.isoformat()}
    labels = {f"label.{name}": value for name, value in entry.baseline.treated.items()}
    address = reverse("api-rows", kwargs={"key": entry.kpi.key})
    return request.build_absolute_uri(f"{address}?{urlencode(span | labels)}")

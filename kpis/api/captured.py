"""`initiatives/{slug}/captured/`: what of the freed time follow-up KPIs show, with everything it was computed from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from kpis.api import spans, statement_forms
from kpis.api.as_of import AS_OF, asked_as_of
from kpis.api.conditional import Conditional
from kpis.api.paging import Paging
from kpis.api.permissions import Read, asker
from kpis.api.statements import answered, money
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import Trace
from kpis.ledger.trace_proving import needed_before
from kpis.ledger.traced import traces_between

NO_BASELINE = (
    "No baseline of the follow-up KPI is approved: the plain mean of its last intervals before go-live is used."
)


class Captured(Conditional):
    """List what was traced of the freed time of an initiative

    Oldest first, adjustments where they were booked. The amount is the smaller of `saved` and (± (counterfactual −
    actual) − taken) · unit_factor · unit_value, at least zero, to the cent; of an adjustment it is what that comes to
    less all that was booked for the interval before. Part of the entries in `ledger/`, not added to them.
    """

    permission_classes = [Read]
    is_paged = True

    @extend_schema(
        operation_id="initiatives_captured_list",
        parameters=[spans.FROM, spans.TO, AS_OF, OpenApiParameter("page", int), OpenApiParameter("page_size", int)],
        responses={200: statement_forms.TRACES},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        spans.refuse_unknown(request, {"from", "to", "as_of", "page", "page_size"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        paging, zone = Paging(), ZoneInfo(calendar.zone)
        as_of = asked_as_of(request) if "as_of" in request.query_params else None
        page = paging.paginate_queryset(traces_between(initiative, start, end, as_of=as_of), request, view=self) or []
        return answered(paging.get_paginated_response([_shown(trace, zone, request) for trace in page]).data)


def _shown(trace: Trace, zone: ZoneInfo, request: Request) -> dict[str, Any]:
    return {
        "id": trace.pk,
        "interval": {
            "start": trace.interval_start.astimezone(zone).isoformat(),
            "end": trace.interval_end.astimezone(zone).isoformat(),
        },
        "kpi": trace.kpi.key,
        "driver": {"id": trace.driver_id, "name": trace.driver.name},
        "basis": trace.basis,
        "baseline": trace.baseline.version if trace.baseline else None,
        "intervals_before": trace.intervals_before,
        "intervals_needed": needed_before(trace.kpi),
        "counterfactual": trace.counterfactual,
        "actual": trace.actual,
        "taken": float(trace.taken),
        "unit_factor": f"{trace.unit_factor.normalize():f}",
        "unit_value": f"{trace.unit_value.normalize():f}",
        "saved": money(trace.booked),
        "amount": money(trace.amount),
        "currency": trace.currency,
        "status": trace.status,
        "booked_at": trace.booked_at.astimezone(zone).isoformat(),
        "corrects": trace.corrects_id,
        "causes": trace.causes,
        "provisional": trace.provisional,
        "measurements": {"count": trace.measurements, "url": _rows(trace, request)},
        "reasons": {} if trace.baseline else {"baseline": NO_BASELINE},
    }


def _rows(trace: Trace, request: Request) -> str:
    """Address of the follow-up's measurements, of the treated group where there is a control group."""
    span = {"from": trace.interval_start.isoformat(), "to": trace.interval_end.isoformat()}
    labels = {f"label.{name}": value for name, value in (trace.baseline.treated if trace.baseline else {}).items()}
    address = reverse("api-rows", kwargs={"key": trace.kpi.key})
    return request.build_absolute_uri(f"{address}?{urlencode(span | labels)}")

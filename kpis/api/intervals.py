"""`kpis/{key}/intervals/`: a KPI's values over its measurement intervals, or longer and shorter ones."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from kpis.api import measurement_forms, spans
from kpis.api.permissions import Read, asker
from kpis.api.refusal import Refusal
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.plumbing import clock
from kpis.rollups.series import IntervalPoint, interval_values


class Intervals(APIView):
    """List the interval values of a KPI

    Oldest first. An interval without data is absent: it is a gap, not a zero. `provisional` values may still change.
    """

    permission_classes = [Read]

    @extend_schema(
        operation_id="kpis_intervals_list",
        responses=measurement_forms.INTERVALS,
        parameters=[
            spans.FROM,
            spans.TO,
            spans.LABELS,
            OpenApiParameter("interval", str, enum=Kpi.Interval.values, description="Default: the KPI's own."),
        ],
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        spans.refuse_unknown(request, {"from", "to", "interval"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        interval = _interval(request, kpi)
        points = interval_values(kpi, interval, start, end, where=spans.asked_labels(request), now=clock.now())
        answer = {
            "kpi": kpi.key,
            "unit": kpi.unit,
            "interval": interval,
            "results": [_shown(point, ZoneInfo(calendar.zone)) for point in points],
            "reasons": {f"results.{n}.value": point.reason for n, point in enumerate(points) if point.value is None},
        }
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def _interval(request: Request, kpi: Kpi) -> str:
    interval = request.query_params.get("interval") or kpi.interval
    if interval not in Kpi.Interval.values:
        sentence = _("An interval is one of: %(names)s.") % {"names": ", ".join(Kpi.Interval.values)}
        raise Refusal(400, "invalid_interval", sentence, attr="interval")
    return interval


def _shown(point: IntervalPoint, zone: ZoneInfo) -> dict[str, object]:
    """Bounds in the organisation's zone, where they are midnights."""
    bounds: dict[str, datetime] = {"start": point.start.astimezone(zone), "end": point.end.astimezone(zone)}
    return bounds | {
        "value": point.value,
        "count": point.count,
        "weight": point.weight,
        "complete": point.complete,
        "provisional": point.provisional,
    }

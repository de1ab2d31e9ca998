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

from kpis.api import measurement_forms, spans
from kpis.api.conditional import Conditional
from kpis.api.permissions import Read, asker
from kpis.api.refusal import Refusal
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.ingest.checking import LONGEST_LABEL_NAME
from kpis.measurements import retention
from kpis.plumbing import clock
from kpis.rollups.finality import gaps
from kpis.rollups.series import IntervalPoint, interval_values, interval_values_by_label


class Intervals(Conditional):
    """List the interval values of a KPI

    Oldest first. An interval without data is absent: it is a gap, not a zero; `gaps=true` names those in which data was
    due. `state` tells how far a value can be relied on: `provisional` may still change by itself; `incomplete` counts,
    but its source has been silent since; `complete` changes by late data only.
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
            OpenApiParameter("group_by", str, description="Name of a label: a value for each of its values (`group`)."),
            OpenApiParameter("gaps", bool, description="Also name the KPI's own intervals in which data was due."),
        ],
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        spans.refuse_unknown(request, {"from", "to", "interval", "group_by", "gaps"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        interval, group_by = _interval(request, kpi), _group_by(request)
        where, now, zone = spans.asked_labels(request), clock.now(), ZoneInfo(calendar.zone)
        if group_by:
            groups = interval_values_by_label(kpi, interval, start, end, name=group_by, where=where, now=now)
            shown = [(point, {"group": value}) for value, points in groups.items() for point in points]
        else:
            shown = [(point, {}) for point in interval_values(kpi, interval, start, end, where=where, now=now)]
        rows_from = retention.rows_from([kpi.pk]).get(kpi.pk)
        answer = {
            "kpi": kpi.key,
            "unit": kpi.unit,
            "interval": interval,
            **({"group_by": group_by} if group_by else {}),
            "results": [_shown(point, zone, rows_from) | group for point, group in shown],
            **({"gaps": _gaps(kpi, start, end, now, zone)} if spans.asked_flag(request, "gaps") else {}),
            "reasons": {
                f"results.{n}.value": point.reason for n, (point, _) in enumerate(shown) if point.value is None
            },
        }
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def _interval(request: Request, kpi: Kpi) -> str:
    interval = request.query_params.get("interval") or kpi.interval
    if interval not in Kpi.Interval.values:
        sentence = _("An interval is one of: %(names)s.") % {"names": ", ".join(Kpi.Interval.values)}
        raise Refusal(400, "invalid_interval", sentence, attr="interval")
    return interval


def _group_by(request: Request) -> str:
    name = request.query_params.get("group_by", "").removeprefix(spans.LABEL)
    if (
        len(name) > LONGEST_LABEL_NAME
        or spans.UNSTORABLE.search(name)
        or ("group_by" in request.query_params and not name)
    ):
        sentence = _("A label's name has 1 to %(most)d characters.") % {"most": LONGEST_LABEL_NAME}
        raise Refusal(400, "invalid_labels", sentence, attr="group_by")
    return name


def _gaps(kpi: Kpi, start: datetime, end: datetime, now: datetime, zone: ZoneInfo) -> list[dict[str, object]]:
    found = gaps(kpi, start, end, now=now)
    return [
        {"start": gap.start.astimezone(zone), "end": gap.end.astimezone(zone), "explanation": gap.explanation or None}
        for gap in found
    ]


def _shown(point: IntervalPoint, zone: ZoneInfo, rows_from: datetime | None) -> dict[str, object]:
    """Bounds in the organisation's zone, where they are midnights."""
    bounds: dict[str, datetime] = {"start": point.start.astimezone(zone), "end": point.end.astimezone(zone)}
    return bounds | {
        "value": point.value,
        "count": point.count,
        "weight": point.weight,
        "complete": point.complete,
        "provisional": point.provisional,
        "state": point.watermark,
        "rows_gone": rows_from is not None and point.start < rows_from,
    }

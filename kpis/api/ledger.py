"""`initiatives/{slug}/ledger/`: one entry for each value driver and interval, with everything it was computed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
from kpis.ledger import expiry, periods
from kpis.ledger.models import LedgerEntry, Period
from kpis.ledger.reading import entries_between
from kpis.measurements import retention


class Ledger(Conditional):
    """List the ledger entries of an initiative

    Oldest first, adjustments where they were booked. ± (counterfactual − actual) · volume · unit_factor ·
    unit_value · realisation · attribution to the cent is what the entry claims (`claimed`), and can be recomputed from
    it. `counted` is what of it counts: less where others draw on the same pool. `amount` is that, of an adjustment less
    all that was booked for the interval before. `as_of`: only what was booked by then.
    """

    permission_classes = [Read]

    @extend_schema(
        operation_id="initiatives_ledger_list",
        parameters=[spans.FROM, spans.TO, AS_OF, OpenApiParameter("page", int), OpenApiParameter("page_size", int)],
        responses={200: statement_forms.LEDGER},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        spans.refuse_unknown(request, {"from", "to", "as_of", "page", "page_size"})
        calendar = organisation.calendar()
        start, end = spans.asked_span(request, calendar)
        paging, zone = Paging(), ZoneInfo(calendar.zone)
        entries = entries_between(initiative, start, end, as_of=_asked_as_of(request))
        page = expiry.marked(paging.paginate_queryset(entries, request, view=self) or [])
        kept_from = retention.rows_from([entry.kpi_id for entry in page])
        closed = periods.closed_periods(is_sample=initiative.is_sample)
        shown = [_shown(entry, zone, request, kept_from) | _correcting(entry, closed, zone) for entry in page]
        return answered(paging.get_paginated_response(shown).data)


def _asked_as_of(request: Request) -> datetime | None:
    return asked_as_of(request) if "as_of" in request.query_params else None


def _correcting(entry: LedgerEntry, closed: list[Period], zone: ZoneInfo) -> dict[str, Any]:
    """Since when the entry counts and, of an adjustment, what it corrects and why."""
    holder = periods.holder_of(entry, closed)
    corrects = {"entry": entry.corrects_id, "period": holder.key if holder else None}
    return {
        "booked_at": entry.booked_at.astimezone(zone).isoformat(),
        "corrects": corrects if entry.status == LedgerEntry.Status.ADJUSTMENT else None,
        "causes": entry.causes,
    }


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
        "baseline_reconstructed": entry.baseline.is_reconstructed,
        "counterfactual": entry.counterfactual,
        "actual": entry.actual,
        "volume": entry.volume,
        "unit_factor": f"{entry.unit_factor.normalize():f}",
        "unit_value": f"{entry.unit_value.normalize():f}",
        "realisation": float(entry.realisation),
        "attribution": float(entry.attribution),
        "claimed": money(entry.claimed),
        "counted": money(entry.counted),
        "amount": money(entry.amount),
        "low": None if entry.low is None else money(entry.low),
        "high": None if entry.high is None else money(entry.high),
        "currency": entry.currency,
        "benefit_type": entry.benefit_type,
        "evidence_grade": entry.evidence_grade,
        "method": entry.method,
        "status": entry.status,
        "provisional": entry.provisional,
        "expired_assumptions": [assumption.name for assumption in entry.ran_out],
        "measurements": {"count": entry.measurements, "url": _rows(entry, request), "rows_gone": gone},
    }


def _rows(entry: LedgerEntry, request: Request) -> str:
    """Address of the measurements behind the actual value, of the treated group where there is a control group."""
    span = {"from": entry.interval_start.isoformat(), "to": entry.interval_end.isoformat()}
    labels = {f"label.{name}": value for name, value in entry.baseline.treated.items()}
    address = reverse("api-rows", kwargs={"key": entry.kpi.key})
    return request.build_absolute_uri(f"{address}?{urlencode(span | labels)}")

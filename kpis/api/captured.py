"""`initiatives/{slug}/captured/`: what of the freed time follow-up KPIs show, with everything it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from kpis.api import statement_forms
from kpis.api.booked import PARAMETERS, Booked, interval_of, rows_behind
from kpis.api.statements import money
from kpis.definitions.models import Initiative
from kpis.ledger.models import Trace
from kpis.ledger.trace_proving import needed_before
from kpis.ledger.traced import traces_between

NO_BASELINE = (
    "No baseline of the follow-up KPI is approved: the plain mean of its last intervals before go-live is used."
)


class Captured(Booked):
    """List what was traced of the freed time of an initiative

    Oldest first, adjustments where they were booked. The amount is the smaller of `saved` and (± (counterfactual −
    actual) − taken) · unit_factor · unit_value, at least zero, to the cent; of an adjustment it is what that comes to
    less all that was booked for the interval before. Part of the entries in `ledger/`, not added to them.
    """

    @extend_schema(
        operation_id="initiatives_captured_list", parameters=PARAMETERS, responses={200: statement_forms.TRACES}
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        return self.listed(request, slug)

    def rows(self, initiative: Initiative, start: datetime, end: datetime, as_of: datetime | None) -> QuerySet[Trace]:
        return traces_between(initiative, start, end, as_of=as_of)

    def shown(self, page: Sequence[Trace], initiative: Initiative, zone: ZoneInfo) -> list[dict[str, Any]]:
        return [_shown(trace, zone, self.request) for trace in page]


def _shown(trace: Trace, zone: ZoneInfo, request: Request) -> dict[str, Any]:
    treated = trace.baseline.treated if trace.baseline else {}
    return {
        "id": trace.pk,
        "interval": interval_of(trace, zone),
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
        "measurements": {"count": trace.measurements, "url": rows_behind(trace, treated, request)},
        "reasons": {} if trace.baseline else {"baseline": NO_BASELINE},
    }

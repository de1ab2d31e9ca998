"""`initiatives/{slug}/ledger/`: one entry for each value driver and interval, with everything it was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from kpis.ledger import expiry, periods
from kpis.ledger.models import LedgerEntry, Period
from kpis.ledger.reading import entries_between
from kpis.measurements import retention


class Ledger(Booked):
    """List the ledger entries of an initiative

    Oldest first, adjustments where they were booked. ± (counterfactual − actual) · volume · unit_factor ·
    unit_value · realisation · attribution to the cent is what the entry claims (`claimed`), and can be recomputed from
    it. `counted` is what of it counts: less where others draw on the same pool. `amount` is that, of an adjustment less
    all that was booked for the interval before. `as_of`: only what was booked by then.
    """

    @extend_schema(
        operation_id="initiatives_ledger_list", parameters=PARAMETERS, responses={200: statement_forms.LEDGER}
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        return self.listed(request, slug)

    def rows(
        self, initiative: Initiative, start: datetime, end: datetime, as_of: datetime | None
    ) -> QuerySet[LedgerEntry]:
        return entries_between(initiative, start, end, as_of=as_of)

    def shown(self, page: Sequence[LedgerEntry], initiative: Initiative, zone: ZoneInfo) -> list[dict[str, Any]]:
        entries = expiry.marked(page)
        kept_from = retention.rows_from([entry.kpi_id for entry in entries])
        closed = periods.closed_periods(is_sample=initiative.is_sample)
        return [_shown(entry, zone, self.request, kept_from) | _correcting(entry, closed, zone) for entry in entries]


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
        "interval": interval_of(entry, zone),
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
        "measurements": {
            "count": entry.measurements,
            "url": rows_behind(entry, entry.baseline.treated, request),
            "rows_gone": gone,
        },
    }

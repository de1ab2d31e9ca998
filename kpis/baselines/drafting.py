"""The next version of a KPI's baseline, written down as a draft: it counts once it is approved."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady
from kpis.definitions.models import Kpi

NINE_PLACES = Decimal("0.000000001")
LARGEST = Decimal(10) ** 15


@transaction.atomic
def write_draft(draft: Baseline, *, by: User | Token | None) -> Baseline:
    """Give the draft the KPI's next version and store it, with its row in the trail."""
    kpi = Kpi.objects.select_for_update(no_key=True).get(pk=draft.kpi_id)  # versions are handed out one at a time
    draft.version = (Baseline.objects.filter(kpi=kpi).aggregate(last=Max("version"))["last"] or 0) + 1
    draft.author = rights.person_behind(by) if by is not None else None
    draft.save(force_insert=True)
    details = {"method": draft.method, "value": str(draft.value), "intervals": draft.intervals}
    if draft.is_reconstructed:
        details["reconstructed_intervals"] = draft.reconstructed_intervals
    audit.record(f"baseline.{draft.method}", by=by, subject=subject_of(draft), details=details, at=draft.created_at)
    return draft


def subject_of(baseline: Baseline) -> str:
    """How the trail names it."""
    return f"baseline:{baseline.kpi.key}:{baseline.version}"


def nine_places(number: float | Decimal) -> Decimal:
    """In the KPI's unit, as it is stored. Refuses (BaselineNotReady) numbers without 15 digits' room or not finite."""
    exact = number if isinstance(number, Decimal) else Decimal(repr(float(number)))
    if not exact.is_finite() or abs(exact) >= LARGEST:
        raise BaselineNotReady("value_out_of_range", "The baseline's value is too large to be kept.")
    return exact.quantize(NINE_PLACES)

"""The baselines of a KPI as they stand, and what may no longer change once one of them is approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from kpis.access.models import Token, User
from kpis.baselines.models import Baseline
from kpis.definitions import changing, organisation
from kpis.definitions.changing import DEFINES_THE_MEASURE, ChangeRefused
from kpis.definitions.models import Initiative, Kpi


def versions_of(kpi: Kpi) -> QuerySet[Baseline]:
    """Every version, drafts too, the newest first, with its author and approver."""
    rows = Baseline.objects.filter(kpi=kpi).select_related("kpi__initiative", "author", "approved_by")
    return rows.order_by("-version")


@transaction.atomic
def withdraw(baseline: Baseline, *, by: User | Token | None, at: datetime) -> None:
    """Remove a draft. Refuses (ChangeRefused) an approved baseline: figures stand on it."""
    if Baseline.objects.select_for_update().get(pk=baseline.pk).approved_at is not None:
        raise ChangeRefused("baseline_is_frozen", "An approved baseline stays; a new version supersedes it.")
    changing.delete(baseline, by=by, at=at)


def refuse_other_measure(kpi: Kpi, fields: Mapping[str, Any]) -> None:
    """Refuses (ChangeRefused) that an approved baseline and later values would measure different things."""
    for name in sorted(DEFINES_THE_MEASURE & fields.keys()):
        if fields[name] != getattr(kpi, name) and versions_of(kpi).filter(approved_at__isnull=False).exists():
            sentence = "The KPI has an approved baseline that was measured so; define a new KPI for a new measure."
            raise ChangeRefused("kpi_has_an_approved_baseline", sentence, name)


def refuse_go_live_within(initiative: Initiative, go_live_on: date | None) -> None:
    """Refuses (ChangeRefused) a go-live before the end of an approved baseline's window: it would not be one."""
    if go_live_on is None or go_live_on == initiative.go_live_on:
        return
    live = organisation.calendar().local_midnight(go_live_on)
    late = Baseline.objects.filter(kpi__initiative=initiative, approved_at__isnull=False, window_end__gt=live)
    found = late.select_related("kpi").first()
    if found is not None:
        sentence = f"The approved baseline of {found.kpi.key} was measured until later than this go-live."
        raise ChangeRefused("go_live_within_a_baseline", sentence, "go_live_on")

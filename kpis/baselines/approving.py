"""Approving a baseline: by another than its author, while there is another who may."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.access.rights import Action
from kpis.baselines.comparability import standings_of
from kpis.baselines.drafting import subject_of
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi
from kpis.plumbing import wakeup
from kpis.rollups import rolling
from kpis.wording.reasons import reason

CALENDAR_CHANGED = "Days and longer intervals are cut otherwise since this draft was measured. Measure it anew."


class ApprovalRefused(Exception):
    """Says why, in words that the page shows; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@transaction.atomic
def approve(baseline: Baseline, *, by: User | Token, at: datetime) -> Baseline:
    """Freeze the baseline; it supersedes the lower versions from now on. Approving it again changes nothing.

    A token approves as the person who made it. Refuses (ApprovalRefused) who has not the right; the author, while
    another active person has it and sees the initiative; a version that a newer approved one has already superseded;
    a draft that was made when the KPI was measured otherwise.
    """
    baseline = Baseline.objects.select_for_update(of=("self",)).select_related("kpi").get(pk=baseline.pk)
    if baseline.approved_at is not None:
        return baseline
    person = rights.person_behind(by)
    if person is None or not rights.may(by, Action.APPROVE_BASELINES, baseline.kpi):
        raise ApprovalRefused("approval_not_yours", _("Baselines are approved by a controller or an administrator."))
    Kpi.objects.select_for_update(no_key=True).get(pk=baseline.kpi_id)  # what it means must not change meanwhile
    standing = standings_of([baseline])[baseline.pk]
    if standing.refused or (standing.calendar_changed and baseline.method == Baseline.Method.MEASURED):
        raise ApprovalRefused("baseline_of_another_version", reason(standing.refused or CALENDAR_CHANGED))
    if _is_superseded(baseline):
        raise ApprovalRefused("baseline_superseded", _("A newer version of this baseline is already approved."))
    by_author = baseline.author_id == person.pk
    if by_author and _another_may(baseline, than=person):
        sentence = _("A baseline is approved by another person than its author.")
        raise ApprovalRefused("approval_by_author", sentence)

    baseline.approved_at, baseline.approved_by, baseline.self_approved = at, person, by_author
    baseline.save(update_fields=["approved_at", "approved_by", "self_approved"])
    details = {"value": str(baseline.value), "self_approved": by_author}
    audit.record("baseline.approved", by=by, subject=subject_of(baseline), details=details, at=at)
    rolling.mark_dirty([baseline.kpi_id])
    wakeup.after_commit("kpis.bring_up_to_date")
    return baseline


def current(kpi: Kpi, as_of: datetime | None = None) -> Baseline | None:
    """The highest version that was approved by `as_of`; None: now."""
    return current_of([kpi.pk], as_of).get(kpi.pk)


def current_of(kpi_ids: Collection[int], as_of: datetime | None = None) -> dict[int, Baseline]:
    """The same for many KPIs, by KPI id; KPIs without an approved baseline are absent."""
    approved = Baseline.objects.filter(kpi__in=kpi_ids, approved_at__isnull=False)
    if as_of is not None:
        approved = approved.filter(approved_at__lte=as_of)
    return {baseline.kpi_id: baseline for baseline in approved.order_by("kpi_id", "version")}


def _is_superseded(baseline: Baseline) -> bool:
    newer = Baseline.objects.filter(kpi=baseline.kpi_id, version__gt=baseline.version, approved_at__isnull=False)
    return newer.exists()


def _another_may(baseline: Baseline, *, than: User) -> bool:
    """Whether another active person has the right and sees the initiative."""
    initiative = baseline.kpi.initiative_id
    return any(
        user.pk != than.pk and rights.sees(user, initiative) for user in rights.who_may(Action.APPROVE_BASELINES)
    )

"""Approving a business case: by another than its author, while there is another who may. It is frozen from then on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.access.rights import Action, Actor
from kpis.definitions.models import Initiative
from kpis.planning.drafting import subject_of
from kpis.planning.models import BusinessCase
from kpis.plumbing import changes


class CaseNotApprovable(Exception):
    """Says why, in words that the page shows; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@transaction.atomic
def approve(case: BusinessCase, *, by: User | Token, at: datetime) -> BusinessCase:
    """Freeze the case; it supersedes the lower versions from now on. Approving it again changes nothing.

    A token approves as the person who made it. Refuses (CaseNotApprovable) who has not the right; the author, while
    another active person has it and sees the initiative; a version that a newer approved one has superseded.
    """
    case = BusinessCase.objects.select_for_update(of=("self",)).select_related("initiative").get(pk=case.pk)
    if case.approved_at is not None:
        return case
    person = rights.person_behind(by)
    if person is None or not may_approve(by, case):
        sentence = _("Business cases are approved by a controller or an administrator.")
        raise CaseNotApprovable("approval_not_yours", sentence)
    if BusinessCase.objects.filter(
        initiative=case.initiative_id, version__gt=case.version, approved_at__isnull=False
    ).exists():
        sentence = _("A newer version of this business case is already approved.")
        raise CaseNotApprovable("business_case_superseded", sentence)
    by_author = case.author_id == person.pk
    if by_author and another_may(case, than=person):
        sentence = _("A business case is approved by another person than its author.")
        raise CaseNotApprovable("approval_by_author", sentence)
    case.approved_at, case.approved_by, case.self_approved = at, person, by_author
    case.save(update_fields=["approved_at", "approved_by", "self_approved"])
    audit.record("business_case.approved", by=by, subject=subject_of(case), details={"self_approved": by_author}, at=at)
    slug = case.initiative.slug
    changes.announce([("roi", slug, slug)])
    return case


def may_approve(who: Actor, case: BusinessCase) -> bool:
    return rights.may(who, Action.APPROVE_BUSINESS_CASES, case)


def another_may(case: BusinessCase, *, than: User) -> bool:
    """Whether another active person has the right and sees the initiative."""
    return any(
        user.pk != than.pk and rights.sees(user, case.initiative_id)
        for user in rights.who_may(Action.APPROVE_BUSINESS_CASES)
    )


def cases_of(initiative: Initiative) -> QuerySet[BusinessCase]:
    """Every version, drafts too, the newest first, with its people, benefits and costs."""
    rows = BusinessCase.objects.filter(initiative=initiative).select_related("initiative", "author", "approved_by")
    return rows.prefetch_related("benefits__driver__kpi", "costs").order_by("-version")


def approved_cases(initiatives: Sequence[Initiative], *, as_of: datetime) -> dict[int, BusinessCase]:
    """By initiative id, the highest version that was approved by then; initiatives without one are absent."""
    rows = BusinessCase.objects.filter(initiative__in=initiatives, approved_at__lte=as_of)
    found = rows.prefetch_related("benefits__driver__kpi", "costs").order_by("initiative_id", "version")
    return {case.initiative_id: case for case in found}

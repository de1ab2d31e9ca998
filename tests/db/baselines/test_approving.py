from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from kpis.access.models import AuditEvent
from kpis.baselines.approving import ApprovalRefused, approve, current, current_of
from kpis.baselines.models import Baseline
from kpis.rollups import rolling
from tests.factories import (
    AdministratorFactory,
    BaselineFactory,
    ControllerFactory,
    InitiativeFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    TokenFactory,
)

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def refusal(baseline, by) -> str:
    with pytest.raises(ApprovalRefused) as caught:
        approve(baseline, by=by, at=NOW)
    baseline.refresh_from_db()
    assert baseline.approved_at is None
    return caught.value.code


def test_a_controller_approves_what_another_wrote_and_it_is_said_who_and_when():
    baseline, controller = BaselineFactory(), ControllerFactory()

    approved = approve(baseline, by=controller, at=NOW)

    assert (approved.approved_at, approved.approved_by, approved.self_approved) == (NOW, controller, False)
    event = AuditEvent.objects.get()
    assert (event.what, event.actor) == ("baseline.approved", f"user:{controller.pk}")


def test_the_author_may_not_approve_while_another_person_may():
    author = ControllerFactory()
    AdministratorFactory()

    assert refusal(BaselineFactory(author=author), author) == "approval_by_author"


def test_the_author_may_approve_while_nobody_else_may_and_it_is_marked():
    author = ControllerFactory()
    ProductOwnerFactory()

    approved = approve(BaselineFactory(author=author), by=author, at=NOW)

    assert approved.self_approved
    assert AuditEvent.objects.get().details["self_approved"] is True


def test_a_colleague_who_has_left_does_not_stand_in_the_way():
    author = ControllerFactory()
    AdministratorFactory(is_active=False)

    assert approve(BaselineFactory(author=author), by=author, at=NOW).self_approved


def test_a_colleague_who_cannot_see_the_initiative_does_not_stand_in_the_way():
    author = ControllerFactory()
    ControllerFactory(initiatives=[InitiativeFactory()])

    assert approve(BaselineFactory(author=author), by=author, at=NOW).self_approved


def test_who_has_not_the_right_may_not_approve():
    assert refusal(BaselineFactory(), ProductOwnerFactory()) == "approval_not_yours"


def test_who_does_not_see_the_initiative_may_not_approve():
    assert refusal(BaselineFactory(), ControllerFactory(initiatives=[InitiativeFactory()])) == "approval_not_yours"


def test_a_token_approves_as_the_person_who_made_it():
    author = ControllerFactory()
    AdministratorFactory()

    token = TokenFactory(scopes=["manage"], created_by=author)

    assert refusal(BaselineFactory(author=author), token) == "approval_by_author"


def test_approving_again_changes_nothing():
    baseline, controller = BaselineFactory(), ControllerFactory()
    approve(baseline, by=controller, at=NOW)

    again = approve(baseline, by=AdministratorFactory(), at=LATER)

    assert (again.approved_at, again.approved_by) == (NOW, controller)
    assert AuditEvent.objects.count() == 1


def test_an_approved_baseline_never_changes():
    baseline = BaselineFactory(approved=True)

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Baseline.objects.filter(pk=baseline.pk).update(value=1)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Baseline.objects.filter(pk=baseline.pk).update(note="nicer")


def test_the_highest_approved_version_counts():
    first = BaselineFactory(approved=True)
    second = BaselineFactory(kpi=first.kpi, version=2)

    assert current(first.kpi) == first
    approve(second, by=ControllerFactory(), at=LATER)
    assert current(first.kpi) == second


def test_as_of_an_earlier_day_the_version_counts_that_was_approved_by_then():
    first = BaselineFactory(approved=True)
    approve(BaselineFactory(kpi=first.kpi, version=2), by=ControllerFactory(), at=LATER)

    assert current(first.kpi, as_of=NOW) == first
    assert current(first.kpi, as_of=first.approved_at - timedelta(seconds=1)) is None


def test_a_version_that_a_newer_one_has_superseded_cannot_be_approved_any_more():
    old = BaselineFactory()
    BaselineFactory(kpi=old.kpi, version=2, approved=True)

    assert refusal(old, ControllerFactory()) == "baseline_superseded"


def test_an_approval_leaves_the_kpi_to_be_evaluated():
    OrganisationFactory()
    baseline = BaselineFactory()

    approve(baseline, by=ControllerFactory(), at=NOW)

    assert rolling.waiting_for_evaluation(now=NOW).keys() == {baseline.kpi_id}


def test_many_kpis_are_asked_for_in_one_query(django_assert_num_queries):
    approved = [BaselineFactory(approved=True) for _ in range(3)]
    draft = BaselineFactory()
    with django_assert_num_queries(1):
        found = current_of([b.kpi_id for b in [*approved, draft]])

    assert found == {b.kpi_id: b for b in approved}

"""Owners are told by mail that a baseline will not suffice: once for each turn to the worse, in their language."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kpis.digests import baseline_warnings
from kpis.digests.models import BaselineWarning
from kpis.plumbing.models import OutboxMail
from kpis.rollups import rolling
from tests.db.rollups.conftest import arrive
from tests.factories import (
    AdministratorFactory,
    ArrivalFactory,
    BaselineFactory,
    InitiativeFactory,
    KpiFactory,
    MeasurementFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    SeriesFactory,
    UserFactory,
)

__all__ = ["arrive"]

GO_LIVE = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(name="Musterwerk Pumps", zone="Europe/Berlin")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", name="Support triage", owner="dana@company.example", go_live_on=GO_LIVE)


@pytest.fixture
def kpi(initiative):
    return KpiFactory(initiative=initiative, slug="time", name="Handling time")


@pytest.fixture
def dana():
    return ProductOwnerFactory(username="dana")


@pytest.fixture
def measured(arrive):
    def measured(kpi, first, count):
        at = [datetime(first.year, first.month, first.day, 11, tzinfo=UTC) + timedelta(days=k) for k in range(count)]
        arrive(SeriesFactory(kpi=kpi), [(instant, 14.0) for instant in at])
        rolling.roll_up_arrivals(at_most=10)

    return measured


def morning(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 8, tzinfo=UTC)


def due(at: datetime) -> list[OutboxMail]:
    before = set(OutboxMail.objects.values_list("pk", flat=True))
    count = baseline_warnings.write_due(at=at)
    mails = list(OutboxMail.objects.exclude(pk__in=before).order_by("pk"))
    assert len(mails) == count
    return mails


def test_the_owner_is_told_what_is_missing_and_what_can_still_be_done(measured, kpi, dana):
    measured(kpi, date(2026, 2, 16), 9)

    (mail,) = due(morning(2, 26))

    assert (mail.recipient, mail.subject) == (dana.email, "Support triage: a baseline will not suffice")
    for form in (mail.text, mail.html):
        assert "9 of 28\u00a0days measured; go-live in 4 days. You will not be able to prove this." in form
        assert "/kpis/support.time/" in form
        assert "go live later" in form


def test_the_same_is_never_told_twice_and_what_gets_worse_is_told_again(measured, kpi, dana):
    measured(kpi, date(2026, 2, 2), 10)

    assert [m.subject for m in due(morning(2, 12))] == ["Support triage: a baseline will just suffice"]
    assert due(morning(2, 12)) == due(morning(2, 13)) == []
    assert [m.subject for m in due(morning(2, 20))] == ["Support triage: a baseline will not suffice"]
    assert due(morning(2, 21)) == due(morning(3, 1)) == []
    assert [m.subject for m in due(morning(3, 3))] == ["Support triage: a KPI is live without a baseline"]
    assert due(morning(3, 20)) == []


def test_what_gets_better_in_between_is_not_told_again(measured, kpi, dana):
    measured(kpi, date(2026, 2, 9), 3)
    assert len(due(morning(2, 14))) == 1
    measured_before = datetime(2026, 1, 26, 11, tzinfo=UTC)
    series = kpi.series.get()
    for k in range(14):
        MeasurementFactory(series=series, at=measured_before + timedelta(days=k), value=14.0)
        ArrivalFactory(series=series, slots=[int((measured_before + timedelta(days=k)).timestamp()) // 900])
    rolling.roll_up_arrivals(at_most=100)

    assert due(morning(2, 16)) == due(morning(2, 24)) == []


def test_another_go_live_is_another_matter(measured, kpi, dana, initiative):
    measured(kpi, date(2026, 2, 16), 9)
    assert len(due(morning(2, 26))) == 1

    initiative.go_live_on = date(2026, 3, 9)
    initiative.save()

    assert len(due(morning(2, 27))) == 1


def test_several_kpis_of_one_initiative_share_a_mail(kpi, dana):
    KpiFactory(initiative=kpi.initiative, slug="share", name="Share solved")

    (mail,) = due(morning(2, 26))

    assert mail.subject == "Support triage: baselines will not suffice"
    assert "Handling time" in mail.text
    assert "Share solved" in mail.text
    assert BaselineWarning.objects.count() == 2


def test_german_readers_get_german(kpi):
    ProductOwnerFactory(username="dana", language="de")

    (mail,) = due(morning(2, 26))

    assert mail.headers["Content-Language"] == "de"
    assert "0 gemessen, nötig sind 28\u00a0Tage" in mail.text
    assert "wird sich das nicht belegen lassen" in mail.text


# -- who --------------------------------------------------------------------------------------------------------------


def test_an_owner_is_found_by_name_too(kpi, initiative):
    owner = UserFactory(first_name="Dana", last_name="Olsen")
    ProductOwnerFactory()
    initiative.owner = "dana olsen"

    assert baseline_warnings.people_of(initiative) == [owner]


def test_without_a_known_owner_those_who_may_manage_the_initiative_are_told(initiative):
    initiative.owner = "Head of Service"
    manager, administrator = ProductOwnerFactory(), AdministratorFactory()
    UserFactory(), ProductOwnerFactory(is_active=False)
    ProductOwnerFactory(initiatives=[InitiativeFactory()])

    assert baseline_warnings.people_of(initiative) == [manager, administrator]


def test_an_owner_who_does_not_see_the_initiative_is_not_told(initiative):
    ProductOwnerFactory(username="dana", initiatives=[InitiativeFactory()])

    assert baseline_warnings.people_of(initiative) == []


def test_an_address_that_is_no_users_gets_no_mail(kpi, initiative):
    initiative.owner = "someone@elsewhere.example"
    initiative.save()

    assert due(morning(2, 26)) == []


# -- when not ---------------------------------------------------------------------------------------------------------


def test_sample_initiatives_are_not_mailed_about(kpi, dana, initiative):
    initiative.is_sample = True
    initiative.save()

    assert due(morning(2, 26)) == []


@pytest.mark.parametrize("method", ["measured", "declared"])
def test_an_approved_baseline_of_either_kind_settles_it(kpi, dana, method):
    BaselineFactory(kpi=kpi, approved=True, declared=method == "declared")

    assert due(morning(2, 26)) == due(morning(3, 3)) == []


def test_what_went_live_long_ago_is_not_brought_up(kpi, dana):
    assert due(morning(3, 31)) == []


def test_what_started_with_its_go_live_has_no_time_before_to_be_measured(kpi, dana, initiative):
    initiative.started_on = GO_LIVE
    initiative.save()
    assert due(morning(3, 3)) == []

    initiative.started_on = None
    initiative.save()
    assert len(due(morning(3, 3))) == 1


def test_while_it_will_suffice_nobody_is_mailed(measured, kpi, dana):
    measured(kpi, date(2026, 1, 19), 20)

    assert due(morning(2, 9)) == []


def test_what_is_measured_and_waits_for_approval_needs_no_warning(measured, kpi, dana):
    measured(kpi, date(2026, 1, 19), 42)
    BaselineFactory(kpi=kpi)

    assert due(morning(3, 3)) == []

"""The made-up company can be taken out from the page that shows it: all of it, by who may, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from kpis.access.models import AuditEvent, User
from kpis.definitions.models import Initiative, Kpi
from kpis.digests.models import Digest
from kpis.sample import seeding
from tests.factories import DigestFactory, InitiativeFactory, KpiFactory, UserFactory, ValueDriverFactory

NOW = datetime(2026, 6, 8, 5, tzinfo=UTC)


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(client, path, status=200, **options):
    response = client.get(path, **options)
    assert response.status_code == status
    return unescape(response.content.decode())


@pytest.fixture
def administrator():
    return client_of(UserFactory(role=User.Role.ADMINISTRATOR))


@pytest.fixture
def house():
    """One made-up initiative with a KPI and a digest beside one of the house's own."""
    made_up = KpiFactory(initiative=InitiativeFactory(name="Answer drafts", is_sample=True))
    DigestFactory(name="Committee", is_sample=True)
    DigestFactory(name="Ours", is_sample=False)
    return made_up, KpiFactory(initiative=InitiativeFactory(name="Invoice reading"))


def test_the_band_leads_to_the_removal_for_who_may_remove(administrator, house):
    assert 'href="/sample/">Remove sample' in text_of(administrator, "/")
    viewer = client_of(UserFactory())
    seen = text_of(viewer, "/")
    assert "these figures are made up" in seen
    assert "/sample/" not in seen


@pytest.mark.parametrize("role", [role for role in User.Role if role != User.Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_removes_it(role, house):
    client = client_of(UserFactory(role=role))
    text_of(client, "/sample/", status=403)
    assert client.post("/sample/").status_code == 403
    assert Initiative.objects.count() == 2


def test_it_asks_first_and_says_what_goes(administrator, house):
    asked = text_of(administrator, "/sample/")
    assert "Answer drafts" in asked
    assert "Invoice reading" not in asked
    assert Initiative.objects.count() == 2


def test_the_made_up_goes_and_the_rest_stays(administrator, house):
    told = administrator.post("/sample/", follow=True)
    assert "The sample is gone: 1 initiative." in unescape(told.content.decode())
    assert list(Kpi.objects.all()) == [house[1]]
    assert [digest.name for digest in Digest.objects.all()] == ["Ours"]
    assert AuditEvent.objects.filter(what="sample.removed").count() == 1
    assert "made up" not in text_of(administrator, "/")


def test_what_rests_on_the_sample_is_named_and_nothing_is_removed(administrator, house):
    made_up, own = house
    ValueDriverFactory(initiative=own.initiative, kpi=own, volume_kpi=made_up, name="Hours saved")
    told = unescape(administrator.post("/sample/", follow=True).content.decode())
    assert "Something of your own still rests on the sample" in told
    assert "Hours saved" in told
    assert Initiative.objects.count() == 2
    assert Digest.objects.count() == 2


def test_without_a_sample_there_is_nothing_to_remove(administrator):
    KpiFactory()
    assert "There is no sample here." in text_of(administrator, "/sample/", follow=True)
    assert administrator.post("/sample/").status_code == 302
    assert not AuditEvent.objects.filter(what="sample.removed").exists()


def test_once_removed_it_does_not_come_back_with_the_next_start(administrator):
    KpiFactory(initiative=InitiativeFactory(is_sample=True))
    administrator.post("/sample/")
    assert not Initiative.objects.exists()
    assert seeding.ensure_sample(at=NOW) is False
    assert not Initiative.objects.exists()

"""The page of the proof file: it is offered where figures are, and says whether a file is ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation

from kpis.exports.proof.making import make_proof
from tests.factories import InitiativeFactory, OrganisationFactory, PeriodFactory, TokenFactory, UserFactory

NOW = datetime(2026, 4, 20, 9, tzinfo=UTC)
ADDRESS = "/initiatives/support/proof/"


@pytest.fixture(autouse=True)
def house(at):
    OrganisationFactory(zone="UTC")
    with at(NOW):
        yield


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", name="Support <b>")


@pytest.fixture
def reader(initiative):
    client = Client()
    client.force_login(UserFactory(username="dana"))
    return client


def text_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_is_offered_on_the_page_of_the_initiative_and_of_a_period_that_is_over(reader, initiative):
    PeriodFactory(account={"support": {
        "entries": 0, "benefit": "0.00", "adjustments": 0, "adjusted": "0.00", "cost": "9.00", "currency": "EUR",
    }})  # fmt: skip
    assert f'href="{ADDRESS}"' in text_of(reader, "/initiatives/support/")
    assert "/initiatives/support/proof.zip?period=2026-03" in text_of(reader, "/periods/2026-03/")
    assert '<option value="2026-03">March 2026</option>' in text_of(reader, ADDRESS)


def test_a_file_is_known_by_its_digest_and_a_forged_one_is_not(reader):
    answer = reader.get("/initiatives/support/proof.zip")
    assert answer["Content-Type"] == "application/zip"
    assert b"".join(answer.streaming_content).startswith(b"PK")
    page = text_of(reader, ADDRESS)
    digest = page.split('<code class="small">')[1][:64]

    assert "<b>Yes.</b>" in text_of(reader, f"{ADDRESS}?digest=%20{digest.upper()}%0A")
    assert "<b>No.</b>" in text_of(reader, f"{ADDRESS}?digest={'0' * 64}")
    assert "<b>No.</b>" in text_of(reader, f"{ADDRESS}?digest=%00<script>")
    assert "<script>alert" not in text_of(reader, f"{ADDRESS}?digest=<script>alert(1)</script>")


def test_who_took_it_stands_on_the_page_a_system_by_its_token(reader, initiative):
    make_proof(initiative, None, by=TokenFactory(name="Auditors"), at=NOW)
    assert "Auditors" in text_of(reader, ADDRESS)


def test_of_a_running_month_the_page_says_why_there_is_none(reader):
    answer = reader.get("/initiatives/support/proof.zip?period=2026-04", follow=True)
    assert "The period is not over yet." in answer.content.decode()


@pytest.mark.parametrize("address", [ADDRESS, "/initiatives/support/proof.zip"])
def test_what_is_not_in_sight_is_not_found_and_nobody_without_a_sign_in_gets_it(initiative, address):
    stranger = Client()
    stranger.force_login(UserFactory(initiatives=[InitiativeFactory()]))
    assert stranger.get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert Client().post(address).status_code in {302, 405}


@pytest.mark.parametrize("key", ["2026-13", "sample-2026-03", "x"])
def test_an_unknown_period_is_not_found(reader, key):
    assert reader.get(f"/initiatives/support/proof.zip?period={key}").status_code == 404


def test_it_speaks_german(initiative):
    client = Client(headers={"accept-language": "de"})
    client.force_login(UserFactory(language="de"))
    with translation.override("en"):  # what the request leaves behind in this thread
        assert "Nachweisdatei herunterladen" in text_of(client, ADDRESS)

"""`kpis/{key}/baseline-clock/`, and the same words on the pages of the KPI and of its initiative."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation
from openapi_schema_validator import OAS31Validator

from kpis.api.baseline_clock import FORM
from kpis.rollups import rolling
from tests.db.rollups.conftest import arrive
from tests.factories import (
    BaselineFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    SeriesFactory,
)

__all__ = ["arrive"]

URL = "/api/v1/kpis/support.time/baseline-clock/"
SAID = "9 of 28\u00a0days measured; go-live in 4 days. You will not be able to prove this."


@pytest.fixture(autouse=True)
def today(at):
    OrganisationFactory(zone="Europe/Berlin")
    with at(datetime(2026, 2, 26, 8, tzinfo=UTC)):
        yield


@pytest.fixture
def kpi(arrive):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support", go_live_on=date(2026, 3, 2)), slug="time")
    noon = datetime(2026, 2, 16, 11, tzinfo=UTC)
    arrive(SeriesFactory(kpi=kpi), [(noon + timedelta(days=k), 14.0) for k in range(9)])
    rolling.roll_up_arrivals(at_most=10)
    return kpi


def test_the_clock_is_told_in_numbers_and_in_words(kpi, client_with):
    answer = client_with("read").get(URL).json()

    OAS31Validator(FORM).validate(answer)
    assert (answer["state"], answer["intervals"], answer["needed"]) == ("will_not_suffice", 9, 28)
    assert (answer["first_on"], answer["go_live_on"], answer["days_left"]) == ("2026-02-16", "2026-03-02", 4)
    assert (answer["pace"], answer["enough_on"], answer["archive"]) == (1.0, "2026-03-16", None)
    assert answer["message"] == SAID


def test_with_an_approved_measured_baseline_there_is_nothing_to_wait_for(kpi, client_with):
    BaselineFactory(kpi=kpi, approved=True)

    answer = client_with("read").get(URL).json()

    OAS31Validator(FORM).validate(answer)
    assert (answer["state"], answer["intervals"], answer["message"]) == ("settled", None, "")


def test_after_go_live_it_names_the_days_that_an_archive_must_fill(kpi, client_with, at):
    with at(datetime(2026, 3, 20, 8, tzinfo=UTC)):
        answer = client_with("read").get(URL).json()

    assert (answer["state"], answer["archive"]) == ("missed", {"first": "2026-02-02", "last": "2026-03-01"})


def test_what_one_may_not_see_is_not_there(kpi, client_with):
    assert client_with("read", initiatives=[InitiativeFactory()]).get(URL).status_code == 404
    assert client_with("ingest").get(URL).status_code == 403


@pytest.mark.parametrize("path", ["/kpis/support.time/", "/initiatives/support/"])
def test_the_pages_say_the_same(kpi, path):
    client = Client()
    client.force_login(ProductOwnerFactory())

    assert SAID in client.get(path).content.decode()


def test_in_german_too(kpi):
    client = Client(headers={"accept-language": "de"})
    client.force_login(ProductOwnerFactory(language="de"))

    with translation.override("en"):  # what the request leaves behind in this thread
        said = client.get("/kpis/support.time/").content.decode()

    assert "9 gemessen, nötig sind 28\u00a0Tage; Start in 4 Tagen. So wird sich das nicht belegen lassen." in said

"""`kpis/{key}/peers/` and the block on the page of a KPI: units beside units, and nothing of too few."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.utils import translation
from openapi_schema_validator import OAS31Validator

from kpis.api.peers import PEERS
from tests.db.evaluation.test_peers import NOW, unit
from tests.factories import InitiativeFactory, OrganisationFactory, UserFactory


@pytest.fixture(autouse=True)
def now(at):
    OrganisationFactory(zone="Europe/Berlin")
    with at(NOW):
        yield


@pytest.fixture
def own():
    return unit("Own", 10)


def asked(api, kpi):
    answer = api.get(f"/api/v1/kpis/{kpi.key}/peers/")
    assert answer.status_code == 200
    OAS31Validator(PEERS).validate(answer.json())
    (found,) = answer.json()["results"]
    return found


def page_of(kpi, language="en"):
    client = Client(HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(UserFactory(language=language))
    with translation.override("en"):  # what the request leaves behind in this thread
        return unescape(client.get(f"/kpis/{kpi.key}/").content.decode()).replace("\xa0", " ")


def test_among_enough_units_there_is_a_place_and_no_name(client_with, own):
    for number, minutes in enumerate([6, 8, 9, 12, 14]):
        unit(f"Secret {number}", minutes)

    found = asked(client_with("read"), own)

    assert (found["value"], found["unit"], found["units"], found["percentile"]) == (10.0, "min", 5, 0.42)
    assert found["quartiles"] == {"p25": 8.0, "p50": 9.0, "p75": 12.0}
    assert found["sentence"].replace("\xa0", " ") == "Better than 42% of 5 other business units."
    page = page_of(own)
    assert "Better than 42% of 5 other business units." in page
    assert "Secret" not in page
    assert "Besser als 42 % von 5 anderen Bereichen." in page_of(own, "de")


def test_of_too_few_units_neither_figure_nor_number_leaks(client_with, own):
    for number in range(4):
        unit(f"Unit {number}", 77)
    found = asked(client_with("read"), own)
    assert [found[name] for name in ("units", "quartiles", "position", "percentile")] == [None] * 4
    assert set(found["reasons"]) == {"units", "quartiles", "position", "percentile"}
    assert "77" not in str(found)
    assert "at least 5 others" in page_of(own)


def test_a_kpi_without_a_chosen_metric_has_no_peers_and_what_is_not_in_sight_does_not_exist(client_with, own):
    own.comparisons.all().delete()
    client = client_with("read")
    assert client.get(f"/api/v1/kpis/{own.key}/peers/").json() == {"kpi": own.key, "results": []}
    assert "Between our business units" not in page_of(own)
    assert client.get(f"/api/v1/kpis/{own.key}/peers/?unit=x").status_code == 400
    limited = client_with("read", initiatives=[InitiativeFactory()])
    assert limited.get(f"/api/v1/kpis/{own.key}/peers/").status_code == 404

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.api.statement_forms import LEDGER
from tests.factories import (
    BaselineFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    ValueDriverFactory,
)

ADDRESS = "/api/v1/initiatives/support/ledger/"


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support")


@pytest.fixture
def driver(initiative):
    return ValueDriverFactory(kpi=KpiFactory(initiative=initiative, slug="time"), name="Minutes saved")


@pytest.fixture
def reader(client_with):
    return client_with("read")


def book(driver, day: int, **more):
    """One entry for a day of March 2026, from midnight to midnight in Berlin."""
    start, end = (datetime(2026, 3, day - 1 + k, 23, tzinfo=UTC) for k in (0, 1))
    given = {"baseline": driver.kpi.baselines.first() or BaselineFactory(kpi=driver.kpi, approved=True)} | more
    return LedgerEntryFactory(driver=driver, interval_start=start, interval_end=end, **given)


def read(client, query="", status=200):
    answer = client.get(f"{ADDRESS}{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_an_entry_is_told_with_all_that_its_amount_follows_from(reader, driver):
    book(driver, 3, low=None)

    answer = read(reader)

    OAS31Validator(LEDGER).validate(answer)
    (entry,) = answer["results"]
    assert entry["interval"] == {"start": "2026-03-03T00:00:00+01:00", "end": "2026-03-04T00:00:00+01:00"}
    assert (entry["kpi"], entry["driver"]) == ("support.time", {"id": driver.pk, "name": "Minutes saved"})
    exact = (Decimal(str(entry["counterfactual"])) - Decimal(str(entry["actual"]))) * Decimal(str(entry["volume"]))
    exact *= Decimal(entry["unit_factor"]) * Decimal(entry["unit_value"])
    exact *= Decimal(str(entry["realisation"])) * Decimal(str(entry["attribution"]))
    assert round(exact, 2) == Decimal(entry["amount"]) == Decimal("106.17")
    assert (entry["low"], entry["high"], entry["currency"]) == (None, "130.00", "EUR")


def test_the_way_to_the_rows_leads_to_the_treated_group_of_the_interval(reader, driver):
    baseline = BaselineFactory(kpi=driver.kpi, approved=True, treated={"team": "north"})
    book(driver, 3, baseline=baseline)

    url = read(reader)["results"][0]["measurements"]["url"]

    assert "/kpis/support.time/measurements/?from=2026-03-02T23" in url
    assert "label.team=north" in url
    assert reader.get(url).status_code == 200


def test_entries_come_oldest_first_and_only_those_that_overlap_the_span(reader, driver):
    for day in (5, 3, 4):
        book(driver, day, amount=Decimal(day))

    assert [e["amount"] for e in read(reader)["results"]] == ["3.00", "4.00", "5.00"]
    assert [e["amount"] for e in read(reader, "?from=2026-03-04&to=2026-03-05")["results"]] == ["4.00"]
    assert read(reader, "?to=2026-03-03")["count"] == 0


def test_the_list_is_paged(reader, driver):
    for day in range(3, 8):
        book(driver, day)

    first = read(reader, "?page_size=2")

    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    assert "page=2" in first["next"]


@pytest.mark.parametrize(
    ("query", "code"), [("?until=2026-03-01", "unknown_parameter"), ("?from=March", "invalid_time")]
)
def test_what_is_not_understood_is_refused_and_named(reader, initiative, query, code):
    assert [error["code"] for error in read(reader, query, status=400)["errors"]] == [code]


def test_an_initiative_that_is_unknown_or_out_of_sight_does_not_exist(client_with, driver):
    stranger = client_with("read", initiatives=[InitiativeFactory()])

    assert read(stranger, status=404)["status"] == 404
    assert stranger.get("/api/v1/initiatives/nowhere/ledger/").json()["status"] == 404


def test_a_token_that_only_sends_may_not_read_and_nobody_reads_without_one(client_with, initiative):
    sender, nobody = client_with("ingest"), client_with("read")
    nobody.credentials()

    assert read(sender, status=403)["errors"][0]["code"] == "missing_scope"
    assert read(nobody, status=401)["status"] == 401

"""`initiatives/{slug}/captured/`: what follow-up KPIs show of freed time, with all that it follows from."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.api.statement_forms import TRACES
from tests.factories import (
    BaselineFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    PeriodFactory,
    TraceFactory,
    ValueDriverFactory,
)

ADDRESS = "/api/v1/initiatives/support/captured/"


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC")


@pytest.fixture
def overtime():
    initiative = InitiativeFactory(slug="support")
    return KpiFactory(initiative=initiative, slug="overtime", unit="h", aggregation="sum", interval="month")


@pytest.fixture
def driver(overtime):
    kpi = KpiFactory(initiative=overtime.initiative, slug="time")
    return ValueDriverFactory(kpi=kpi, captured_by=overtime, is_freed_time=True, name="Minutes saved")


@pytest.fixture
def reader(client_with):
    return client_with("read")


def read(client, query="", status=200):
    answer = client.get(f"{ADDRESS}{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_trace_is_told_with_all_that_its_amount_follows_from(reader, driver):
    TraceFactory(driver=driver)

    answer = read(reader)

    OAS31Validator(TRACES).validate(answer)
    (row,) = answer["results"]
    assert row["interval"] == {"start": "2026-03-01T00:00:00+00:00", "end": "2026-04-01T00:00:00+00:00"}
    assert (row["kpi"], row["driver"]["name"]) == ("support.overtime", "Minutes saved")
    assert (row["counterfactual"], row["actual"], row["taken"]) == (110.0, 107.0, 0.0)
    assert (row["unit_factor"], row["unit_value"], row["saved"], row["amount"]) == ("1", "60", "240.00", "180.00")
    assert (row["basis"], row["intervals_before"], row["intervals_needed"]) == ("plain_difference", 4, 12)
    assert row["baseline"] is None and "plain mean" in row["reasons"]["baseline"]
    assert "/kpis/support.overtime/measurements/?from=2026-03-01" in row["measurements"]["url"]


def test_an_approved_baseline_is_named_by_its_version(reader, driver, overtime):
    TraceFactory(driver=driver, basis="baseline", baseline=BaselineFactory(kpi=overtime, approved=True, version=3))
    (row,) = read(reader)["results"]
    assert (row["baseline"], row["reasons"]) == (3, {})


def test_an_adjustment_says_what_it_corrects_and_since_when_it_counts(reader, driver):
    first = TraceFactory(driver=driver)
    PeriodFactory()
    booked_at = datetime(2026, 4, 20, 9, tzinfo=UTC)
    TraceFactory(
        driver=driver,
        status="adjustment",
        corrects=first,
        causes=["saving"],
        amount=Decimal(-60),
        computed_at=booked_at,
    )
    first, second = read(reader)["results"]
    assert (second["amount"], second["corrects"], second["causes"]) == ("-60.00", first["id"], ["saving"])
    assert second["booked_at"] == "2026-04-20T09:00:00+00:00"
    assert len(read(reader, "?as_of=2026-04-19")["results"]) == 1
    assert read(reader, "?to=2026-03-01")["count"] == 0


def test_traces_of_what_one_may_not_see_are_not_found(client_with, driver):
    TraceFactory(driver=driver)
    assert read(client_with("read", initiatives=[InitiativeFactory()]), status=404)["status"] == 404
    assert read(client_with("ingest"), status=403)["status"] == 403


@pytest.mark.parametrize("query", ["?asof=2026-01-01", "?from=soon"])
def test_what_is_not_understood_is_refused(reader, driver, query):
    assert read(reader, query, status=400)["errors"]


def test_what_is_traced_is_not_freed_in_roi_portfolio_and_period(reader, driver):
    LedgerEntryFactory(
        driver=driver,
        amount=Decimal("240.00"),
        interval_start=datetime(2026, 3, 9, tzinfo=UTC),
        interval_end=datetime(2026, 3, 16, tzinfo=UTC),
    )
    from kpis.evaluation.models import Effect

    Effect.objects.create(
        kpi=driver.kpi, baseline=driver.kpi.baselines.get(), as_of=datetime(2026, 4, 2, tzinfo=UTC), verdict="improved"
    )
    TraceFactory(driver=driver)
    for path, of in (("initiatives/support/roi/", lambda a: a), ("portfolio/", lambda a: a["totals"])):
        benefits = of(reader.get(f"/api/v1/{path}?as_of=2026-05-01").json())["benefits"]
        assert (benefits["direct"], benefits["captured"], benefits["freed"]) == ("240.00", "180.00", "60.00")
    (account,) = reader.get("/api/v1/periods/2026-03/").json()["accounts"]
    assert (account["benefit"], account["captured"], account["freed"]) == ("240.00", "180.00", "60.00")


def test_a_follow_up_that_shows_nothing_is_refused_with_a_code(client_with, driver):
    manager = client_with("read", "manage")
    answer = manager.patch(f"/api/v1/value-drivers/{driver.pk}/", {"captured_by": "support.time"}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "follow_up_is_its_own")
    assert answer.json()["errors"][0]["attr"] == "captured_by"

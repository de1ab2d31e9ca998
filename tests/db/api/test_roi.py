from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openapi_schema_validator import OAS31Validator

from kpis.api.variant_forms import PORTFOLIO, RETURN
from tests.db.roi.conftest import AS_OF, book, driver
from tests.factories import CostEntryFactory, InitiativeFactory, OrganisationFactory, PoolFactory

__all__ = ["book", "driver"]


@pytest.fixture(autouse=True)
def house(at):
    with at(AS_OF):
        yield OrganisationFactory(zone="Europe/Berlin", reporting_currency="EUR")


@pytest.fixture
def initiative(driver, book):
    """800 € spent on the 1st of March. 300 € came back on the 3rd and 700 € on the 4th of March."""
    initiative = InitiativeFactory(slug="support", name="Support", business_unit="Service")
    saved = driver(initiative, is_freed_time=True)
    book(saved, "2026-03-03", "300.00", evidence_grade="A")
    book(saved, "2026-03-04", "700.00", provisional=True)
    CostEntryFactory(initiative=initiative, amount=Decimal("800.00"), on=date(2026, 3, 1))
    return initiative


@pytest.fixture
def reader(client_with):
    return client_with("read")


def read(client, query="", status=200, path="initiatives/support/roi"):
    answer = client.get(f"/api/v1/{path}/{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_money_is_text_shares_are_numbers_and_the_parts_add_up(reader, initiative):
    answer = read(reader)

    OAS31Validator(RETURN).validate(answer)
    assert (answer["currency"], answer["invested"], answer["net"], answer["roi"]) == ("EUR", "800.00", "200.00", 0.25)
    assert answer["benefits"] == {
        "direct": "1000.00",
        "indirect": "0.00",
        "total": "1000.00",
        "freed": "1000.00",
        "captured": "0.00",
    }
    assert answer["evidence"] == {"A": "300.00", "B": "0.00", "C": "700.00", "D": "0.00"}
    assert (answer["provisional"], answer["provisional_amount"]) == (True, "700.00")


def test_the_range_has_its_confidence_and_holds_what_it_is_the_range_of(reader, initiative):
    found = read(reader)["range"]

    assert {"confidence", "roi_low", "roi_high", "net_low", "net_high"} <= found.keys()
    assert found["confidence"] == 0.8
    assert Decimal(found["net_low"]) < Decimal(found["net_high"])
    assert found["roi_low"] < found["roi_high"]


def test_as_of_a_day_in_the_past_what_came_later_is_not_known_yet(reader, initiative):
    early = read(reader, "?as_of=2026-03-04")

    assert (early["invested"], early["benefits"]["total"]) == ("800.00", "300.00")
    assert (early["roi"], early["provisional"]) == (-0.625, False)
    assert early["as_of"] == "2026-03-05T00:00:00+01:00"
    assert early["payback_on"] is None


def test_of_a_day_ahead_only_what_is_known_now_is_told(reader, initiative):
    assert read(reader, "?as_of=2031-01-01") == read(reader)


def test_before_anything_flowed_each_missing_number_is_null_and_has_its_reason(reader, initiative):
    answer = read(reader, "?as_of=2026-01-01")

    OAS31Validator(RETURN).validate(answer)
    for member in ("roi", "range", "npv", "irr", "payback_on", "payback_months", "forecast"):
        assert answer[member] is None
        assert answer["reasons"][member].endswith(".")


def test_sensitivity_names_the_assumptions_the_largest_swing_first(reader, initiative):
    swings = [Decimal(swing["swing"]) for swing in read(reader)["sensitivity"]]

    assert len(swings) >= 3
    assert swings == sorted(swings, reverse=True)


def test_the_portfolio_tells_totals_and_each_initiative_and_may_be_narrowed(reader, initiative):
    InitiativeFactory(slug="other", business_unit="Sales", phase="integration")

    whole = read(reader, path="portfolio")
    sales = read(reader, "?business_unit=Sales&phase=integration", path="portfolio")

    OAS31Validator(PORTFOLIO).validate(whole)
    assert {row["initiative"] for row in whole["results"]} == {"support", "other"}
    assert whole["totals"]["net"] == "200.00"
    assert [row["initiative"] for row in sales["results"]] == ["other"]
    assert read(reader, "?phase=dream", status=400, path="portfolio")["errors"][0]["code"] == "invalid_phase"


def test_what_one_may_not_see_does_not_exist_and_is_in_no_total(client_with, initiative):
    stranger = client_with("read", initiatives=[InitiativeFactory(slug="mine")])

    assert read(stranger, status=404)["status"] == 404
    portfolio = read(stranger, path="portfolio")
    assert [row["initiative"] for row in portfolio["results"]] == ["mine"]
    assert portfolio["totals"]["invested"] == "0.00"


def test_a_token_that_only_sends_may_not_read(client_with, initiative):
    assert read(client_with("ingest"), status=403)["errors"][0]["code"] == "missing_scope"


@pytest.mark.parametrize(
    ("query", "code"), [("?as_of=soon", "invalid_time"), ("?asof=2026-01-01", "unknown_parameter")]
)
def test_what_is_not_understood_is_refused_and_named(reader, initiative, query, code):
    assert [error["code"] for error in read(reader, query, status=400)["errors"]] == [code]


def test_a_portfolio_of_nine_asks_the_database_as_often_as_one_of_three(reader, driver, book):
    def grow(by: int) -> None:
        for initiative in InitiativeFactory.create_batch(by):
            for day in ("2026-03-02", "2026-05-04"):
                book(driver(initiative, pool=PoolFactory(slug="team north")), day, 100)
            CostEntryFactory(initiative=initiative)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(reader, path="portfolio")
        return len(queries)

    grow(3)
    asked()  # the token is looked up once
    few = asked()
    grow(6)

    assert asked() == few <= 10


def test_variants_stand_beside_each_other_and_what_is_missing_has_a_reason(reader, initiative):
    found = read(reader)["variants"]

    assert found["return_multiple"] == 1.25
    assert found["direct"] == {"benefit": "1000.00", "net": "200.00", "roi": 0.25}
    assert found["traced"] == {"benefit": "0.00", "net": "-800.00", "roi": -1.0}
    assert found["three_years"]["years"][0] == {"year": 0, "benefit": "0.00", "cost": "800.00", "is_over": True}
    assert [scenario["scenario"] for scenario in found["scenarios"]] == ["as_measured", "low", "high"]
    assert (found["run_rate"], found["mirr"], found["irrs"]) == (None, None, [])
    assert {"run_rate", "mirr"} <= found["reasons"].keys()
    whole = read(reader, path="portfolio")
    assert whole["totals"]["variants"]["return_multiple"] == 1.25
    assert "variants" not in whole["results"][0]

import json
from datetime import date

import pytest

from kpis.ledger.assumptions import AssumptionVersion
from tests.factories import (
    AnnotationFactory,
    AuditEventFactory,
    CostEntryFactory,
    ExchangeRateFactory,
    InitiativeFactory,
    KpiFactory,
    TargetFactory,
    TokenFactory,
    ValueDriverFactory,
)


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_a_list_comes_in_pages_that_lead_on(api):
    for _ in range(5):
        InitiativeFactory()
    first = api.get("/api/v1/initiatives/", {"page_size": 2, "ordering": "slug"}).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    seen, address = list(first["results"]), first["next"]
    while address:
        page = api.get(address).json()
        seen, address = seen + page["results"], page["next"]
    assert len({row["slug"] for row in seen}) == 5


@pytest.mark.parametrize("size", ["0", "201", "-1", "many", "", "1e2", "٣", "9" * 400])
def test_a_page_size_that_is_none_is_refused(api, size):
    response = api.get("/api/v1/costs/", {"page_size": size})
    assert (response.status_code, code_of(response)) == (400, "invalid_page_size")


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "9" * 40])
def test_a_page_that_is_not_there_is_not_found(api, page):
    assert api.get("/api/v1/costs/", {"page": page}).status_code == 404


def test_a_mistyped_filter_is_an_error_and_not_everything(api):
    response = api.get("/api/v1/costs/", {"inititive": "support"})
    assert (response.status_code, code_of(response)) == (400, "unknown_parameter")


def test_costs_are_filtered_by_initiative_and_days(api):
    one, other = CostEntryFactory(on="2026-03-02"), CostEntryFactory(on="2026-04-02")
    by_initiative = api.get("/api/v1/costs/", {"initiative": one.initiative.slug}).json()["results"]
    by_day = api.get("/api/v1/costs/", {"on_from": "2026-03-03", "on_to": "2026-04-03"}).json()["results"]
    assert [row["id"] for row in by_initiative] == [one.pk]
    assert [row["id"] for row in by_day] == [other.pk]


@pytest.mark.parametrize("value", ["soon", "2026-02-30", "\x00"])
def test_a_filter_that_cannot_be_read_is_refused(api, value):
    assert api.get("/api/v1/costs/", {"on_from": value}).status_code == 400


def test_lists_are_ordered_by_allowed_names_only(api):
    CostEntryFactory(amount=1), CostEntryFactory(amount=2)
    amounts = [row["amount"] for row in api.get("/api/v1/costs/", {"ordering": "-amount"}).json()["results"]]
    assert amounts == ["2.00", "1.00"]
    response = api.get("/api/v1/costs/", {"ordering": "initiative__currency"})
    assert (response.status_code, code_of(response)) == (400, "invalid_ordering")


def dated(assumption):
    """It holds a further value from a day on."""
    AssumptionVersion.standing(assumption).save()
    assumption.valid_from, assumption.version = date(2026, 1, 1), 2
    assumption.save()
    AssumptionVersion.standing(assumption).save()


def fill(n):
    kpi = KpiFactory()
    for index in range(n):
        driver = ValueDriverFactory()
        dated(driver.unit_value)
        CostEntryFactory(initiative=driver.initiative)
        AnnotationFactory(initiative=driver.initiative)
        TokenFactory(initiatives=[driver.initiative])
        AuditEventFactory()
        TargetFactory(kpi=kpi, on=f"2026-01-{index + 1:02d}")
        ExchangeRateFactory()
    return kpi


# Every list asks as often as its pin says, however many rows it has: 1 for the count, 1 for the page, and the token.
PINNED = {
    "initiatives": 2,
    "kpis": 2,
    "value-drivers": 4,  # and the day on which its assumptions hold, and their versions
    "costs": 2,
    "annotations": 2,
    "exchange-rates": 2,
    "tokens": 4,
    "audit-events": 3,  # and whether the token's sight is limited
}


@pytest.mark.parametrize("collection", PINNED)
def test_a_list_of_many_asks_the_database_as_often_as_one_of_few(api, collection, django_assert_num_queries):
    fill(1)
    api.get(f"/api/v1/{collection}/")  # the token is known from here on
    with django_assert_num_queries(PINNED[collection]):
        api.get(f"/api/v1/{collection}/")
    fill(7)
    with django_assert_num_queries(PINNED[collection]):
        api.get(f"/api/v1/{collection}/")


def test_a_target_path_asks_three_times_however_long_it_is(api, django_assert_num_queries):
    kpi = fill(9)
    api.get(f"/api/v1/kpis/{kpi.key}/targets/")
    with django_assert_num_queries(3):
        api.get(f"/api/v1/kpis/{kpi.key}/targets/")

import json
from decimal import Decimal

import pytest

from kpis.ledger.models import CostEntry
from kpis.plumbing.models import Change
from tests.factories import CostEntryFactory, InitiativeFactory

ADDRESS = "/api/v1/costs/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


@pytest.fixture
def body():
    InitiativeFactory(slug="support")
    return {
        "initiative": "support",
        "name": "Licences",
        "cost_category": "licence",
        "amount": "1250.50",
        "currency": "EUR",
        "on": "2026-03-02",
    }


def test_money_goes_in_and_out_as_a_decimal_string(api, body):
    made = api.post(ADDRESS, body)
    assert (made.status_code, made.json()["amount"]) == (201, "1250.50")
    assert CostEntry.objects.get().amount == Decimal("1250.50")


def test_no_digit_of_a_large_amount_is_lost(api, body):
    assert api.post(ADDRESS, body | {"amount": "9999999999999999.99"}).json()["amount"] == "9999999999999999.99"


@pytest.mark.parametrize("amount", [1250.5, 1250, True])
def test_a_json_number_is_no_money(api, body, amount):
    response = api.post(ADDRESS, body | {"amount": amount})
    assert (response.status_code, code_of(response)) == (400, "money_must_be_a_string")


@pytest.mark.parametrize(
    "amount", ["", "much", "NaN", "1e3", "1,5", "1_000", "١", "1.005", "--1", "9" * 17, "+1", " 1"]
)
def test_an_amount_that_cannot_be_read_is_refused(api, body, amount):
    assert api.post(ADDRESS, body | {"amount": amount}).status_code == 400


def test_money_that_came_back_is_below_zero(api, body):
    assert api.post(ADDRESS, body | {"amount": "-12.00"}).json()["amount"] == "-12.00"


def test_a_cost_is_in_the_initiative_s_currency_unless_it_says_another(api, body):
    del body["currency"]
    assert api.post(ADDRESS, body).json()["currency"] == "EUR"
    assert api.post(ADDRESS, body | {"currency": "USD"}).json()["currency"] == "USD"


def test_only_a_recurring_cost_has_a_last_day(api, body):
    response = api.post(ADDRESS, body | {"until": "2026-12-31"})
    assert (response.status_code, code_of(response)) == (400, "cost_until_needs_a_recurrence")
    assert api.post(ADDRESS, body | {"until": "2026-12-31", "recurrence": "monthly"}).status_code == 201


def test_a_cost_ends_on_or_after_its_first_day(api, body):
    response = api.post(ADDRESS, body | {"until": "2026-03-01", "recurrence": "monthly"})
    assert (response.status_code, code_of(response)) == (400, "cost_ends_after_it_starts")


def test_a_cost_stays_with_its_initiative(api):
    cost, other = CostEntryFactory(), InitiativeFactory()
    response = api.patch(f"{ADDRESS}{cost.pk}/", {"initiative": other.slug})
    assert (response.status_code, code_of(response)) == (409, "initiative_is_fixed")


@pytest.mark.django_db(transaction=True)
def test_every_change_of_a_cost_is_told_to_the_browsers(api, body):
    made = api.post(ADDRESS, body).json()
    api.patch(f"{ADDRESS}{made['id']}/", {"amount": "1.00"})
    api.delete(f"{ADDRESS}{made['id']}/")
    assert list(Change.objects.values_list("event", "key")) == [("roi", "support")] * 3


def test_a_number_beyond_all_ids_is_not_found(api):
    assert api.get(f"{ADDRESS}{10**30}/").status_code == 404

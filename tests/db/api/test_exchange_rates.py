import json
from decimal import Decimal

import pytest

from kpis.access.models import AuditEvent
from kpis.ledger.models import ExchangeRate
from tests.factories import CostEntryFactory, ExchangeRateFactory, InitiativeFactory

ADDRESS = "/api/v1/exchange-rates/"
BODY = {"currency": "USD", "into": "EUR", "on": "2026-03-02", "rate": "0.9234", "source": "European Central Bank"}


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_a_rate_goes_in_and_out_as_a_decimal_string_with_all_its_digits(api):
    made = api.post(ADDRESS, BODY | {"rate": "0.9234567891"})
    assert (made.status_code, made.json()["rate"]) == (201, "0.9234567891")
    assert ExchangeRate.objects.get().rate == Decimal("0.9234567891")
    assert api.post(ADDRESS, BODY | {"on": "2026-03-03", "rate": "120"}).json()["rate"] == "120"


@pytest.mark.parametrize("rate", [0.9, 1, "0", "-1", "", "1e2", "NaN", "0.12345678901", "1,2", True, None])
def test_what_is_no_rate_is_refused(api, rate):
    assert api.post(ADDRESS, BODY | {"rate": rate}).status_code == 400
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [({"into": "USD"}, 400), ({"source": ""}, 400), ({"currency": "usd"}, 400), ({"on": "2026-02-30"}, 400)],
)
def test_a_rate_is_of_two_currencies_and_a_day_and_says_its_source(api, change, status):
    assert api.post(ADDRESS, BODY | change).status_code == status


def test_there_is_one_rate_a_day(api):
    api.post(ADDRESS, BODY)
    again = api.post(ADDRESS, BODY | {"rate": "1.1"})
    assert (again.status_code, code_of(again)) == (400, "unique")
    assert ExchangeRate.objects.get().rate == Decimal("0.9234")


def test_who_may_not_change_costs_reads_rates_and_changes_none(client_with):
    ExchangeRateFactory()
    reader = client_with("read")
    assert reader.get(ADDRESS).json()["results"][0]["source"] == "European Central Bank"
    assert reader.post(ADDRESS, BODY).status_code == 403


def test_a_rate_that_comes_late_puts_the_cost_into_the_sum_and_the_trail_says_who_did_it(api):
    initiative = InitiativeFactory(slug="support", currency="EUR")
    cost = CostEntryFactory(initiative=initiative, amount=Decimal("100.00"), currency="USD", on="2026-03-02")
    address = "/api/v1/initiatives/support/roi/"
    before = api.get(address).json()
    assert before["invested"] == "0.00"
    assert f"invested.{cost.pk}" in before["reasons"]

    made = api.post(ADDRESS, BODY)

    after = api.get(address).json()
    assert after["invested"] == "92.34"
    assert f"invested.{cost.pk}" not in after["reasons"]
    assert AuditEvent.objects.filter(what="exchange_rate.created").count() == 1
    api.delete(f"{ADDRESS}{made.json()['id']}/")
    assert api.get(address).json()["invested"] == "0.00"

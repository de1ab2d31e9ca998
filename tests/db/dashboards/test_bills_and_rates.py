"""Bills as files and exchange rates as pages without scripts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kpis.access.models import User
from kpis.ledger.models import CostEntry, ExchangeRate
from tests.db.dashboards.conftest import client_of
from tests.factories import (
    ControllerFactory,
    CostEntryFactory,
    InitiativeFactory,
    OrganisationFactory,
    PeriodFactory,
    UserFactory,
)

HEAD = "reference,name,amount,on\n"


@pytest.fixture
def initiative():
    OrganisationFactory(zone="UTC", reporting_currency="EUR")
    return InitiativeFactory(slug="support", name="Support")


@pytest.fixture
def controller(initiative):
    return client_of(ControllerFactory())


def text_of(response, status=200):
    assert response.status_code == status
    return unescape(response.content.decode()).replace("\xa0", " ")


def sent(client, rows, **more):
    file = SimpleUploadedFile("bill.csv", (HEAD + rows).encode(), "text/csv")
    return text_of(client.post("/initiatives/support/bills/", {"file": file} | more))


def test_a_bill_is_looked_at_and_then_taken_in_once(controller):
    rows = "a-1,Tokens of May,120.50,2026-05-31\na-2,Seats,80.00,2026-05-31\n"
    seen = sent(controller, rows, look="1")
    assert "2 costs would be new" in seen and "€200.50" in seen and "Nothing is stored yet." in seen
    assert not CostEntry.objects.exists()

    assert "2 costs are new" in sent(controller, rows, take="1")
    assert "0 costs are new, 0 different, 2 as they were" in sent(controller, rows, take="1")
    assert sum(CostEntry.objects.values_list("amount", flat=True)) == Decimal("200.50")


def test_of_a_bill_with_rows_that_cannot_be_taken_nothing_is_and_each_says_why(controller):
    PeriodFactory()
    seen = sent(controller, "a-1,Tokens,many,2026-05-31\na-2,Seats,80.00,2026-05-31\n", take="1")
    assert "Nothing was taken: one row cannot be." in seen and "amount is no amount" in seen
    seen = sent(controller, "a-2,Seats,80.00,2026-03-02\n", take="1")
    assert "Nothing was taken" in seen
    assert not CostEntry.objects.exists()


def test_who_may_not_change_costs_sees_neither_page_nor_link(initiative):
    viewer = client_of(UserFactory(role=User.Role.PRODUCT_OWNER))
    assert viewer.get("/initiatives/support/bills/").status_code == 403
    assert "/bills/" not in text_of(viewer.get("/initiatives/support/"))
    assert "/initiatives/support/bills/" in text_of(client_of(ControllerFactory()).get("/initiatives/support/"))
    elsewhere = ControllerFactory(initiatives=[InitiativeFactory()])
    assert client_of(elsewhere).get("/initiatives/support/bills/").status_code == 404


def test_what_no_rate_holds_for_is_named_until_somebody_states_one(controller, initiative):
    assert "Nothing is in another currency yet" in text_of(controller.get("/exchange-rates/"))
    CostEntryFactory(initiative=initiative, currency="USD", amount=Decimal("100.00"), on=date(2026, 3, 2))

    seen = text_of(controller.get("/exchange-rates/"))
    assert "For one thing no exchange rate holds" in seen and "USD → EUR" in seen and "1 payment" in seen

    rate = {"currency": "USD", "into": "EUR", "rate": "0.8", "on": "2026-03-01", "source": "European Central Bank"}
    seen = text_of(controller.post("/exchange-rates/", rate, follow=True))
    assert "The rate is added." in seen and "European Central Bank" in seen
    assert "Everything that is in another currency is converted" in seen
    assert "€80" in text_of(controller.get("/initiatives/support/"))

    assert "is there already" in text_of(controller.post("/exchange-rates/", rate))
    assert ExchangeRate.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"into": "USD"}, "One currency in itself needs no rate."),
        ({"rate": "0"}, "A rate is above zero."),
        ({"currency": "usd"}, "A currency is three capital letters"),
        ({"source": ""}, "This field is required."),
    ],
)
def test_a_rate_that_cannot_be_meant_is_refused_beside_its_field(controller, more, sentence):
    rate = {"currency": "USD", "into": "EUR", "rate": "0.8", "on": "2026-03-01", "source": "ECB"} | more
    assert sentence in text_of(controller.post("/exchange-rates/", rate))
    assert not ExchangeRate.objects.exists()


def test_who_may_not_change_costs_reads_the_rates(initiative):
    viewer = client_of(UserFactory())
    assert "State a rate" not in text_of(viewer.get("/exchange-rates/"))
    assert viewer.post("/exchange-rates/", {}).status_code == 403


def test_how_far_costs_are_settled_is_said_as_shares(controller, initiative):
    for settlement, amount in (("reconciled", 820), ("invoiced", 120), ("estimated", 60)):
        CostEntryFactory(initiative=initiative, settlement=settlement, amount=Decimal(amount), on=date(2026, 3, 2))
    assert "82% reconciled, 12% invoiced, 6% estimated" in text_of(controller.get("/initiatives/support/"))
    assert "82% reconciled" in text_of(controller.get("/how/initiatives/support/invested/"))
    told = controller.get("/api/v1/initiatives/support/roi/").json()
    assert told["invested_by_settlement"] == {"estimated": "60.00", "invoiced": "120.00", "reconciled": "820.00"}
    assert told["settlement_shares"] == {"estimated": 0.06, "invoiced": 0.12, "reconciled": 0.82}


def test_both_pages_are_there_in_german(initiative):
    client = client_of(ControllerFactory(), "de")
    assert "Wechselkurse" in text_of(client.get("/exchange-rates/"))
    assert "Rechnungen" in text_of(client.get("/initiatives/support/bills/"))

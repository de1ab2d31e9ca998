"""Costs of a closed period stay; what comes later is booked later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kpis.definitions.changing import ChangeRefused
from kpis.ledger import changing, spending
from kpis.ledger.models import CostEntry
from kpis.roi.statement import roi_statement
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, MARCH
from tests.factories import CostEntryFactory


@pytest.fixture
def licence(books):
    """3.00 € on the 15th of each month, closed for March."""
    licence = CostEntryFactory(
        initiative=books.initiative, amount=Decimal("3.00"), on=date(2026, 3, 15), recurrence="monthly"
    )
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    return licence


def refused(verb, *args) -> ChangeRefused:
    with pytest.raises(ChangeRefused) as error:
        verb(*args, by=None, at=IN_APRIL)
    assert error.value.code == "period_closed"
    return error.value


def test_a_late_invoice_is_refused_with_the_day_until_which_all_is_closed(licence):
    fields = {"initiative": licence.initiative, "name": "Invoice", "cost_category": "licence", "amount": Decimal(7)}
    error = refused(spending.create_cost, fields | {"on": date(2026, 3, 31)})
    assert error.attr == "on"
    assert error.detail.startswith("Costs up to 31\xa0Mar\xa02026 are closed. Book it on a later day")
    assert spending.create_cost(fields | {"on": date(2026, 4, 1)}, by=None, at=IN_APRIL).pk


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"amount": Decimal(4)}, "amount"),
        ({"on": date(2026, 4, 15)}, "on"),
        ({"kind": "planned"}, "kind"),
        ({"until": date(2026, 3, 20)}, "until"),
    ],
)
def test_what_a_cost_came_to_in_a_closed_period_is_not_changed(licence, change, attr):
    assert refused(spending.change_cost, licence, change).attr == attr


def test_a_recurring_cost_ends_with_the_closed_period_or_later_and_may_go_on_again(licence):
    spending.change_cost(licence, {"until": date(2026, 3, 31)}, by=None, at=IN_APRIL)
    assert roi_statement(licence.initiative, as_of=IN_MAY).invested == Decimal("103.00")
    spending.change_cost(licence, {"until": None}, by=None, at=IN_APRIL)
    assert roi_statement(licence.initiative, as_of=IN_MAY).invested == Decimal("106.00")


def test_an_estimate_is_settled_and_the_difference_booked_with_its_sign(licence):
    spending.change_cost(licence, {"settlement": "reconciled"}, by=None, at=IN_APRIL)
    less = {"initiative": licence.initiative, "name": "Licence March, credit", "cost_category": "licence"}
    spending.create_cost(less | {"amount": Decimal("-1.00"), "on": date(2026, 4, 2)}, by=None, at=IN_APRIL)
    assert roi_statement(licence.initiative, as_of=IN_APRIL).invested == Decimal("102.00")


def test_it_is_not_deleted_nor_is_what_hangs_on_closed_entries(books, licence):
    refused(spending.delete_cost, licence)
    refused(changing.delete_driver, books.driver)
    refused(changing.remove_kpi, books.driver.kpi)
    refused(changing.remove_initiative, books.initiative)
    assert CostEntry.objects.count() == 2


def test_a_planned_cost_is_in_nobody_s_books(licence):
    planned = CostEntryFactory(initiative=licence.initiative, on=date(2026, 3, 20), kind="planned")
    spending.change_cost(planned, {"amount": Decimal(9)}, by=None, at=IN_APRIL)
    refused(spending.change_cost, planned, {"kind": "actual"})
    spending.delete_cost(planned, by=None, at=IN_APRIL)

"""What closed costs came to stays, and what has no rate cannot be closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from kpis.definitions.changing import ChangeRefused
from kpis.ledger import exchange
from kpis.ledger.closing import PeriodNotClosable
from kpis.ledger.models import ExchangeRate
from kpis.roi.statement import roi_statement
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, MARCH
from tests.factories import CostEntryFactory, ExchangeRateFactory

ON = date(2026, 3, 15)


@pytest.fixture
def in_dollars(books):
    """10.00 $ on the 15th of March, in an initiative of euros, whose March is complete."""
    for day in (30, 31, 32):
        books.measure(day, 16)
    return CostEntryFactory(initiative=books.initiative, amount=Decimal("10.00"), currency="USD", on=ON)


def invested(books) -> Decimal:
    return roi_statement(books.initiative, as_of=IN_MAY).invested


def test_a_cost_without_a_rate_is_named_and_not_in_the_sum(books, in_dollars):
    before = invested(books)
    reasons = roi_statement(books.initiative, as_of=IN_MAY).reasons
    assert reasons[f"invested.{in_dollars.pk}"] == (
        "The cost “Licences” in USD is not in the sum: no exchange rate holds on 2026-03-15."
    )
    ExchangeRateFactory(on=ON, rate=Decimal("0.8"))
    assert invested(books) == before + Decimal("8.00")
    assert f"invested.{in_dollars.pk}" not in roi_statement(books.initiative, as_of=IN_MAY).reasons


def test_a_month_with_a_cost_that_has_no_rate_is_not_closed(books, in_dollars):
    with pytest.raises(PeriodNotClosable) as error:
        books.close(MARCH, at=IN_APRIL)
    assert error.value.code == "rate_missing"
    assert "no exchange rate into EUR" in error.value.detail
    ExchangeRateFactory(on=ON)
    period = books.close(MARCH, at=IN_APRIL)
    assert Decimal(period.account[books.initiative.slug]["cost"]) == invested(books)


@pytest.fixture
def closed(books, in_dollars):
    rate = ExchangeRateFactory(on=ON)
    books.close(MARCH, at=IN_APRIL)
    return rate


def test_rates_of_a_closed_period_stay(closed):
    fields = {"currency": "USD", "into": "EUR", "on": date(2026, 3, 31), "rate": Decimal(1), "source": "x"}
    for verb, arguments in (
        (exchange.create_rate, [fields]),
        (exchange.change_rate, [closed, {"rate": Decimal(1)}]),
        (exchange.change_rate, [closed, {"on": date(2026, 4, 2)}]),
        (exchange.delete_rate, [closed]),
    ):
        with pytest.raises(ChangeRefused) as error:
            verb(*arguments, by=None, at=IN_APRIL)
        assert error.value.code == "period_closed"
    assert ExchangeRate.objects.get().rate == Decimal("0.8")


def test_no_other_way_to_the_table_changes_them_either(closed):
    for change in (lambda: ExchangeRate.objects.update(rate=1), lambda: ExchangeRate.objects.all().delete()):
        with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
            change()
    with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
        ExchangeRateFactory(on=date(2026, 3, 31))


def test_a_later_rate_is_taken_and_leaves_the_closed_month_as_it_was(books, closed):
    before = invested(books)
    fields = {"currency": "USD", "into": "EUR", "on": date(2026, 4, 1), "rate": Decimal("0.5"), "source": "x"}
    later = exchange.create_rate(fields, by=None, at=IN_APRIL)
    CostEntryFactory(initiative=books.initiative, amount=Decimal("10.00"), currency="USD", on=date(2026, 4, 2))
    assert invested(books) == before + Decimal("5.00")
    exchange.change_rate(later, {"rate": Decimal("0.6")}, by=None, at=IN_APRIL)
    assert invested(books) == before + Decimal("6.00")

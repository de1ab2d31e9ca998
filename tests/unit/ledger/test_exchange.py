from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.ledger.exchange import STALE_AFTER, Rates
from kpis.ledger.models import ExchangeRate

MARCH = date(2026, 3, 2)


def rate(number: str, *, on: date = MARCH, currency: str = "USD", into: str = "EUR") -> ExchangeRate:
    return ExchangeRate(currency=currency, into=into, on=on, rate=Decimal(number), source="a bank")


def euros(rates: list[ExchangeRate], amount: str, *, on: date = MARCH) -> Decimal | None:
    found = Rates(rates).converted(Decimal(amount), "USD", "EUR", on=on)
    return found and found.amount


def test_an_amount_is_converted_by_the_rate_of_its_day_to_the_cent():
    assert euros([rate("0.9234")], "100.00") == Decimal("92.34")
    assert euros([rate("0.92345")], "1.00") == Decimal("0.92")


def test_half_a_cent_goes_to_the_even_one():
    assert euros([rate("0.5")], "0.01") == Decimal("0.00")
    assert euros([rate("0.5")], "0.03") == Decimal("0.02")


def test_a_rate_holds_from_its_day_until_a_newer_one_comes():
    rates = [rate("0.9"), rate("0.8", on=date(2026, 3, 10))]
    assert euros(rates, "10.00", on=date(2026, 3, 9)) == Decimal("9.00")
    assert euros(rates, "10.00", on=date(2026, 3, 10)) == Decimal("8.00")
    assert euros(rates, "10.00", on=date(2026, 3, 1)) is None


def test_a_rate_that_nobody_renewed_holds_no_more():
    assert euros([rate("0.9")], "10.00", on=MARCH + STALE_AFTER) == Decimal("9.00")
    assert euros([rate("0.9")], "10.00", on=MARCH + STALE_AFTER + timedelta(days=1)) is None


def test_a_rate_that_is_stated_the_other_way_round_is_divided_by():
    assert euros([rate("1.25", currency="EUR", into="USD")], "10.00") == Decimal("8.00")


def test_of_both_ways_the_newer_counts_and_of_one_day_the_direct_one():
    inverse = rate("2", currency="EUR", into="USD", on=date(2026, 3, 5))
    assert euros([rate("0.8"), inverse], "10.00", on=date(2026, 3, 6)) == Decimal("5.00")
    assert euros([rate("0.8", on=date(2026, 3, 5)), inverse], "10.00", on=date(2026, 3, 6)) == Decimal("8.00")


def test_no_rate_is_never_one_and_no_rate_is_made_of_two_others():
    assert euros([], "10.00") is None
    crossing = [rate("0.9", into="GBP"), rate("1.1", currency="GBP")]
    assert euros(crossing, "10.00") is None


def test_money_stays_what_it_is_within_one_currency():
    assert Rates([]).factor("EUR", "EUR", on=MARCH) == 1


@given(
    amount=st.decimals(min_value="-1e9", max_value="1e9", places=2),
    number=st.decimals(min_value="0.0001", max_value="1e4", places=6),
)
def test_there_and_back_is_the_amount_but_for_half_a_cent_each_way(amount: Decimal, number: Decimal):
    rates = Rates([rate(str(number))])
    there = rates.converted(amount, "USD", "EUR", on=MARCH)
    assert there is not None
    back = rates.converted(there.amount, "EUR", "USD", on=MARCH)
    assert back is not None
    assert abs(back.amount - amount) <= Decimal("0.005") / number + Decimal("0.005")


@pytest.mark.parametrize("amount", ["0.00", "-12.34"])
def test_nothing_and_money_that_came_back_are_converted_like_any_other(amount):
    assert euros([rate("1")], amount) == Decimal(amount)

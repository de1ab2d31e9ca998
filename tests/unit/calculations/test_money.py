from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.money import cents, product, total

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.125", "0.12"),
        ("0.135", "0.14"),
        ("-0.125", "-0.12"),
        ("2.675", "2.68"),
        ("1234567890123456789.005", "1234567890123456789.00"),
        ("-0.001", "0.00"),
    ],
)
def test_a_tie_goes_to_the_even_cent(amount, rounded):
    assert str(cents(Decimal(amount))) == rounded


def test_a_float_is_read_as_it_is_written():
    assert cents(2.675) == Decimal("2.68")


@pytest.mark.parametrize("amount", [math.nan, math.inf, Decimal("NaN"), Decimal("1e40")])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ValueError, match="no amount"):
        cents(amount)


@given(st.lists(amounts, max_size=40))
def test_a_total_is_the_sum_in_whole_cents(rows):
    assert total(rows) * 100 == sum(int(row * 100) for row in rows)


def test_a_product_is_rounded_once_at_the_end():
    # 0.333 h · 38.50 · 0.65: rounding 12.82 first would give 8.33 as well, 12.8205 · 0.65 = 8.333325.
    assert product(Decimal("38.50"), 0.333, Decimal("0.65")) == Decimal("8.33")
    assert product(Decimal("0.05"), 0.5, 2) == Decimal("0.05")

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from kpis.wording import amounts

NB, MINUS = "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        (D("655000"), "EUR", "€655,000", f"655.000{NB}€"),
        (D("-159234.58"), "EUR", f"{MINUS}€159,235", f"{MINUS}159.235{NB}€"),
        (D("-0.4"), "EUR", "€0", f"0{NB}€"),
        (D("0"), "EUR", "€0", f"0{NB}€"),
        (D("1234.5"), "CHF", f"CHF{NB}1,235", f"1.235{NB}CHF"),
        (D("-1234"), "SEK", f"{MINUS}SEK{NB}1,234", f"{MINUS}1.234{NB}SEK"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(amount, currency, english, german):
    assert amounts.money(amount, currency) == english
    with override("de"):
        assert amounts.money(amount, currency) == german


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (D("454175.06"), "€454,000"),
        (D("51238"), "€51,000"),
        (D("3072.41"), "€3,100"),
        (D("1250400"), "€1,250,000"),
        (D("99999.99"), "€100,000"),
        (D("38.50"), "€39"),
        (D("0"), "€0"),
        (D("-7613"), f"{MINUS}€7,600"),
    ],
)
def test_a_sentence_rounds_to_two_or_three_significant_digits(amount, said):
    assert amounts.money_rounded(amount, "EUR") == said


@given(st.decimals(-(10**12), 10**12, places=2))
def test_whole_and_cents_together_are_the_exact_amount(amount):
    parts = amounts.money_parts(amount, "EUR")
    text = (parts.whole + parts.cents).replace(",", "").replace(MINUS, "-")
    assert D(text) == amount
    assert len(parts.cents) == 3


def test_a_currency_without_cents_shows_none():
    assert amounts.money_parts(D("1234.00"), "JPY") == amounts.Parts("1,234", "")
    assert amounts.money_exact(D("1234"), "JPY") == "¥1,234"


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0.222, "22.2%", f"22,2{NB}%"),
        (-1.097, f"{MINUS}109.7%", f"{MINUS}109,7{NB}%"),
        (0, "0.0%", f"0,0{NB}%"),
        (9.99, "999.0%", f"999,0{NB}%"),
        (10, "10.0×", "10,0×"),
        (12.44, "12.4×", "12,4×"),
        (-12.44, f"{MINUS}12.4×", f"{MINUS}12,4×"),
    ],
)
def test_a_share_is_a_percentage_up_to_a_thousand_percent_and_then_a_multiple(value, english, german):
    assert amounts.share(value) == english
    with override("de"):
        assert amounts.share(value) == german


def test_a_plus_is_written_only_for_a_gain_and_only_on_request():
    assert amounts.number(3, plus=True) == "+3"
    assert amounts.number(0, plus=True) == "0"
    assert amounts.number(3) == "3"
    assert amounts.money_exact(D("634.57"), "EUR", plus=True) == "+€634.57"


def test_the_difference_of_two_percentages_is_in_points():
    assert amounts.points(4.2) == f"4.2{NB}points"
    with override("de"):
        assert amounts.points(4.2) == f"4,2{NB}Punkte"


@pytest.mark.parametrize(("value", "said"), [(14.335, "14.3"), (0.01236, "0.0124"), (1012.5, "1,013"), (0, "0")])
def test_significant_digits_never_cut_the_whole_part(value, said):
    assert amounts.significant(value) == said


def test_an_axis_in_thousands_says_so():
    assert [amounts.thousands(v) for v in (-200_000, 0, 300_000)] == [f"{MINUS}200", "0", "+300"]
    assert amounts.thousands_unit("EUR") == "k€"
    with override("de"):
        assert amounts.thousands_unit("EUR") == "T€"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), D("NaN")])
def test_a_number_that_does_not_exist_is_never_written(value):
    with pytest.raises(ValueError, match="does not exist"):
        amounts.number(value)


@pytest.mark.parametrize(
    ("value", "said"), [(16.7, "16.7"), (64.0, "64"), (1204.0, "1,204"), (0.004, "0.004"), (-2.5, f"{MINUS}2.5")]
)
def test_a_measurement_keeps_the_decimals_that_it_came_with(value, said):
    assert amounts.as_measured(value) == said


def test_what_binary_arithmetic_left_over_is_no_decimal_of_a_measurement():
    assert amounts.as_measured(0.41 * 1000 + 5e-14) == "410"
    assert amounts.as_measured(0.1 + 0.2) == "0.3"

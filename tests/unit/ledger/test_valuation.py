from __future__ import annotations

from decimal import Decimal

import pytest

from kpis.ledger.valuation import IntervalFacts, Terms, amount_of

PRICED = Terms(1, Decimal(1), Decimal(1), Decimal(1), Decimal(1))


def terms(sign: int = 1, factor: str = "1", value: str = "1", realised: str = "1", due: str = "1") -> Terms:
    return Terms(sign, *(Decimal(text) for text in (factor, value, realised, due)))


def test_an_amount_is_the_product_of_its_factors():
    # (14 − 12) min · 30 cases · 1/60 h/min · 50 €/h · 0.8 · 0.5 = 20 €
    assert amount_of(IntervalFacts(14.0, 12.0, 30.0), terms(1, "0.016666666666667", "50", "0.8", "0.5")) == 20


def test_more_is_a_gain_where_more_is_better_and_a_loss_where_less_is():
    facts = IntervalFacts(counterfactual=10.0, actual=12.0, volume=5.0)
    assert amount_of(facts, terms(sign=-1)) == Decimal("10.00")
    assert amount_of(facts, terms(sign=1)) == Decimal("-10.00")


@pytest.mark.parametrize(("exact", "booked"), [(0.125, "0.12"), (0.135, "0.14"), (-0.125, "-0.12"), (2.675, "2.68")])
def test_half_a_cent_goes_to_the_even_one_by_the_digits_on_paper(exact, booked):
    assert amount_of(IntervalFacts(exact, 0.0, 1.0), PRICED) == Decimal(booked)


def test_no_float_noise_reaches_the_money():
    # 0.3 − 0.1 is 0.19999999999999998 in doubles; a million of them would lose a cent.
    assert amount_of(IntervalFacts(0.3, 0.1, 1e12), PRICED) == Decimal("200000000000.00")

"""Unit factors against fractions worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from kpis.calculations.pricing import as_stored, spoken, unit_factor
from kpis.calculations.units import UnitMismatch, UnknownUnit


@pytest.mark.parametrize(
    ("kpi", "volume", "priced", "factor"),
    [
        ("min", "{ticket}", "h", Fraction(1, 60)),
        ("s", "{ticket}", "h", Fraction(1, 3600)),
        ("min/{ticket}", "{ticket}", "h", Fraction(1, 60)),
        ("h", "{contract}", "h", Fraction(1)),
        ("d", "{person}", "h", Fraction(24)),
        ("%", "{case}", "{case}", Fraction(1, 100)),
        ("1", "{visitor}", "{order}", Fraction(1)),
        ("{order}/{visitor}", "{visitor}", "{order}", Fraction(1)),
        ("EUR", "1", "EUR", Fraction(1)),
        ("EUR/{case}", "{case}", "EUR", Fraction(1)),
        ("{case}", "1", "{case}", Fraction(1)),
        ("{case}/h", "h", "{case}", Fraction(1)),
        ("kWh", "1", "MWh", Fraction(1, 1000)),
        ("%", "1", "pp", Fraction(1)),
    ],
)
def test_the_factor_is_exact(kpi, volume, priced, factor):
    assert unit_factor(kpi, volume, priced) == factor


@pytest.mark.parametrize(
    ("kpi", "volume", "priced"),
    [
        ("min", "{ticket}", "{ticket}"),
        ("%", "{ticket}", "h"),
        ("{error}", "1", "{case}"),
        ("EUR", "1", "USD"),
        ("min", "h", "h"),
        ("{order}/{visitor}", "{session}", "{order}"),
    ],
)
def test_what_measures_something_else_is_refused(kpi, volume, priced):
    with pytest.raises(UnitMismatch):
        unit_factor(kpi, volume, priced)


def test_a_unit_that_cannot_be_read_is_refused():
    with pytest.raises(UnknownUnit):
        unit_factor("min", "{ticket}", "hours or so")


def test_a_driver_keeps_fifteen_places():
    assert as_stored(Fraction(1, 60)) == Decimal("0.016666666666667")
    assert [spoken(Fraction(*pair)) for pair in ((1, 60), (24, 1), (1, 1), (3, 4))] == ["1/60", "24", "1", "0.75"]

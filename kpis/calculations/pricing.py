"""From a KPI's unit and its volume's to the unit that a price is for: the factor, or why there is none.

    min × {ticket} → h   1/60        % × {case} → {case}   1/100        EUR × 1 → EUR   1

A duration or amount counts for each thing of the volume, whether its unit says so (`min/{ticket}`) or not (`min`), so
counted things need not stand in the price. A share of things is things: what is counted must fit what is priced.
Source: docs/methods.md "Value drivers".
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from kpis.calculations.units import Dimension, UnitMismatch, parse

SMALLEST = 1e-6  # below, a ratio of small whole numbers would be guessing
PLACES = Decimal("1E-15")  # as `unit_factor` is stored


def unit_factor(kpi_unit: str, volume_unit: str, priced_unit: str) -> Fraction:
    """What KPI unit × volume unit is multiplied with to be in the priced unit; `volume_unit` "1": a plain number.

    Refuses (UnitMismatch) what measures different things, (UnknownUnit) what cannot be read.
    """
    measured, volume, priced = parse(kpi_unit), parse(volume_unit), parse(priced_unit)
    product = _product(measured.dimension, volume.dimension)
    fits = _things_fit(measured.dimension, product, priced.dimension)
    if not fits or _physical(product) != _physical(priced.dimension):
        said = f"{kpi_unit} × {volume_unit} cannot be priced per {priced_unit}"
        raise UnitMismatch(f"{said}: they measure different things.")
    return _exact(measured.factor * volume.factor / priced.factor)


def as_stored(factor: Fraction) -> Decimal:
    """With fifteen places, as a driver keeps it."""
    return (Decimal(factor.numerator) / Decimal(factor.denominator)).quantize(PLACES)


def spoken(factor: Fraction) -> str:
    """`1/60` where it is one of a whole number, else the number: `1`, `60`, `0.25`."""
    if factor.denominator == 1 or factor.numerator == 1:
        return str(factor)
    return f"{as_stored(factor).normalize():f}"


def _product(one: Dimension, other: Dimension) -> Dimension:
    powers = dict(one)
    for base, power in other:
        powers[base] = powers.get(base, 0) + power
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def _things_fit(measured: Dimension, product: Dimension, priced: Dimension) -> bool:
    """Counted things may be left out of the price; where it names one, it is what is counted.

    A plain share says nothing of what its successes are (orders of visitors), so any one thing fits.
    """
    things = _things(priced)
    if not things or things == _things(product):
        return True
    return measured == () and len(things) == 1 and things[0][1] == 1 and len(_things(product)) == 1


def _things(dimension: Dimension) -> Dimension:
    return tuple((base, power) for base, power in dimension if base.startswith("{"))


def _physical(dimension: Dimension) -> Dimension:
    return tuple((base, power) for base, power in dimension if not base.startswith("{"))


def _exact(factor: float) -> Fraction:
    """The ratio of whole numbers that a double stands for: 0.016666666666666666 is 1/60."""
    return Fraction(factor).limit_denominator(10**9) if factor >= SMALLEST else Fraction(repr(factor))

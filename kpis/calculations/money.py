"""Money: decimals to the cent, rounded half to even, added without loss."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
# Wide enough that no sum of a company's money is ever rounded on the way.
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def amount(value: Decimal | float | int) -> Decimal:
    """The value as a decimal, not rounded; a float is read by its shortest decimal form, as it is on paper.

    Refuses (ValueError) NaN, infinities and amounts of more than 10³⁰.
    """
    exact = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or abs(exact) > Decimal("1e30"):
        raise ValueError(f"{value!r} is no amount of money")
    return exact


def cents(value: Decimal | float | int) -> Decimal:
    """The value rounded to 0.01, half to even; 2.675 is a tie also as a float. Refusals as `amount`."""
    exact = amount(value)
    # Adding zero turns -0.00 into 0.00.
    return EXACT.add(exact.quantize(CENT, context=EXACT), ZERO)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Σ of the amounts, exact; 0.00 of none."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def product(first: Decimal, *factors: Decimal | float | int) -> Decimal:
    """The factors multiplied and then rounded once to the cent. Refusals as `cents`."""
    result = first
    for factor in factors:
        result = EXACT.multiply(result, amount(factor))
    return cents(result)

"""How much of a saving a follow-up figure shows: the smaller of both, at the saving's price, never below nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from kpis.calculations.money import EXACT, ZERO, amount, cents

NOTHING: Final = Decimal(0)
BILLIONTH: Final = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Claim:
    """What one driver saved in an interval, and what one unit of the follow-up is worth at its price."""

    booked: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """taken : what claims before this one have of the improvement, in the follow-up's unit. captured : money."""

    taken: Decimal
    captured: Decimal


def improvement(without: float, actual: float, *, sign: int) -> Decimal:
    """±(without − actual), exact: sign +1 where less is better, −1 where more is. Below zero: it got worse."""
    return sign * EXACT.subtract(amount(float(without)), amount(float(actual)))


def captured(claim: Claim, improved: Decimal, taken: Decimal) -> Decimal:
    """The smaller of what was saved and what is left of the improvement at the claim's price, to the cent; 0 at least.

    Source: product.md "Benefit of a driver in interval i".
    """
    left = max(EXACT.subtract(improved, taken), NOTHING)
    return max(ZERO, min(claim.booked, cents(EXACT.multiply(left, claim.price))))


def shared_out(improved: Decimal, claims: Sequence[Claim]) -> list[Share]:
    """One improvement among several claims, in their order: no unit of it is given away twice.

    A claim that ends below what is left has taken as much as its money is worth, rounded up to a billionth of a unit.
    """
    found, taken = [], NOTHING
    for claim in claims:
        money = captured(claim, improved, taken)
        found.append(Share(taken, money))
        left = EXACT.subtract(improved, taken)
        if money and claim.booked > money:  # all that was left
            taken = improved.quantize(BILLIONTH, ROUND_CEILING, EXACT)
        elif money:
            used = EXACT.divide(money, claim.price)
            taken = EXACT.add(taken, min(used, left)).quantize(BILLIONTH, ROUND_CEILING, EXACT)
    return found

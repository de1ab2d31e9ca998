"""What a business case expects, month by month: volume · effect · worth, as adoption ramps up from go-live.

    amount of a calendar month = volume · effect · worth · adopted
    adopted = Σ share of the k-th month since go-live · (days of it in the calendar month)/(days of it)

The k-th month since go-live begins on go-live's day of the month and is spread evenly over its days; the last share of
the ramp stays. Volume counts all cases, as measured volume does: what is adopted is a part of the mean effect. Exact
decimals; rounded to the cent only where an amount is shown. Source: docs/methods.md "Plan".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kpis.calculations.investment import add_months
from kpis.calculations.money import EXACT

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """One planned benefit, in the months since go-live from `first` to `last` (1 is the first; None: for good).

    volume : all cases a month. effect : improvement of one of them in the KPI's unit at full adoption, above 0 where
    better.
    worth : money for one unit of effect on one unit of volume, realisation and attribution included.
    """

    volume: Decimal
    effect: Decimal
    worth: Decimal
    first: int = 1
    last: int | None = None

    def covers(self, month: int) -> bool:
        """Whether it is planned in the month-th month since go-live."""
        return self.first <= month and (self.last is None or month <= self.last)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected in one month: the volume, what is saved of it, and money; exact."""

    volume: Decimal = ZERO
    quantity: Decimal = ZERO
    amount: Decimal = ZERO


def expected(phases: Sequence[PlannedPhase], ramp: Sequence[Decimal], *, go_live: date | None, month: date) -> Expected:
    """Of one benefit in the calendar month that begins on `month`; nothing before go-live, or without one.

    ramp : adopted share in the first, second, … month since go-live; empty: all at once.
    Refuses (ValueError) a month that does not begin on its first day.
    """
    if month.day != 1:
        raise ValueError("a calendar month begins on its first day")
    volume = quantity = amount = ZERO
    for phase in phases:
        if go_live is None:
            break
        adopted = EXACT.multiply(phase.volume, _adopted(phase, ramp, go_live, month))
        volume += EXACT.multiply(phase.volume, _adopted(phase, (), go_live, month))
        quantity += (saved := EXACT.multiply(adopted, phase.effect))
        amount += EXACT.multiply(saved, phase.worth)
    return Expected(volume, quantity, amount)


def share_of_month(ramp: Sequence[Decimal], month: int) -> Decimal:
    """Adopted share in the month-th month since go-live; the last one of the ramp stays."""
    return ramp[min(month, len(ramp)) - 1] if ramp else Decimal(1)


def _adopted(phase: PlannedPhase, ramp: Sequence[Decimal], go_live: date, month: date) -> Decimal:
    """In full months of full adoption."""
    end, total = add_months(month, 1), ZERO
    k = max(1, (month.year - go_live.year) * 12 + month.month - go_live.month)
    while (start := add_months(go_live, k - 1)) < end:
        following = add_months(go_live, k)
        days = (min(end, following) - max(month, start)).days
        if days > 0 and phase.covers(k):
            share = EXACT.multiply(share_of_month(ramp, k), Decimal(days))
            total += EXACT.divide(share, Decimal((following - start).days))
        k += 1
    return total

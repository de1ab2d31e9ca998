"""From effect to amount: what one interval of one value driver is worth. No table is read or written here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kpis.calculations.money import cents
from kpis.definitions.models import Kpi
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.versions import Span


@dataclass(frozen=True, slots=True)
class Terms:
    """The likely values that price a driver; `sign` is +1 where less of the KPI is better, −1 where more is."""

    sign: int
    unit_factor: Decimal
    unit_value: Decimal  # initiative's currency for one priced unit
    realisation: Decimal  # 0..1
    attribution: Decimal  # 0..1

    @property
    def price(self) -> Decimal:
        """Money for one unit of KPI difference times one unit of volume, before it is realised and attributed."""
        return self.unit_factor * self.unit_value


@dataclass(frozen=True, slots=True)
class IntervalFacts:
    """What was measured in one interval: the KPI without and with the initiative, in its unit, and the volume."""

    counterfactual: float
    actual: float
    volume: float


def terms_of(driver: ValueDriver, span: Span) -> Terms:
    """The likely values that hold for intervals which begin in the span."""
    return Terms(
        sign=sign_of(driver.kpi.direction),
        unit_factor=driver.unit_factor,
        unit_value=span.unit_value.likely,
        realisation=span.realisation.likely,
        attribution=span.attribution.likely,
    )


def booked_terms(driver: ValueDriver, entry: LedgerEntry) -> Terms:
    """The terms under which an earlier version of the driver booked an entry."""
    sign = sign_of(driver.kpi.direction)
    return Terms(sign, entry.unit_factor, entry.unit_value, entry.realisation, entry.attribution)


def sign_of(direction: str) -> int:
    return 1 if direction == Kpi.Direction.DECREASE else -1


def amount_of(facts: IntervalFacts, terms: Terms) -> Decimal:
    """± (counterfactual − actual) · volume · factor · unit value · realisation · attribution, to the even cent.

    Floats become decimals by their shortest exact text, so that the amount can be recomputed from the stored row.
    Source: product.md "Benefit of a driver in interval i".
    """
    difference = _exact(facts.counterfactual) - _exact(facts.actual)
    quantity = terms.sign * difference * _exact(facts.volume)
    return cents(quantity * terms.price * terms.realisation * terms.attribution)


def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))

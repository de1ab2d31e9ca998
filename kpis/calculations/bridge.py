"""From the planned to the actual net of the same months: how much each cause moved it, to the cent.

One factor after the other is set from its planned to its actual value, and each difference is that factor's:

    delay    = (v′·e′ − v·e)·w         v′, e′: the plan, its adoption counted from the actual go-live
    volume   = (V − v′)·e′·w
    effect   = (E − e′)·V·w            e′ = effect · adopted share, as E is a mean over all cases
    price    = (W − w)·E·V             unit value, realisation, attribution, and what counts once
    cost     = planned − actual, by category
    not booked = −v′·e′·w in a month in which nothing was booked at all
    not planned = booked by what the plan does not know
    rest     = booked − Σ E·V·W, and the rounding of every bar

The order is a choice, as in every such analysis: first when it began, because that decides which months are compared at
all; then volume, effect, price, as cost accounting reads a variance (quantities at planned prices, prices at actual
quantities). Worked month by month, so that two errors of opposite months do not hide each other.
Source: docs/methods.md "Plan against actual".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpis.calculations.money import EXACT, cents
from kpis.calculations.planned import ZERO, Expected, PlannedPhase

CAUSES = ("delay", "not_booked", "volume", "effect", "price", "not_planned", "cost", "rest")


@dataclass(frozen=True, slots=True)
class Found:
    """What was booked for one benefit in one month: volume, effect · volume, money by its own terms, and booked."""

    volume: Decimal
    quantity: Decimal
    amount: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class BenefitMonth:
    """One planned benefit in one month; `found` None: nothing was booked at all. `phases` in force at go-live."""

    planned: Expected
    shifted: Expected  # the same from the actual go-live on
    terms: PlannedPhase  # effect and worth where the plan expects nothing yet
    found: Found | None


@dataclass(frozen=True, slots=True)
class Part:
    """How much one benefit or cost category contributes to a bar; exact."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause, to the cent, with what it is made of; the parts add up to it but for rounding."""

    cause: str
    amount: Decimal
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bridge:
    """`planned` + Σ bars = `actual`, to the cent."""

    planned: Decimal
    actual: Decimal
    bars: tuple[Bar, ...]


def bridge(
    benefits: Mapping[str, Sequence[BenefitMonth]],
    *,
    not_planned: Mapping[str, Decimal],
    planned_costs: Mapping[str, Decimal],
    actual_costs: Mapping[str, Decimal],
) -> Bridge:
    """Planned net → actual net of the same months, in one currency.

    benefits : by the benefit's name, its months. not_planned : booked amounts by name that no plan knows. Costs are
    positive sums by category.
    """
    sums: dict[str, dict[str, Decimal]] = {cause: {} for cause in CAUSES}
    for name, months in benefits.items():
        for month in months:
            for cause, amount in _moved(month):
                sums[cause][name] = sums[cause].get(name, ZERO) + amount
    sums["not_planned"] = dict(not_planned)
    categories = dict.fromkeys([*planned_costs, *actual_costs])
    sums["cost"] = {c: planned_costs.get(c, ZERO) - actual_costs.get(c, ZERO) for c in categories}
    planned, actual = _nets(benefits.values(), not_planned, planned_costs, actual_costs)
    bars = [_bar(cause, sums[cause]) for cause in CAUSES[:-1]]
    left = actual - planned - sum((bar.amount for bar in bars), ZERO)
    return Bridge(planned, actual, (*bars, Bar("rest", left, _bar("rest", sums["rest"]).parts)))


def _moved(month: BenefitMonth) -> Iterable[tuple[str, Decimal]]:
    planned, shifted, found = month.planned, month.shifted, month.found
    yield "delay", shifted.amount - planned.amount
    if found is None:
        yield "not_booked", -shifted.amount
        return
    effect = _ratio(shifted.quantity, shifted.volume, month.terms.effect)
    worth = _ratio(shifted.amount, shifted.quantity, month.terms.worth)
    at_plan = EXACT.multiply(found.volume, effect)
    yield "volume", EXACT.multiply(at_plan, worth) - shifted.amount
    yield "effect", EXACT.multiply(found.quantity - at_plan, worth)
    yield "price", found.amount - EXACT.multiply(found.quantity, worth)
    yield "rest", found.booked - found.amount


def _ratio(over: Decimal, under: Decimal, otherwise: Decimal) -> Decimal:
    return EXACT.divide(over, under) if under else otherwise


def _bar(cause: str, parts: Mapping[str, Decimal]) -> Bar:
    kept = tuple(Part(name, amount) for name, amount in parts.items() if amount)
    return Bar(cause, cents(sum((part.amount for part in kept), ZERO)), kept)


def _nets(
    benefits: Iterable[Sequence[BenefitMonth]],
    not_planned: Mapping[str, Decimal],
    planned_costs: Mapping[str, Decimal],
    actual_costs: Mapping[str, Decimal],
) -> tuple[Decimal, Decimal]:
    months = [month for row in benefits for month in row]
    expected = sum((month.planned.amount for month in months), ZERO)
    booked = sum((month.found.booked for month in months if month.found), ZERO) + sum(not_planned.values(), ZERO)
    planned = cents(expected) - sum(planned_costs.values(), ZERO)
    return planned, booked - sum(actual_costs.values(), ZERO)

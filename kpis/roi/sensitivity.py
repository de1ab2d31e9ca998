"""Which assumption breaks it first: the net with each one at its low and its high end, the others likely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scipy.special import stdtrit

from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, Stream, money_at
from kpis.ledger.models import Assumption
from kpis.roi.flows import DriverFlow, Flows


@dataclass(frozen=True, slots=True)
class Swing:
    """Net benefit at both ends of one assumption, in the statement's currency.

    `assumption` None: the measured effect on `name`, at the ends of its 80 % range. `from_value`, `to_value` are those
    ends, in the assumption's (or the KPI's) unit.
    """

    name: str
    assumption: Assumption | None
    unit: str
    from_value: float
    to_value: float
    low: Decimal
    high: Decimal
    flips_sign: bool

    @property
    def swing(self) -> Decimal:
        return abs(self.high - self.low)


def swings(flows: Sequence[Flows], *, invested: Decimal) -> list[Swing]:
    """One for each assumption with a range and each effect with an error, the largest swing first."""
    drivers = [flow for f in flows for flow in f.drivers]
    found = [*_of_assumptions(drivers, invested), *_of_effects(drivers, invested)]
    return sorted(found, key=lambda swing: -swing.swing)


def _of_assumptions(drivers: Sequence[DriverFlow], invested: Decimal) -> Iterator[Swing]:
    rows: dict[int, Assumption] = {}
    for flow in drivers:
        for assumption in (flow.driver.unit_value, flow.driver.realisation, flow.driver.attribution):
            rows[assumption.pk] = assumption
    for assumption in rows.values():
        if assumption.low == assumption.high:
            continue
        key = str(assumption.pk)

        def at(value: float, key: str = key) -> Callable[[Stream], float]:
            return lambda stream: money_at(stream, **dict.fromkeys(_roles(stream, key), value))

        ends = float(assumption.low), float(assumption.high)
        unit = "share" if assumption.is_share else "money"
        yield _swing(assumption.name, assumption, unit, ends, [at(end) for end in ends], drivers, invested)


def _roles(stream: Stream, key: str) -> list[str]:
    named = {"unit_value": stream.unit_value, "realisation": stream.realisation, "attribution": stream.attribution}
    return [name for name, assumed in named.items() if assumed.key == key]


def _of_effects(drivers: Sequence[DriverFlow], invested: Decimal) -> Iterator[Swing]:
    seen = {}
    for flow in drivers:
        seen[flow.stream.error.key] = flow
    for key, flow in seen.items():
        error = flow.stream.error
        if error.standard_error is not None and error.df is not None:
            width = error.standard_error * float(stdtrit(error.df, HIGH))
            shifts = (-width, width)
        elif error.declared is not None:
            shifts = (error.declared.low - error.declared.likely, error.declared.high - error.declared.likely)
        else:
            continue

        def at(shift: float, key: str = key) -> Callable[[Stream], float]:
            return lambda stream: money_at(stream, shift=shift if stream.error.key == key else 0.0)

        kpi = flow.driver.kpi
        yield _swing(kpi.name, None, kpi.unit, shifts, [at(shift) for shift in shifts], drivers, invested)


def _swing(
    name: str,
    assumption: Assumption | None,
    unit: str,
    ends: tuple[float, float],
    at: Sequence[Callable[[Stream], float]],
    drivers: Sequence[DriverFlow],
    invested: Decimal,
) -> Swing:
    low, high = (cents(sum(money(flow.stream) for flow in drivers)) - invested for money in at)
    return Swing(name, assumption, unit, *ends, low, high, flips_sign=(low < 0) != (high < 0))

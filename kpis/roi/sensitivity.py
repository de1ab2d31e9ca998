"""Which assumption breaks it first: the net with each one at its low and its high end, the others likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scipy.special import stdtrit

from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, Stream, money_at
from kpis.ledger.models import Assumption
from kpis.roi.flows import DriverFlow, Flows

AT_MOST = 12  # what the API tells; a page shows fewer


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
    """Of the assumptions with a range and the effects with an error those that move most, the largest swing first."""
    drivers = [flow for f in flows for flow in f.drivers]
    likely = float(sum(money_at(flow.stream) for flow in drivers))
    found = [*_of_assumptions(drivers), *_of_effects(drivers)]
    found.sort(key=lambda lever: -abs(lever.moves[1] - lever.moves[0]))
    return [_swing(lever, likely, invested) for lever in found[:AT_MOST]]


@dataclass(frozen=True, slots=True)
class _Lever:
    """`moves`: by how much the money moves at each of the `ends`, everything else being likely."""

    name: str
    assumption: Assumption | None
    unit: str
    ends: tuple[float, float]
    moves: tuple[float, float]


def _of_assumptions(drivers: Sequence[DriverFlow]) -> Iterator[_Lever]:
    """One assumption may serve several drivers, and one driver in two roles."""
    resting: dict[int, tuple[Assumption, dict[int, tuple[Stream, list[str]]]]] = {}
    for flow in drivers:
        for role in ("unit_value", "realisation", "attribution"):
            assumption: Assumption = getattr(flow.driver, role)
            if assumption.low != assumption.high:
                _, used = resting.setdefault(assumption.pk, (assumption, {}))
                used.setdefault(flow.driver.pk, (flow.stream, []))[1].append(role)
    for assumption, used in resting.values():
        ends = float(assumption.low), float(assumption.high)
        moves = [sum(_moved(stream, roles, end) for stream, roles in used.values()) for end in ends]
        unit = "share" if assumption.is_share else "money"
        yield _Lever(assumption.name, assumption, unit, ends, (moves[0], moves[1]))


def _moved(stream: Stream, roles: Sequence[str], value: float) -> float:
    return money_at(stream, **dict.fromkeys(roles, value)) - money_at(stream)


def _of_effects(drivers: Sequence[DriverFlow]) -> Iterator[_Lever]:
    resting: dict[str, list[DriverFlow]] = {}
    for flow in drivers:
        resting.setdefault(flow.stream.error.key, []).append(flow)
    for flows in resting.values():
        error, kpi = flows[-1].stream.error, flows[-1].driver.kpi
        if error.standard_error is not None and error.df is not None:
            width = error.standard_error * float(stdtrit(error.df, HIGH))
            ends = (-width, width)
        elif error.declared is not None:
            ends = (error.declared.low - error.declared.likely, error.declared.high - error.declared.likely)
        else:
            continue
        moves = [sum(money_at(f.stream, shift=end) - money_at(f.stream) for f in flows) for end in ends]
        yield _Lever(kpi.name, None, kpi.unit, ends, (moves[0], moves[1]))


def _swing(lever: _Lever, likely: float, invested: Decimal) -> Swing:
    low, high = (cents(likely + move) - invested for move in lever.moves)
    flips = (low < 0) != (high < 0)
    return Swing(lever.name, lever.assumption, lever.unit, *lever.ends, low, high, flips_sign=flips)

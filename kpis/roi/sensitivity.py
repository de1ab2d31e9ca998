"""Which assumption breaks it first: the net with each one at its low and its high end, the others likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scipy.special import stdtrit

from kpis.calculations.money import cents
from kpis.calculations.streams import HIGH, Stream, money_at
from kpis.ledger.models import Assumption
from kpis.ledger.versions import ROLES
from kpis.roi.flows import DriverFlow, Flows

AT_MOST = 12  # what the API tells; a page shows fewer


@dataclass(frozen=True, slots=True)
class Swing:
    """Net benefit at both ends of one assumption, in the statement's currency.

    `assumption` None: the measured effect on `name`, at the ends of its 80 % range. `from_value`, `to_value` are those
    ends, in the assumption's (or the KPI's) unit; of an assumption with dated values those of the newest booked.
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
    likely = float(sum(money_at(stream) for flow in drivers for stream in flow.streams))
    found = [*_of_assumptions(drivers), *_of_effects(drivers)]
    found.sort(key=lambda lever: -abs(lever.moves[1] - lever.moves[0]))
    return [_swing(lever, likely, invested) for lever in found[:AT_MOST]]


Used = list[tuple[Stream, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Resting:
    """All that rests on one assumption: the streams that it prices, each with the roles that it has there."""

    assumption: Assumption
    used: Used
    drivers: tuple[DriverFlow, ...]

    @property
    def booked(self) -> Decimal:
        """What its drivers have booked so far."""
        return sum((flow.amount for flow in self.drivers), Decimal(0))

    def moves(self, end: str) -> float:
        """By how much the money moves where it comes to its `low` or `high`, everything else being likely."""
        return sum(_moved(stream, roles, end) for stream, roles in self.used)

    @property
    def ends(self) -> tuple[float, float]:
        stream, roles = self.used[-1]
        found = getattr(stream, roles[0]).range
        return found.low, found.high

    @property
    def is_certain(self) -> bool:
        return all(getattr(stream, roles[0]).range.is_certain for stream, roles in self.used)


def resting_on_assumptions(drivers: Sequence[DriverFlow]) -> dict[int, Resting]:
    """By the assumption's id. One may serve several drivers, and one driver in two roles."""
    found: dict[int, Resting] = {}
    for flow in drivers:
        roles_of: dict[int, tuple[Assumption, list[str]]] = {}
        for role in ROLES:
            assumption: Assumption = getattr(flow.driver, role)
            roles_of.setdefault(assumption.pk, (assumption, []))[1].append(role)
        for pk, (assumption, roles) in roles_of.items():
            before = found.get(pk, Resting(assumption, [], ()))
            used = [*before.used, *((stream, tuple(roles)) for stream in flow.streams)]
            found[pk] = Resting(before.assumption, used, (*before.drivers, flow))
    return found


@dataclass(frozen=True, slots=True)
class _Lever:
    """`moves`: by how much the money moves at each of the `ends`, everything else being likely."""

    name: str
    assumption: Assumption | None
    unit: str
    ends: tuple[float, float]
    moves: tuple[float, float]


def _of_assumptions(drivers: Sequence[DriverFlow]) -> Iterator[_Lever]:
    for resting in resting_on_assumptions(drivers).values():
        if not resting.is_certain:
            unit = "share" if resting.assumption.is_share else "money"
            moves = resting.moves("low"), resting.moves("high")
            yield _Lever(resting.assumption.name, resting.assumption, unit, resting.ends, moves)


def _moved(stream: Stream, roles: Sequence[str], end: str) -> float:
    values = {role: getattr(getattr(stream, role).range, end) for role in roles}
    return money_at(stream, **values) - money_at(stream)


def _of_effects(drivers: Sequence[DriverFlow]) -> Iterator[_Lever]:
    resting: dict[str, list[DriverFlow]] = {}
    for flow in drivers:
        resting.setdefault(flow.streams[0].error.key, []).append(flow)
    for flows in resting.values():
        error, kpi = flows[-1].streams[0].error, flows[-1].driver.kpi
        if error.standard_error is not None and error.df is not None:
            width = error.standard_error * float(stdtrit(error.df, HIGH))
            ends = (-width, width)
        elif error.declared is not None:
            ends = (error.declared.low - error.declared.likely, error.declared.high - error.declared.likely)
        else:
            continue
        streams = [stream for flow in flows for stream in flow.streams]
        moves = [sum(money_at(stream, shift=end) - money_at(stream) for stream in streams) for end in ends]
        yield _Lever(kpi.name, None, kpi.unit, ends, (moves[0], moves[1]))


def _swing(lever: _Lever, likely: float, invested: Decimal) -> Swing:
    low, high = (cents(likely + move) - invested for move in lever.moves)
    flips = (low < 0) != (high < 0)
    return Swing(lever.name, lever.assumption, lever.unit, *lever.ends, low, high, flips_sign=flips)

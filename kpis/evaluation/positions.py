"""Where a KPI stands beside published figures, and never more precisely than each figure allows. Knows no money.

What the portal may say follows from the figure's statistic (`position_method`): a percentile among quantiles only;
an effect beside an effect; tiers and shares of a population are quoted and rank nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal

from kpis.benchmarks.matching import Mismatch, Ours, mismatches
from kpis.benchmarks.models import Comparison
from kpis.benchmarks.published import Published
from kpis.calculations import position as placing
from kpis.calculations import units
from kpis.calculations.position import Reading

Direction = Literal["increase", "decrease"]

LEVEL, CHANGE, RATE_CHANGE = (reading.value for reading in Comparison.Reading)
RANKS_NOBODY: Final = {"context": "context", "tier": "tier"}
AT_MOST: Final = ": at most"  # how a tier that ends at its number is named


@dataclass(frozen=True, slots=True)
class Figure:
    """The own figure. level: in `unit`; change and rate_change: a share, above zero means more.

    `direction`: which way is better for the KPI. `factor`: beside the conversion of units, 0.2 for days of a week.
    """

    value: float
    low: float | None
    high: float | None
    unit: str
    direction: str
    reading: str = LEVEL
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """One published figure with where the own one stands beside it.

    value, low, high : the own figure in the published one's unit. position : ahead, level, behind, best, worst; of
    effects above, within, below; "" where nobody is ranked, and `reason` names why. percentile : share that one is
    better than. difference : own − published. group : the published group or tier that was taken.
    """

    benchmark: Published
    value: float | None
    low: float | None
    high: float | None
    position: str
    percentile: float | None
    bounds: tuple[float, float] | None
    exactness: str
    difference: float | None
    mismatches: tuple[Mismatch, ...]
    reason: str = ""
    group: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)


def position_beside(figure: Published, own: Figure, ours: Ours, *, on: date) -> Position:
    """The own figure beside a published one, with every mismatch, as of a day."""
    differences = mismatches(figure, ours, on=on)
    bare = Position(figure, None, None, None, "", None, None, "none", None, differences)
    if reason := _unlike(figure, own):
        return replace(bare, reason=reason)
    multiplier, of_unit = _multiplier(figure, own)
    if multiplier is None:
        return replace(bare, reason="unit", mismatches=(*differences, *of_unit))
    value, low, high = (None if end is None else end * multiplier for end in (own.value, own.low, own.high))
    more = (*of_unit, *_of_reading(figure, own))
    found = replace(bare, value=value, low=low, high=high, mismatches=(*differences, *more))
    return _placed(found, Reading(float(value or 0.0), low, high), ours)


def rank(position: Position) -> tuple[object, ...]:
    """For sorting: what fits best and is best proved comes first."""
    codes = {mismatch.code for mismatch in position.mismatches}
    return (
        not position.position,
        len(codes & {"function", "unit", "population"}),
        "age" in codes,
        position.benchmark.grade,
        position.benchmark.position_method == "bound",
        len(codes),
        position.benchmark.n is None,
        position.benchmark.slug,
    )


def best_of(positions: Sequence[Position]) -> Position | None:
    """The one position to tell where there is room for one; None where nobody is ranked anywhere."""
    ranked = [position for position in positions if position.position]
    return min(ranked, key=rank) if ranked else None


# -- what may be compared at all ------------------------------------------------------------------------------------


def _unlike(figure: Published, own: Figure) -> str:
    """Why these two are never put side by side; "" where they may be."""
    if own.reading != LEVEL and figure.kind == "level":
        return "kind"
    opposite = own.reading == RATE_CHANGE  # less time for each is more of them an hour
    if (own.direction == figure.direction) == opposite:
        return "direction"
    return ""


def _of_reading(figure: Published, own: Figure) -> tuple[Mismatch, ...]:
    if own.reading == RATE_CHANGE:
        return (Mismatch("derived", "", ""),)
    if own.reading == LEVEL and figure.kind == "effect":
        return (Mismatch("kind", "", ""),)
    return ()


def _multiplier(figure: Published, own: Figure) -> tuple[float | None, tuple[Mismatch, ...]]:
    """What the own figure is multiplied with; None where no unit leads to the other and nobody stated a factor."""
    try:
        return units.conversion(own.unit, figure.unit) * own.factor, ()
    except units.UnitMismatch:
        said = (Mismatch("unit", own.unit, figure.unit),)
    ours, theirs = units.parse(own.unit), units.parse(figure.unit)
    if _uncounted(ours) == _uncounted(theirs):
        return ours.factor / theirs.factor * own.factor, said
    return (own.factor if own.factor != 1 else None), said


def _uncounted(unit: units.Unit) -> tuple[tuple[str, int], ...]:
    """The dimension without counted things: minutes a ticket are minutes."""
    return tuple((base, power) for base, power in unit.dimension if not base.startswith("{"))


# -- placing --------------------------------------------------------------------------------------------------------


def _placed(found: Position, own: Reading, ours: Ours) -> Position:
    figure = found.benchmark
    said, direction = figure.statistic, figure.direction
    if figure.position_method in RANKS_NOBODY:
        return replace(found, reason=RANKS_NOBODY[figure.position_method], group=_tier(figure, own.value))
    match figure.position_method:
        case "percentile" | "bound":
            return _as_said(found, placing.among_quantiles(own, said.quantiles, direction))
        case "percentile_approx" if said.value is not None and said.sd is not None:
            share = figure.is_share and 0 < said.value < 1
            return _as_said(found, placing.among_normal(own, said.value, said.sd, direction, is_share=share))
        case "range" if said.low is not None and said.high is not None:
            return _as_said(found, placing.beside_range(own, said.low, said.high, direction))
    point, group = _point(figure, ours)
    if point is None:
        return replace(found, reason="no_group")
    beside = _beside_effect if figure.position_method == "effect_comparison" else _beside_point
    return replace(_as_said(found, beside(own, point, figure)), group=group)


def _beside_point(own: Reading, point: float, figure: Published) -> placing.Position:
    interval = figure.statistic.ci if point == figure.statistic.value else None
    return placing.beside_point(own, point, figure.direction, published=interval)


def _beside_effect(own: Reading, point: float, figure: Published) -> placing.Position:
    """Turned so that more is better for both, and the difference turned back."""
    sign = 1 if figure.direction == "increase" else -1
    interval = figure.statistic.ci if point == figure.statistic.value else None
    turned = Reading(sign * own.value)
    if own.low is not None:
        least, most = sorted(sign * end for end in own.ends)
        turned = Reading(sign * own.value, least, most)
    published = None if interval is None else (min(sign * end for end in interval), max(sign * end for end in interval))
    result = placing.beside_effect(turned, sign * point, published=published)
    return replace(result, difference=own.value - point)


def _point(figure: Published, ours: Ours) -> tuple[float | None, str]:
    """The one number to compare with: the published one, else that of the group which is ours."""
    if figure.statistic.value is not None:
        return figure.statistic.value, ""
    for name, value in figure.statistic.groups:
        if ours.industry and name.lower().replace(" ", "_") == ours.industry:
            return value, name
    return None, ""


def _tier(figure: Published, value: float) -> str:
    """The name of the first tier that the value does not exceed; "" where tiers are no steps of one scale."""
    steps = [(limit, name.removesuffix(AT_MOST)) for name, limit in figure.statistic.groups if name.endswith(AT_MOST)]
    if figure.position_method != "tier" or len(steps) != len(figure.statistic.groups):
        return ""
    return next((name for limit, name in sorted(steps) if value <= limit), "")


def _as_said(found: Position, placed: placing.Position) -> Position:
    return replace(
        found,
        position=placed.position,
        percentile=placed.percentile,
        bounds=placed.bounds,
        exactness=placed.exactness,
        difference=placed.difference,
        reasons=placed.reasons,
    )

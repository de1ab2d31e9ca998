"""Pilot to scale: what the last full months brought for each user, carried to more users. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kpis.calculations.defaults import RUN_RATE_MONTHS
from kpis.calculations.scaling import CostStep, Projection, Rollout, projection
from kpis.roi.statement import Statement
from kpis.roi.variants import run_rate

TOO_FEW = "A projection needs three full months of booked benefits."


@dataclass(frozen=True, slots=True)
class Pilot:
    """A mean month of the last full ones, in the statement's currency: benefit low, likely, high; running cost."""

    months: tuple[date, ...]
    benefit: tuple[float, float, float]
    cost: float


@dataclass(frozen=True, slots=True)
class AtScale:
    """`cost_ratio`: the last month's running cost by the pilot's; None where the pilot has none."""

    pilot: Pilot
    per_user: tuple[float, float, float]
    projection: Projection
    cost_ratio: float | None


def pilot_of(statement: Statement, *, reasons: dict[str, str]) -> Pilot | None:
    """None with a reason while fewer than three full months are booked."""
    found = run_rate(statement.flows, today=statement.today, calendar=statement.calendar)
    n = len(found.months)
    if n < RUN_RATE_MONTHS.value:
        reasons["scale"] = TOO_FEW
        return None
    likely, total = float(found.benefit) / n, float(statement.benefits.total)
    low, high = (likely, likely) if statement.range is None or not total else _ends(statement, likely / total)
    return Pilot(found.months, (low, likely, high), float(found.recurring) / n)


def at_scale(
    statement: Statement, rollout: Rollout, costs: Sequence[CostStep], *, kept: float, reasons: dict[str, str]
) -> AtScale | None:
    """As many users as today were measured; those beyond bring the share that is stated. Refusals as `projection`."""
    pilot = pilot_of(statement, reasons=reasons)
    if pilot is None:
        return None
    low, likely, high = (one / rollout.users_now for one in pilot.benefit)
    found = projection((low, likely, high), rollout, costs, kept=kept, measured=rollout.users_now)
    ratio = found.months[-1].cost / pilot.cost if pilot.cost > 0 else None
    return AtScale(pilot, (low, likely, high), found, ratio)


def _ends(statement: Statement, part: float) -> tuple[float, float]:
    assert statement.range is not None  # noqa: S101 - asked for where there is one, for the type checker
    ends = float(statement.range.benefit_low) * part, float(statement.range.benefit_high) * part
    return min(ends), max(ends)

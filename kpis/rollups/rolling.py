"""Arrivals to interval values: what a batch has touched is computed anew from the measurements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Touched:
    """KPIs (ids) whose interval values may have changed, and whether arrivals are left."""

    kpis: frozenset[int]
    more_waiting: bool


def roll_up_arrivals(*, at_most: int) -> Touched:
    """Work off up to `at_most` arrivals, oldest first."""
    raise NotImplementedError


def recompute(kpi_ids: Collection[int]) -> None:
    """Compute all interval values of these KPIs anew, as after a change of their aggregation."""
    raise NotImplementedError


def mark_dirty(kpi_ids: Collection[int]) -> None:
    """Their effects and entries are to be computed anew: a definition, baseline or driver has changed."""
    raise NotImplementedError

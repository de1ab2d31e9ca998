"""By which method an effect is measured: chosen on the baseline alone, before anything is known about the effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from kpis.calculations import defaults
from kpis.calculations.defaults import Enough
from kpis.calculations.interrupted import FEWEST_AFTER, trend_of
from kpis.calculations.intervals import Granularity
from kpis.calculations.regression import Dependent, NoVariation, TooFew
from kpis.calculations.season import season_of
from kpis.calculations.series import Series

Method = Literal["did", "its", "ar1", "welch", "declared"]

METHODS: Final[tuple[Method, ...]] = ("did", "its", "ar1", "welch")
EVIDENCE: Final[dict[str, str]] = {"did": "A", "its": "B", "ar1": "C", "welch": "C", "declared": "D"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The method, one sentence why, and the figures that decided (`slope` a interval, `p_value`), to be frozen."""

    method: Method
    reason: str
    details: dict[str, float] = field(default_factory=dict)


def choose_method(
    baseline: Series, *, has_control: bool, granularity: Granularity | None, season_length: int | None = None
) -> Choice:
    """Control group: did. Otherwise a trend (p < 0.10) in at least 24 baseline intervals: its. Otherwise ar1.

    A weekly or yearly pattern alone is no reason for its: the difference of means takes it out too, and claims less.
    """
    if has_control:
        return Choice("did", "A control group was measured in both periods.")
    if baseline.n < defaults.TREND_NEEDS_BEFORE.value:
        return Choice("ar1", "The baseline is too short to tell a trend from chance.")
    try:
        trend = trend_of(baseline, season_of(baseline, granularity, length=season_length))
    except (NoVariation, Dependent, TooFew):
        return Choice("ar1", "The baseline does not vary.")
    details = {"slope": trend.slope, "p_value": trend.p_value}
    if trend.p_value < defaults.TREND_P_VALUE.value:
        return Choice("its", "The baseline has a trend, which goes on as the counterfactual.", details)
    return Choice("ar1", "The baseline has no trend.", details)


def enough_for(method: str, granularity: Granularity | None) -> Enough:
    """How many intervals the method needs on each side. Refuses (ValueError) an unknown method."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}")
    by_calendar = defaults.ENOUGH_INTERVALS.value
    enough = by_calendar[granularity] if granularity else defaults.ENOUGH_WITHOUT_CALENDAR.value
    if method == "its":
        return Enough(max(enough.before, FEWEST_AFTER), max(enough.after, FEWEST_AFTER))
    return enough

"""What is compared with what: the intervals before and after go-live, and the method that the baseline chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpis.calculations import counterfactual
from kpis.calculations.choice import METHODS, Choice, Method, choose_method
from kpis.calculations.counterfactual import Counterfactual
from kpis.calculations.difference import difference_of_means, welch
from kpis.calculations.difference_in_differences import difference_in_differences
from kpis.calculations.estimate import Estimate
from kpis.calculations.interrupted import interrupted_series
from kpis.calculations.intervals import Granularity
from kpis.calculations.regression import Dependent, NoVariation, TooFew
from kpis.calculations.season import Season, season_of
from kpis.calculations.series import Series

Direction = Literal["increase", "decrease"]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Complete interval values before and after go-live, in the KPI's unit.

    direction : which way is better. granularity : None where the values have no calendar (a calculator).
    control_before, control_after : the control group's values. season_length : a cycle in intervals, named by hand.
    transition : positions [first, end) of a roll-out that count neither as before nor as after.
    """

    before: Series
    after: Series
    direction: Direction
    granularity: Granularity | None = None
    control_before: Series | None = None
    control_after: Series | None = None
    season_length: int | None = None
    transition: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A comparison of which every interval takes part. The control group is there for did only, and then complete."""

    choice: Choice
    before: Series
    after: Series
    control_before: Series | None
    control_after: Series | None
    season: Season
    left_out: int  # intervals without a partner in the other group

    def estimate(self, confidence: float) -> Estimate:
        """The effect by the chosen method. Refuses (NoVariation, Dependent) what allows no interval."""
        match self.choice.method:
            case "welch":
                return welch(self.before, self.after)
            case "its":
                return interrupted_series(self.before, self.after, self.season, confidence=confidence)
            case "did":
                before, after = self.gaps()
                return difference_in_differences(before, after, self.season, confidence=confidence)
        return difference_of_means(self.before, self.after, self.season, confidence=confidence)

    def gaps(self) -> tuple[Series, Series]:
        """Treated − control, before and after. Refuses (ValueError) a comparison without control group."""
        if self.control_before is None or self.control_after is None:
            raise ValueError("there is no control group")
        return self.before.minus(self.control_before), self.after.minus(self.control_after)

    def counterfactual(self) -> Counterfactual | None:
        """How the baseline goes on; None without any baseline. A trend that cannot be fitted goes on as its mean."""
        if not self.before.n:
            return None
        if self.choice.method == "did":
            return counterfactual.control_shift(self.gaps()[0])
        if self.choice.method == "its":
            try:
                return counterfactual.continued_trend(self.before, self.season)
            except (NoVariation, Dependent, TooFew):
                return counterfactual.constant(self.before)
        return counterfactual.constant(self.before)


def prepared(comparison: Comparison, *, method: str) -> Prepared:
    """Leave out the transition and intervals without a partner, and choose the method where it is `auto`.

    Refuses (ValueError) an unknown method, did without a control group, values after go-live that do not lie behind
    the baseline.
    """
    first, end = comparison.transition or (0, 0)
    before, after = comparison.before.without(first, end), comparison.after.without(first, end)
    before.followed_by(after)
    choice = _chosen(comparison, before, method)
    control_before = control_after = None
    n = before.n + after.n
    if choice.method == "did":
        before, control_before = _partners(before, comparison.control_before)
        after, control_after = _partners(after, comparison.control_after)
    return Prepared(
        choice=choice,
        before=before,
        after=after,
        control_before=control_before,
        control_after=control_after,
        season=season_of(before, comparison.granularity, length=comparison.season_length),
        left_out=n - before.n - after.n,
    )


def _chosen(comparison: Comparison, before: Series, method: str) -> Choice:
    control = comparison.control_before
    has_control = control is not None and control.n > 0
    if method == "auto":
        return choose_method(
            before,
            has_control=has_control,
            granularity=comparison.granularity,
            season_length=comparison.season_length,
        )
    names: dict[str, Method] = {name: name for name in METHODS}
    if method not in names:
        raise ValueError(f"unknown method {method!r}")
    if method == "did" and not has_control:
        raise ValueError("difference-in-differences needs a control group")
    return Choice(names[method], "The method was named.")


def _partners(treated: Series, control: Series | None) -> tuple[Series, Series]:
    """Both groups where both were measured."""
    other = control if control is not None else Series.of([])
    positions, mine, theirs = np.intersect1d(treated.positions, other.positions, return_indices=True)
    return Series(treated.values[mine], positions), Series(other.values[theirs], positions)

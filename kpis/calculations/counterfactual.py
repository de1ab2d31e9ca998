"""What would have been measured without the initiative: frozen with the baseline, asked for any later interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.difference import with_season
from kpis.calculations.interrupted import elapsed
from kpis.calculations.regression import reml_ar1
from kpis.calculations.season import NO_SEASON, Season, usable
from kpis.calculations.series import Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["constant", "control_shift", "trend"]

KINDS: Final = ("constant", "control_shift", "trend")


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """How the baseline goes on after go-live.

    constant : `level`. control_shift : the control group's value + `level` (treated − control in the baseline).
    trend : level + slope · min(t − end, span) + season, t the interval's position, `end` and `span` the baseline's
    last position and length; further than the baseline is long the trend is not carried on.
    Units: level in the KPI's unit, slope in it per interval, `seasonal` in it per column of the season.
    """

    kind: Kind
    level: float
    slope: float = 0.0
    end: int = 0
    span: int = 0
    season: Season = NO_SEASON
    seasonal: tuple[float, ...] = ()

    def at(self, positions: Ints, control: Floats | None = None) -> Floats:
        """Counterfactual of each interval, in the KPI's unit; shape (n,).

        control : shape (n,), the control group's values of the same intervals, NaN where it has none; there the
        counterfactual is NaN too, and whoever asks leaves the interval out. Refuses (ValueError) no control group.
        """
        if self.kind == "constant":
            return np.full(positions.size, self.level)
        if self.kind == "control_shift":
            if control is None or control.shape != positions.shape:
                raise ValueError("this counterfactual needs the control group's values of the same intervals")
            shifted: Floats = control + self.level
            return shifted
        carried = np.minimum(positions - self.end, self.span)
        going: Floats = self.level + self.slope * carried + self.season.columns(positions) @ np.array(self.seasonal)
        return going

    def as_json(self) -> dict[str, Any]:
        """Everything that `from_json` needs, as plain JSON values."""
        return {
            "kind": self.kind,
            "level": self.level,
            "slope": self.slope,
            "end": self.end,
            "span": self.span,
            "season": self.season.as_json(),
            "seasonal": list(self.seasonal),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Counterfactual:
        """The counterfactual that `as_json` wrote. Refuses (ValueError) an unknown kind."""
        if stored["kind"] not in KINDS:
            raise ValueError(f"unknown kind of counterfactual {stored['kind']!r}")
        return cls(
            kind=stored["kind"],
            level=float(stored["level"]),
            slope=float(stored["slope"]),
            end=int(stored["end"]),
            span=int(stored["span"]),
            season=Season.from_json(stored["season"]),
            seasonal=tuple(float(s) for s in stored["seasonal"]),
        )


def constant(baseline: Series) -> Counterfactual:
    """The baseline's plain mean goes on. Refuses (ValueError) an empty baseline."""
    return Counterfactual("constant", baseline.mean)


def control_shift(gap_before: Series) -> Counterfactual:
    """The control group's value plus the gap that there was before. Refuses (ValueError) an empty baseline."""
    return Counterfactual("control_shift", gap_before.mean)


def continued_trend(baseline: Series, season: Season) -> Counterfactual:
    """The baseline's own trend and season go on, fitted on the baseline alone. Refuses as `reml_ar1`."""
    needed = np.column_stack([np.ones(baseline.n), elapsed(baseline.positions, baseline.positions)])
    x = with_season(needed, baseline, season, baseline.n)
    beta = reml_ar1(baseline.values, x, gaps=baseline.gaps).beta
    columns = season.columns(baseline.positions)
    means = columns.mean(axis=0)
    seasonal = np.zeros(means.size)
    seasonal[usable(needed, columns - means)] = beta[2:]
    return Counterfactual(
        kind="trend",
        # The fit centres the season on the baseline; here it counts from its first phase.
        level=float(beta[0] - seasonal @ means),
        slope=float(beta[1]),
        end=int(baseline.positions[-1]),
        span=int(baseline.positions[-1] - baseline.positions[0]) + 1,
        season=season,
        seasonal=tuple(float(s) for s in seasonal),
    )

"""The level of a KPI of late, with its interval: the mean of its newest values, dependent as neighbours are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.intervals import Granularity
from kpis.calculations.regression import Dependent, NoVariation, TooFew, correlations, reml_ar1
from kpis.calculations.series import Series

OF_LATE: Final = {
    Granularity.HOUR: 168, Granularity.DAY: 28, Granularity.WEEK: 8, Granularity.MONTH: 6, Granularity.QUARTER: 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """Mean of the newest n values, in their unit. low, high: None where too few values, or equal ones, allow none."""

    value: float
    low: float | None
    high: float | None
    n: int


def recent_level(values: Series, *, granularity: Granularity, confidence: float) -> Level | None:
    """Over the last `OF_LATE` values; errors AR(1) by REML. None of an empty series.

    Below five values there is a mean and no interval. confidence : 0..1.
    """
    row, positions = values.values[-OF_LATE[granularity] :], values.positions[-OF_LATE[granularity] :]
    if not row.size:
        return None
    newest = Series(row, positions)
    if newest.n < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Level(newest.mean, None, None, newest.n)
    try:
        fit = reml_ar1(newest.values, np.ones((newest.n, 1)), gaps=newest.gaps)
    except (NoVariation, Dependent, TooFew):
        return Level(newest.mean, None, None, newest.n)
    error = fit.sigma * np.sqrt(correlations(fit.phi, newest.gaps).sum()) / newest.n
    half = float(stdtrit(fit.df, 0.5 + confidence / 2) * error)
    if not np.isfinite(half):
        return Level(newest.mean, None, None, newest.n)
    return Level(newest.mean, newest.mean - half, newest.mean + half, newest.n)

"""Control charts: is a process as it was, and if not, since when? Limits come from a closed baseline and stay.

    individuals:  x̄ ± 3σ̂,  σ̂ = MR̄/1.128;  median moving range/0.954 where the baseline holds outliers;  s where
                  neighbours resemble each other (φ̂ > 0.25), whose moving ranges are too small. Of ranges: 3.267·MR̄
    EWMA:         zᵢ = λxᵢ + (1 − λ)zᵢ₋₁;  x̄ ± L·σ̂·√(λ/(2 − λ)·(1 − (1 − λ)^{2i})),  λ = 0.2, L = 2.86
    CUSUM:        C⁺ = max(0, C⁺ + x − x̄ − σ̂/2), C⁻ likewise;  alarm beyond 4.77σ̂
    shares:       p̄ ± 3·√(p̄(1 − p̄)/nᵢ)        events: ū ± 3·√(ū/nᵢ)        both × σ_z where σ_z > 1.2 (Laney 2002)

Sources: Montgomery, Introduction to Statistical Quality Control; NIST/SEMATECH e-Handbook 6.3; docs/methods.md "Control
charts".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.defaults import EWMA_L, EWMA_LAMBDA, SPC_ALARM, SPC_FIRM, SPC_TRIAL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Standing = Literal["trial", "alarm", "firm"]

SIGMAS: Final = 3.0
D2: Final = 1.128  # mean range of two normal values, in standard deviations
D4_MEDIAN: Final = 0.954  # median range of the same
D4: Final = 3.267  # limit of a moving range, in mean moving ranges
DEPENDENT_ABOVE: Final = 0.25
OVERDISPERSED_ABOVE: Final = 1.2
CUSUM_SLACK: Final = 0.5
CUSUM_LIMIT: Final = 4.77


class NoLimits(ValueError):
    """Says in a sentence why a baseline gives no control limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A process as its baseline showed it; frozen, phase II never feeds it.

    centre, sigma : in the KPI's unit. mean_range : MR̄. n : values of the baseline. phi : their lag-1 correlation.
    dependent : neighbours resemble each other, so only points beyond the limits count as alarms (no runs).
    """

    centre: float
    sigma: float
    mean_range: float
    n: int
    phi: float
    dependent: bool

    @property
    def standing(self) -> Standing:
        """How far the limits can be relied on: trial from 12 values, alarm from 20, firm from 50."""
        if self.n < SPC_ALARM.value:
            return "trial"
        return "alarm" if self.n < SPC_FIRM.value else "firm"

    @property
    def range_limit(self) -> float:
        """What no moving range should exceed, in the KPI's unit."""
        return D4 * self.mean_range


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """Points with their limits; shapes (n,), in the unit of the points. `z`: distance from the centre in sigmas."""

    points: Floats
    centre: float
    low: Floats
    high: Floats
    z: Floats

    @property
    def beyond(self) -> Mask:
        """Which points lie outside their limits; shape (n,)."""
        return (self.points < self.low) | (self.points > self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Cusum:
    """Cumulated deviations above and below the centre, both at least 0, and what they must not exceed."""

    above: Floats
    below: Floats
    limit: float

    @property
    def beyond(self) -> Mask:
        """At which points either sum exceeds the limit; shape (n,)."""
        return (self.above > self.limit) | (self.below > self.limit)


def limits_of(baseline: Floats, *, outliers: bool = False) -> Limits:
    """Phase I of individual values, shape (n,), in time order.

    outliers : the baseline holds some that have no recorded cause; then the median moving range counts.
    Refuses (NoLimits) fewer than 12 values and values that do not vary; (ValueError) numbers not finite.
    """
    if not np.isfinite(baseline).all():
        raise ValueError("control limits need finite values")
    if baseline.size < SPC_TRIAL.value:
        raise NoLimits(f"Control limits need {SPC_TRIAL.value} values; there are {baseline.size}.")
    if not np.ptp(baseline):
        raise NoLimits("The values do not vary, so there are no control limits.")
    ranges = np.abs(np.diff(baseline))
    centre, mean_range = float(baseline.mean()), float(ranges.mean())
    centred = baseline - centre
    phi = float(centred[1:] @ centred[:-1]) / float(centred @ centred)
    dependent = phi > DEPENDENT_ABOVE
    sigma = mean_range / D2
    if dependent:
        sigma = float(baseline.std(ddof=1))
    elif outliers:
        sigma = float(np.median(ranges)) / D4_MEDIAN
    if sigma == 0:
        raise NoLimits("Most neighbouring values are equal, so there are no control limits.")
    return Limits(centre, sigma, mean_range, baseline.size, phi, dependent)


def individuals(values: Floats, limits: Limits) -> Chart:
    """Each value against centre ± 3σ; shape (n,)."""
    half = np.full(values.size, SIGMAS * limits.sigma)
    return Chart(values, limits.centre, limits.centre - half, limits.centre + half, _z(values, limits))


def ewma(values: Floats, limits: Limits) -> Chart:
    """Weighted past, which sees small lasting shifts; begins at the centre. Runs in it mean nothing: it smooths."""
    weight, smooth, last = EWMA_LAMBDA.value, np.empty(values.size), limits.centre
    for i, value in enumerate(values.tolist()):
        last = weight * value + (1 - weight) * last
        smooth[i] = last
    grown = 1 - (1 - weight) ** (2 * np.arange(1, values.size + 1))
    spread = limits.sigma * np.sqrt(weight / (2 - weight) * grown)
    half = EWMA_L.value * spread
    return Chart(smooth, limits.centre, limits.centre - half, limits.centre + half, (smooth - limits.centre) / spread)


def cusum(values: Floats, limits: Limits) -> Cusum:
    """Sums of what lies more than half a sigma off the centre, which see shifts of about one sigma."""
    z, up, down = _z(values, limits), 0.0, 0.0
    above, below = np.empty((2, values.size))
    for i, away in enumerate(z.tolist()):
        up, down = max(0.0, up + away - CUSUM_SLACK), max(0.0, down - away - CUSUM_SLACK)
        above[i], below[i] = up, down
    return Cusum(above * limits.sigma, below * limits.sigma, CUSUM_LIMIT * limits.sigma)


@dataclass(frozen=True, slots=True)
class CountLimits:
    """A process of shares (`is_share`) or of events by exposure, as its baseline showed it.

    centre : Σ counts/Σ sizes. widening : σ_z where the points scatter more than their sizes explain, else 1.
    """

    centre: float
    widening: float
    n: int
    is_share: bool


def count_limits_of(counts: Ints, sizes: Floats, *, is_share: bool) -> CountLimits:
    """Phase I of counts out of sizes (cases of a share, exposure of events); shapes (n,).

    Refuses (NoLimits) fewer than 12 points, none or all of the cases; (ValueError) sizes not above 0, counts below 0 or
    above the cases.
    """
    _refuse_counts(counts, sizes, is_share)
    if counts.size < SPC_TRIAL.value:
        raise NoLimits(f"Control limits need {SPC_TRIAL.value} values; there are {counts.size}.")
    centre = float(counts.sum() / sizes.sum())
    if centre == 0 or (is_share and centre == 1):
        raise NoLimits("The values do not vary, so there are no control limits.")
    z = (counts / sizes - centre) / _spread(centre, sizes, is_share)
    widening = float(np.abs(np.diff(z)).mean()) / D2
    return CountLimits(centre, widening if widening > OVERDISPERSED_ABOVE else 1.0, counts.size, is_share)


def of_counts(counts: Ints, sizes: Floats, limits: CountLimits) -> Chart:
    """Each count by its size against limits that step with the size, within 0 and (shares) 1; shapes (n,)."""
    _refuse_counts(counts, sizes, limits.is_share)
    points, spread = counts / sizes, limits.widening * _spread(limits.centre, sizes, limits.is_share)
    low = np.maximum(limits.centre - SIGMAS * spread, 0.0)
    high = limits.centre + SIGMAS * spread
    high = np.minimum(high, 1.0) if limits.is_share else high
    return Chart(points, limits.centre, low, high, (points - limits.centre) / spread)


def _z(values: Floats, limits: Limits) -> Floats:
    if not np.isfinite(values).all():
        raise ValueError("a control chart needs finite values")
    distances: Floats = (values - limits.centre) / limits.sigma
    return distances


def _spread(centre: float, sizes: Floats, is_share: bool) -> Floats:
    return np.sqrt((centre * (1 - centre) if is_share else centre) / sizes)


def _refuse_counts(counts: Ints, sizes: Floats, is_share: bool) -> None:
    if counts.shape != sizes.shape or not (np.isfinite(sizes).all() and (sizes > 0).all() and (counts >= 0).all()):
        raise ValueError("each count needs a finite size above 0, and is at least 0")
    if is_share and (counts > sizes).any():
        raise ValueError("no more cases can be counted than there are")

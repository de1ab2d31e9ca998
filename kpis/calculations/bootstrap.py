"""Intervals of what has no formula (medians, quantiles): the values drawn anew, 9,999 times, from a fixed seed.

    independent values:  BCa, bias-corrected and accelerated (Efron 1987)
    time series:         circular blocks (Politis & Romano 1992) of T^(1/3)·(2φ/(1 − φ²))^(2/3) neighbours

The seed comes from a name (`assumptions.seed_of`), so that a page shows the same number twice.
Source: docs/methods.md "Bootstrap".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.assumptions import seed_of
from kpis.calculations.defaults import BOOTSTRAP_DRAWS, BOOTSTRAP_FEWEST
from kpis.calculations.welch import NO_VALUES, NO_VARIATION

Floats = NDArray[np.float64]
# A number from each row: shape (…, n) to (…), for instance np.median(rows, axis=-1).
Statistic = Callable[[Floats], Floats]

AT_ONCE: Final = 2_000_000  # drawn values in memory
TOO_FEW: Final = f"Below {BOOTSTRAP_FEWEST.value} values drawing them anew says too little."
TOO_UNEVEN: Final = "Too many of the draws are equal for the ends of an interval to be told."


def bca(values: Floats, statistic: Statistic, *, seed: str, confidence: float) -> Bounded:
    """The statistic of independent values, in its own unit, with its BCa interval.

    values : shape (n,). Without interval below 20 values and where they do not vary. Refuses (ValueError) numbers not
    finite, a confidence outside 0..1.
    """
    return _bca([values], statistic, seed, confidence)


def bca_difference(before: Floats, after: Floats, statistic: Statistic, *, seed: str, confidence: float) -> Bounded:
    """Statistic after − statistic before of two independent samples (their p95, for instance). As `bca`."""
    return _bca([before, after], statistic, seed, confidence)


def block_bootstrap(values: Floats, statistic: Statistic, *, seed: str, confidence: float) -> Bounded:
    """The statistic of neighbouring values that resemble each other, with the middle of its draws as interval.

    values : shape (n,), evenly spaced. Answers and refusals as `bca`.
    """
    _refuse_nonsense([values], confidence)
    if not values.size:
        return absent("not_enough_data", NO_VALUES)
    value = float(statistic(values))
    if values.size < BOOTSTRAP_FEWEST.value:
        return Bounded(value, reason=TOO_FEW)
    if not np.ptp(values):
        return Bounded(value, reason=NO_VARIATION)
    length = block_length(values)
    blocks = -(-values.size // length)
    rng = np.random.default_rng(seed_of(seed))

    def draw(rows: int) -> Floats:
        starts = rng.integers(0, values.size, (rows, blocks))
        places = (starts[:, :, None] + np.arange(length)).reshape(rows, -1)[:, : values.size]
        return statistic(values[places % values.size])

    drawn = _in_parts(draw, values.size)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Bounded(value, float(low), float(high), None, "approximate")


def block_length(values: Floats) -> int:
    """How many neighbours are drawn together: 1 where they do not resemble each other, at most a third of all."""
    centred = values - values.mean()
    phi = float(centred[1:] @ centred[:-1]) / float(centred @ centred)
    if phi <= 0:
        return 1
    phi = min(phi, 0.97)
    best = values.size ** (1 / 3) * (2 * phi / (1 - phi * phi)) ** (2 / 3)
    return int(min(max(1, round(best)), values.size // 3))


def _bca(samples: list[Floats], statistic: Statistic, seed: str, confidence: float) -> Bounded:
    _refuse_nonsense(samples, confidence)
    if min(sample.size for sample in samples) == 0:
        return absent("not_enough_data", NO_VALUES)
    signs = (1,) if len(samples) == 1 else (-1, 1)
    value = float(sum(sign * statistic(sample) for sign, sample in zip(signs, samples, strict=True)))
    if min(sample.size for sample in samples) < BOOTSTRAP_FEWEST.value:
        return Bounded(value, reason=TOO_FEW)
    if not any(np.ptp(sample) for sample in samples):
        return Bounded(value, reason=NO_VARIATION)
    rng = np.random.default_rng(seed_of(seed))
    drawn = np.zeros(BOOTSTRAP_DRAWS.value)
    for sign, sample in zip(signs, samples, strict=True):
        drawn += sign * _drawn(sample, statistic, rng)
    ends = _bca_shares(drawn, value, _acceleration(samples, signs, statistic), confidence)
    if ends is None:
        return Bounded(value, reason=TOO_UNEVEN)
    low, high = np.quantile(drawn, ends)
    return Bounded(value, float(low), float(high), None, "approximate")


def _drawn(sample: Floats, statistic: Statistic, rng: np.random.Generator) -> Floats:
    return _in_parts(lambda rows: statistic(sample[rng.integers(0, sample.size, (rows, sample.size))]), sample.size)


def _in_parts(draw: Callable[[int], Floats], n: int) -> Floats:
    """All draws, so many at once as fit the memory."""
    at_once = max(1, AT_ONCE // n)
    starts = range(0, BOOTSTRAP_DRAWS.value, at_once)
    return np.concatenate([draw(min(at_once, BOOTSTRAP_DRAWS.value - start)) for start in starts])


def _bca_shares(drawn: Floats, value: float, acceleration: float, confidence: float) -> tuple[float, float] | None:
    """Between which shares of the draws the interval lies."""
    # Draws that equal the value count half: so a statistic with steps is not taken for a biased one.
    below = float(np.mean(drawn < value) + np.mean(drawn <= value)) / 2
    if not 0 < below < 1:
        return None
    bias = float(ndtri(below))
    z = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    divisor = 1 - acceleration * z
    if (divisor <= 0).any():
        return None
    low, high = ndtr(bias + z / divisor)
    return float(low), float(high)


def _acceleration(samples: list[Floats], signs: tuple[int, ...], statistic: Statistic) -> float:
    """How the spread changes with the value, from leaving out one value after another."""
    cubes = squares = 0.0
    for sign, sample in zip(signs, samples, strict=True):
        left = sign * _leaving_one_out(sample, statistic)
        pull = (sample.size - 1) * (left.mean() - left)
        cubes += float((pull**3).sum()) / sample.size**3
        squares += float((pull**2).sum()) / sample.size**2
    return cubes / (6 * squares**1.5) if squares else 0.0


def _leaving_one_out(sample: Floats, statistic: Statistic) -> Floats:
    n = sample.size
    at_once = max(1, AT_ONCE // n)
    parts = []
    for start in range(0, n, at_once):
        out = np.arange(start, min(n, start + at_once))[:, None]
        others = np.arange(n - 1)[None, :]
        parts.append(statistic(sample[others + (others >= out)]))
    return np.concatenate(parts)


def _refuse_nonsense(samples: list[Floats], confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    if not all(sample.ndim == 1 and np.isfinite(sample).all() for sample in samples):
        raise ValueError("values must be a row of finite numbers")

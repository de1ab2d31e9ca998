"""Benefit streams with their uncertainty: how sampling error and assumptions carry into money.

A stream is one value driver over its intervals. In one draw its money up to an interval is

    (Σ quantity + sign · shift · Σ exposure) · unit value · realisation · attribution

with `shift` one draw of the error of the counterfactual (the same for all intervals of an effect: such an error does
not average out over months) and each assumption one draw, shared by every stream that names the same key. It is linear
in both sums, so many streams over many spans are one product of matrices.
Source: docs/methods.md "Range of money"; product.md "ROI".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.assumptions import Range, seed_of

Floats = NDArray[np.float64]
DRAWS = 10_000
LOW, HIGH = 0.10, 0.90  # the 80 % range
TOGETHER = 64  # streams in one product: their draws take 10 MB
SPREADS = 4_000
HELD = 800  # rows of draws that a process remembers, 80 kB each: a page asks for the same ones again and again


@dataclass(frozen=True, slots=True)
class Assumed:
    """One assumption; streams with the same `key` share its draws.

    like : the range that it had at first, where it has had another since. Both are drawn together: where the one lies
    at its P30, the other does.
    """

    key: str
    range: Range
    like: Range | None = None


@dataclass(frozen=True, slots=True)
class CounterfactualError:
    """How far the counterfactual may be off, in the KPI's unit.

    Measured: `standard_error` with a t of `df`. Declared: `declared`, the stated value with its range. Neither: taken
    as it stands, and the page says that there is no range.
    """

    key: str
    standard_error: float | None = None
    df: float | None = None
    declared: Range | None = None


@dataclass(frozen=True)
class Stream:
    """One value driver. `quantity` and `exposure`: shape (intervals,), in what the unit value prices."""

    quantity: Floats  # sign · (counterfactual − actual) · volume · unit factor
    exposure: Floats  # volume · unit factor
    sign: int
    error: CounterfactualError
    unit_value: Assumed
    realisation: Assumed
    attribution: Assumed

    @property
    def assumptions(self) -> tuple[Assumed, Assumed, Assumed]:
        return self.unit_value, self.realisation, self.attribution

    @cached_property
    def sums(self) -> Sums:
        """Σ quantity and Σ exposure."""
        return float(self.quantity.sum()), float(self.exposure.sum())


Priced = tuple[int, CounterfactualError, tuple[Assumed, Assumed, Assumed]]  # a stream but for its intervals
Sums = tuple[float, float]  # Σ quantity, Σ exposure


@dataclass(frozen=True, slots=True)
class Draws:
    """Random draws by name: the same seed text and key give the same draws, in any order and in any company."""

    seed: str
    n: int = DRAWS

    def of_assumption(self, assumed: Assumed) -> Floats:
        """Shape (n,), in the assumption's own unit."""
        return _assumption(self, assumed)

    def of_shift(self, error: CounterfactualError) -> Floats:
        """Shape (n,): error of the counterfactual in the KPI's unit, zero where none is known."""
        scale, unscaled = self._shift(error)
        return scale * unscaled

    def of_one(self, priced: Priced, multiplier: Floats, shifted: Floats) -> None:
        """Fill two rows of shape (n,): what one unit of quantity, and one of exposure, is worth in each draw."""
        sign, error, assumptions = priced
        scale, unscaled = self._shift(error)
        multiplier[:] = _product(self, assumptions)
        np.multiply(multiplier, unscaled, out=shifted)
        shifted *= sign * scale

    def _shift(self, error: CounterfactualError) -> tuple[float, Floats]:
        """A factor and the draws that it scales: the error moves with every interval, its distribution does not."""
        if error.standard_error is not None and error.df is not None:
            return error.standard_error, _t(self, error.key, error.df)
        if error.declared is not None:
            return 1.0, _declared(self, error.key, error.declared)
        return 0.0, np.zeros(self.n)

    def _generator(self, name: str) -> np.random.Generator:
        return np.random.default_rng(seed_of(f"{self.seed} {name}"))


@lru_cache(maxsize=64)
def _assumption(draws: Draws, assumed: Assumed) -> Floats:
    generator = draws._generator(f"assumption {assumed.key}")
    return _held(assumed.range.draw(generator, draws.n, like=assumed.like))


@lru_cache(maxsize=HELD // 2)
def _product(draws: Draws, assumptions: tuple[Assumed, ...]) -> Floats:
    product = np.ones(draws.n)
    for assumed in assumptions:
        product = product * _assumption(draws, assumed)
    return _held(product)


@lru_cache(maxsize=HELD // 2)
def _t(draws: Draws, key: str, df: float) -> Floats:
    return _held(draws._generator(f"effect {key}").standard_t(df, draws.n))


@lru_cache(maxsize=64)
def _declared(draws: Draws, key: str, declared: Range) -> Floats:
    return _held(declared.draw(draws._generator(f"effect {key}"), draws.n) - declared.likely)


def _held(drawn: Floats) -> Floats:
    drawn.flags.writeable = False
    return drawn


def joint_draws(streams: Sequence[Stream], sums: Sequence[tuple[Floats, Floats]], draws: Draws) -> Floats:
    """Money of all streams together in each draw, shape (rows, n), for several spans of time at once.

    sums : for each stream Σ quantity and Σ exposure of each span, shape (rows,) both. Drawn jointly: ranges do not add
    up, draws do. None of no streams.
    """
    return _joint([(stream.sign, stream.error, stream.assumptions) for stream in streams], sums, draws)


def _joint(priced: Sequence[Priced], sums: Sequence[tuple[Floats, Floats]], draws: Draws) -> Floats:
    money = np.zeros((sums[0][0].size if sums else 1, draws.n))
    for first in range(0, len(priced), TOGETHER):
        some = priced[first : first + TOGETHER]
        worth = np.empty((2 * len(some), draws.n))
        for k, one in enumerate(some):
            draws.of_one(one, worth[2 * k], worth[2 * k + 1])
        counted = [column for pair in sums[first : first + TOGETHER] for column in pair]
        money += np.column_stack(counted) @ worth
    return money


def money_draws(stream: Stream, draws: Draws, weights: Floats) -> Floats:
    """Money of a stream, shape (rows, n): each row of `weights` (rows, intervals) says which intervals it counts."""
    return joint_draws([stream], [(weights @ stream.quantity, weights @ stream.exposure)], draws)


def total_draws(streams: Sequence[Stream], draws: Draws) -> Floats:
    """Money of all streams over all their intervals in each draw, shape (n,)."""
    return joint_draws(streams, [(np.array([q]), np.array([e])) for q, e in (s.sums for s in streams)], draws)[0]


def money_at(stream: Stream, *, shift: float = 0.0, **values: float) -> float:
    """Money of the whole stream at the likely values, but for those given by their name in `Stream`."""
    quantity, exposure = stream.sums
    worth = quantity + stream.sign * shift * exposure
    for name in ("unit_value", "realisation", "attribution"):
        worth *= values[name] if name in values else getattr(stream, name).range.likely
    return worth


@dataclass(frozen=True, slots=True)
class Spread:
    """What joint draws say: P10, P25, P75, P90 and mean of the money; `above`: share of the draws beyond the bound."""

    low: float
    quarter: float
    three_quarters: float
    high: float
    mean: float
    above: float


def spread(
    streams: Sequence[Stream], draws: Draws, *, sums: Sequence[Sums] | None = None, bound: float = 0.0
) -> Spread:
    """Of all streams together over all their intervals, or over the `sums` of each.

    The same streams have the same spread, so a process remembers it: of a whole portfolio few move at a time.
    """
    priced = tuple((stream.sign, stream.error, stream.assumptions) for stream in streams)
    return _spread(priced, tuple(sums or [stream.sums for stream in streams]), draws, bound)


@lru_cache(maxsize=SPREADS)
def _spread(priced: tuple[Priced, ...], sums: tuple[Sums, ...], draws: Draws, bound: float) -> Spread:
    money = _joint(priced, [(np.array([q]), np.array([e])) for q, e in sums], draws)[0]
    low, quarter, three_quarters, high = quantiles(money, [LOW, 0.25, 0.75, HIGH]).tolist()
    return Spread(low, quarter, three_quarters, high, float(money.mean()), float((money > bound).mean()))


def quantiles(values: Floats, shares: Sequence[float]) -> Floats:
    """Linear between order statistics along the last axis, shape (shares, …): numpy's own rule, by sorting once."""
    ordered = np.sort(values, axis=-1)
    place = np.array(shares) * (values.shape[-1] - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, values.shape[-1] - 1)
    part = ordered[..., below] + (ordered[..., above] - ordered[..., below]) * (place - below)
    return np.moveaxis(part, -1, 0)

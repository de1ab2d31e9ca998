"""Benefit streams with their uncertainty: how sampling error and assumptions carry into money.

A stream is one value driver over its intervals. In one draw its money up to an interval is

    (Σ quantity + sign · shift · Σ exposure) · unit value · realisation · attribution

with `shift` one draw of the error of the counterfactual (the same for all intervals of an effect: such an error does
not average out over months) and each assumption one draw, shared by every stream that names the same key.
Source: docs/methods.md "Range of money"; product.md "ROI".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.assumptions import Range, seed_of

Floats = NDArray[np.float64]
DRAWS = 10_000
LOW, HIGH = 0.10, 0.90  # the 80 % range


@dataclass(frozen=True, slots=True)
class Assumed:
    """One assumption; streams with the same `key` share its draws."""

    key: str
    range: Range


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


@dataclass(frozen=True, slots=True)
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


class Draws:
    """Random draws by name: the same seed text and key give the same draws, in any order and in any company."""

    def __init__(self, seed: str, n: int = DRAWS) -> None:
        self.seed, self.n = seed, n
        self._drawn: dict[str, Floats] = {}

    def of_assumption(self, assumed: Assumed) -> Floats:
        """Shape (n,), in the assumption's own unit."""
        return self._once(f"assumption {assumed.key}", lambda rng: assumed.range.draw(rng, self.n))

    def of_shift(self, error: CounterfactualError) -> Floats:
        """Shape (n,): error of the counterfactual in the KPI's unit, zero where none is known."""
        return self._once(f"effect {error.key}", lambda rng: self._shift(error, rng))

    def _shift(self, error: CounterfactualError, rng: np.random.Generator) -> Floats:
        if error.standard_error is not None and error.df is not None:
            return error.standard_error * rng.standard_t(error.df, self.n)
        if error.declared is not None:
            return error.declared.draw(rng, self.n) - error.declared.likely
        return np.zeros(self.n)

    def _once(self, name: str, draw) -> Floats:  # type: ignore[no-untyped-def]
        if name not in self._drawn:
            self._drawn[name] = draw(np.random.default_rng(seed_of(f"{self.seed} {name}")))
        return self._drawn[name]


def money_draws(stream: Stream, draws: Draws, weights: Floats) -> Floats:
    """Money of a stream, shape (rows, n): each row of `weights` (rows, intervals) says which intervals it counts."""
    quantity, exposure = weights @ stream.quantity, weights @ stream.exposure
    shifted = quantity[:, None] + stream.sign * exposure[:, None] * draws.of_shift(stream.error)[None, :]
    return shifted * _multiplier(stream, draws)[None, :]


def money_at(stream: Stream, *, shift: float = 0.0, **values: float) -> float:
    """Money of the whole stream at the likely values, but for those given by their name in `Stream`."""
    known = {
        "unit_value": stream.unit_value.range.likely,
        "realisation": stream.realisation.range.likely,
        "attribution": stream.attribution.range.likely,
    } | values
    quantity = float(stream.quantity.sum()) + stream.sign * shift * float(stream.exposure.sum())
    return quantity * known["unit_value"] * known["realisation"] * known["attribution"]


def total_draws(streams: Sequence[Stream], draws: Draws) -> Floats:
    """Money of all streams together in each draw, shape (n,). Drawn jointly: ranges do not add up, draws do."""
    total = np.zeros(draws.n)
    for stream in streams:
        total += money_draws(stream, draws, np.ones((1, stream.quantity.size)))[0]
    return total


def _multiplier(stream: Stream, draws: Draws) -> Floats:
    product = np.ones(draws.n)
    for assumed in stream.assumptions:
        product = product * draws.of_assumption(assumed)
    return product

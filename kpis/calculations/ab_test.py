"""Two models, prompts or vendors side by side: who was assigned what, what differs, and what it is worth.

Randomised variants are compared by the formula of their metric: a mean by `welch` or `cuped`, a ratio by `ratios`,
a share by `proportions.newcombe`, a p95 by `bootstrap`, several against one control by `multiplicity.holm`. Here stands
what only such a comparison needs. Source: docs/methods.md "Comparison of variants".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc

from kpis.calculations.answer import Answer, Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.sequential import FIRST_LOOK, boundary
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, TOO_FEW, Moments, interval

Floats = NDArray[np.float64]

BROKEN_BELOW_P: Final = 0.001
NO_STRATUM: Final = "A stratum has no values in one of both variants, so the mix cannot be made alike."
NO_UNITS: Final = "Nobody has been assigned yet."


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whether as many were assigned as planned. broken : p < 0.001, and then nothing else may be shown."""

    p_value: float | None
    broken: bool
    reason: str = ""


def assignment(assigned: Sequence[int], planned: Sequence[float]) -> Assignment:
    """Chi-square of the assigned counts against the planned shares (any positive weights).

    Refuses (ValueError) unequal lengths, fewer than two variants, counts below 0, weights not above 0.
    """
    counts, weights = np.asarray(assigned, float), np.asarray(planned, float)
    if counts.shape != weights.shape or counts.size < 2 or (counts < 0).any() or not (weights > 0).all():
        raise ValueError("each of two or more variants needs a count and a planned share")
    if not counts.sum():
        return Assignment(None, False, NO_UNITS)
    expected = counts.sum() * weights / weights.sum()
    p_value = float(chdtrc(counts.size - 1, float(((counts - expected) ** 2 / expected).sum())))
    if p_value < BROKEN_BELOW_P:
        return Assignment(p_value, True, "The groups are not as large as planned, so something decides who is counted.")
    return Assignment(p_value, False)


def units_needed(sd: float, smallest_effect: float) -> int:
    """Units in each variant to see an effect of this size in four of five cases at 5 %: 16·s²/δ²; same unit both."""
    if not (0 <= sd < math.inf and 0 < abs(smallest_effect) < math.inf):
        raise ValueError("planning needs a variation and an effect")
    return max(2, math.ceil(16 * (sd / smallest_effect) ** 2))


def monitored_difference(control: Moments, variant: Moments, *, confidence: float) -> Bounded:
    """Mean of the variant − mean of the control, valid under daily looks (`sequential.boundary`, σ² = s₀² + s₁²).

    n is that of the smaller variant. `not_yet` before 14 units in each. For a single look planned beforehand
    `welch.difference` is narrower.
    """
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    n = math.floor(min(control.n, variant.n))
    if n < FIRST_LOOK:
        return absent("not_yet", f"Monitoring begins with {FIRST_LOOK} units in each variant.")
    value, variance = variant.mean - control.mean, control.variance + variant.variance
    if variance == 0:
        return Bounded(value, reason=NO_VARIATION)
    half = math.sqrt(variance) * boundary(n, 1 - confidence)
    return Bounded(value, value - half, value + half, None, "approximate")


def standardised_difference(
    control: Mapping[str, Moments], variant: Mapping[str, Moments], *, confidence: float
) -> Bounded:
    """Difference of means as if both had the pooled mix of strata; for variants that were not randomised.

    Σ w_k·(x̄₁ₖ − x̄₀ₖ), w_k the stratum's share of all values; its variance is Σ w_k²·(s₀²/n₀ + s₁²/n₁), its degrees of
    freedom are Welch's. `undefined` where a stratum lacks a side. To be shown beside the unadjusted one.
    """
    names = sorted(set(control) | set(variant))
    sides = [(control.get(name, _NOBODY), variant.get(name, _NOBODY)) for name in names]
    if not sides:
        return absent("not_enough_data", NO_VALUES)
    if any(min(old.n, new.n) == 0 for old, new in sides):
        return absent("undefined", NO_STRATUM)
    total = sum(old.n + new.n for old, new in sides)
    weights = [(old.n + new.n) / total for old, new in sides]
    value = sum(w * (new.mean - old.mean) for w, (old, new) in zip(weights, sides, strict=True))
    fewest = min(min(old.n, new.n) for old, new in sides)
    if fewest < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(value, reason=TOO_FEW)
    parts = [(w * w * side.variance / side.n, side.n) for w, pair in zip(weights, sides, strict=True) for side in pair]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Bounded(value, reason=NO_VARIATION)
    df = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    return interval(value, math.sqrt(variance), df, confidence=confidence)


def paired_difference(first: Floats, second: Floats, *, confidence: float) -> Bounded:
    """Mean of second − first over the same items scored by both models (paired t); shapes (n,), in the scores' unit."""
    if first.shape != second.shape:
        raise ValueError("both models must have scored the same items")
    gaps = Moments.of(second - first)
    if not gaps.n:
        return absent("not_enough_data", NO_VALUES)
    if gaps.n < ENOUGH_WITHOUT_CALENDAR.value.before:
        return Bounded(gaps.mean, reason=TOO_FEW)
    if gaps.variance <= (1e-13 * float(np.abs(np.concatenate([first, second])).max())) ** 2:
        return Bounded(gaps.mean, reason=NO_VARIATION)
    return interval(gaps.mean, math.sqrt(gaps.variance / gaps.n), gaps.n - 1, confidence=confidence)


def mcnemar(only_first: int, only_second: int) -> Answer:
    """p-value of both models being right equally often on the same items: exact, from those that only one got right."""
    if min(only_first, only_second) < 0:
        raise ValueError("counts are at least 0")
    n = only_first + only_second
    if not n:
        return Answer(None, "undefined", "Both models were right on the same items.")
    return Answer(min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5))))


@dataclass(frozen=True, slots=True)
class Chance:
    """probability : of being the best. expected_loss : what choosing this variant costs on average beside the best."""

    probability: float
    expected_loss: float


def chances(draws: Floats) -> tuple[Chance, ...]:
    """What each variant stands to be, from joint draws of its value (margin · quality − price); shape (variants, n)."""
    if draws.ndim != 2 or not draws.size or not np.isfinite(draws).all():
        raise ValueError("each variant needs finite draws of its value")
    best = draws.max(axis=0)
    # Of equal ones each is the best in equal parts.
    leading = draws == best
    shares = (leading / leading.sum(axis=0)).mean(axis=1)
    losses = (best - draws).mean(axis=1)
    return tuple(Chance(float(p), float(loss)) for p, loss in zip(shares, losses, strict=True))


def winner(estimates: Mapping[str, Bounded]) -> str | None:
    """The variant whose lower end lies above the runner-up's estimate (more is better); None where there is none."""
    known = sorted((found.value, name) for name, found in estimates.items() if found.value is not None)
    if len(known) < 2:
        return None
    (runner_up, _), (_, name) = known[-2:]
    low = estimates[name].low
    return name if low is not None and low > runner_up else None


def price_of_task(
    tokens_in: Decimal, price_in: Decimal, tokens_out: Decimal, price_out: Decimal, infrastructure: Decimal
) -> Decimal:
    """Tokens in · their price + tokens out · their price + the share of the infrastructure; one currency, exact."""
    return tokens_in * price_in + tokens_out * price_out + infrastructure


_NOBODY: Final = Moments(0.0, 0.0, 0.0)

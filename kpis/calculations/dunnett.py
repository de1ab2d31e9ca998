"""Several variants against one control: all intervals hold together at the stated confidence (Dunnett 1955).

    d_j = x̄_j − x̄₀,   s² pooled over all groups,   d_j ∓ q·s·√(1/n_j + 1/n₀)

q bounds the largest of all |d_j|/error at once: they share the control, so it is less than Bonferroni's. Groups are
taken to vary alike; where they do not, `multiplicity.holm` of Welch's p-values is the one that holds.
Source: docs/methods.md "Comparison of variants".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, roots_genlaguerre

from kpis.calculations.answer import Bounded, absent
from kpis.calculations.defaults import ENOUGH_WITHOUT_CALENDAR
from kpis.calculations.welch import NO_VALUES, NO_VARIATION, TOO_FEW, Moments

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
MOST_DF: Final = 400.0  # beyond, the spread of s no longer shows


def against_control(control: Moments, variants: Sequence[Moments], *, confidence: float) -> list[Bounded]:
    """Each variant's mean − the control's, with an interval that holds for all of them together, and its p-value.

    Without interval below five values in any group, or where nothing varies. Refuses (ValueError) no variant, a
    confidence outside 0..1.
    """
    if not variants or not 0 < confidence < 1:
        raise ValueError("a comparison needs a variant and a confidence between 0 and 1")
    groups = [control, *variants]
    if any(group.n == 0 for group in groups):
        return [absent("not_enough_data", NO_VALUES) for _ in variants]
    differences = [variant.mean - control.mean for variant in variants]
    if min(group.n for group in groups) < ENOUGH_WITHOUT_CALENDAR.value.before:
        return [Bounded(d, reason=TOO_FEW) for d in differences]
    df = sum(group.n for group in groups) - len(groups)
    pooled = sum((group.n - 1) * group.variance for group in groups) / df
    if pooled <= (1e-13 * max(abs(group.mean) for group in groups)) ** 2:
        return [Bounded(d, reason=NO_VARIATION) for d in differences]
    errors = [math.sqrt(pooled * (1 / variant.n + 1 / control.n)) for variant in variants]
    shares = np.array([math.sqrt(variant.n / (variant.n + control.n)) for variant in variants])
    quantile = _quantile(confidence, shares, df)
    return [
        Bounded(d, d - quantile * e, d + quantile * e, min(1.0, max(0.0, 1 - _within(abs(d) / e, shares, df))))
        for d, e in zip(differences, errors, strict=True)
    ]


def _quantile(confidence: float, shares: Floats, df: float) -> float:
    low, high = 0.0, 1.0
    while _within(high, shares, df) < confidence:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, shares, df) < confidence else (low, middle)
    return (low + high) / 2


def _within(q: float, shares: Floats, df: float) -> float:
    """P(max |t_j| ≤ q): given the control's own error z and the spread s, the variants are independent.

    shares : λ_j = √(n_j/(n_j + n₀)), their correlation with the control. Integrated over z by Gauss–Hermite and over
    s² ~ χ²_df/df by Gauss–Laguerre.
    """
    spreads, weights = _spread(df)
    ends = q * spreads[:, None, None]
    moved = shares[None, None, :] * _NODES[None, :, None]
    width = np.sqrt(1 - shares**2)[None, None, :]
    inside = (ndtr((ends + moved) / width) - ndtr((-ends + moved) / width)).prod(axis=2)
    return float(weights @ inside @ _WEIGHTS) / math.sqrt(2 * math.pi)


def _spread(df: float) -> tuple[Floats, Floats]:
    """Nodes and weights of s/σ."""
    if df > MOST_DF:
        return np.ones(1), np.ones(1)
    half = df / 2
    nodes, weights = roots_genlaguerre(40, half - 1)
    return np.sqrt(nodes / half), weights / math.exp(float(gammaln(half))) if half < 150 else weights / weights.sum()

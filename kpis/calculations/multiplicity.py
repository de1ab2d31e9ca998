"""Several verdicts side by side: how many of them may be chance?

    Benjamini & Hochberg 1995:  q₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎·m/j            q ≤ 0.10: one in ten of these may be chance
    Holm 1979:                  q₍ᵢ₎ = max over j ≤ i of p₍ⱼ₎·(m − j + 1)    any false one at all with probability ≤ q

Source: docs/methods.md "Several verdicts".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.defaults import FALSE_DISCOVERIES

Floats = NDArray[np.float64]


def discoveries(p_values: Sequence[float | None]) -> tuple[bool | None, ...]:
    """Which verdicts stand at 10 % false discoveries; None where there is no p-value, which counts as no verdict."""
    return tuple(None if q is None else q <= FALSE_DISCOVERIES.value for q in benjamini_hochberg(p_values))


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """The adjusted p-values, in the order given; None stays None. Refuses (ValueError) p-values outside 0..1."""
    return _adjusted(p_values, lambda p: np.minimum.accumulate((p * (p.size / np.arange(1, p.size + 1)))[::-1])[::-1])


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """The same for comparisons of which none may be false: all variants against one control."""
    return _adjusted(p_values, lambda p: np.maximum.accumulate(p * np.arange(p.size, 0, -1)))


def _adjusted(p_values: Sequence[float | None], adjust: Callable[[Floats], Floats]) -> tuple[float | None, ...]:
    there = [i for i, p in enumerate(p_values) if p is not None]
    known = np.array([p_values[i] for i in there], dtype=float)
    if not ((known >= 0) & (known <= 1)).all():
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(known, kind="stable")
    found: list[float | None] = [None] * len(p_values)
    for place, q in zip(order.tolist(), np.minimum(adjust(known[order]), 1.0).tolist(), strict=True):
        found[there[place]] = float(q)
    return tuple(found)

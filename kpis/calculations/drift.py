"""Do the inputs or scores of a model still look as they did in the approved window? From counts by bin alone.

    PSI = Σ (p_b − q_b)·ln(p_b/q_b);  by chance alone about χ²_{B−1}·(1/N + 1/M)        (Yurdakul 2018)
    Jensen–Shannon divergence = H((p + q)/2) − (H(p) + H(q))/2, base 2, 0..1            (Lin 1991)
    Kolmogorov–Smirnov D = largest distance of the two distribution functions;  Wasserstein = area between them
    Cramér's V = √(χ²/(N + M)) of two samples of categories

Counts, so no raw data need be kept. A drift of inputs is no loss of quality. Source: docs/methods.md "Drift".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import PSI_FEWEST, PSI_MAJOR, PSI_MODERATE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Verdict = Literal["stable", "moderate", "major", "not_enough_data"]

EMPTY_BIN: Final = 0.5  # added to every count of both samples where a bin is empty
CHANCE: Final = 0.05
TOO_FEW: Final = f"Below {PSI_FEWEST.value} values on a side stable models differ as much by chance."
NO_VALUES: Final = "One of both samples has no values."
NO_VARIATION: Final = "The reference does not vary, so there is no measure for a distance from it."


@dataclass(frozen=True, slots=True)
class Stability:
    """Population stability index. psi, by_bin : with each bin's part, shape (B,). chance : what 95 % of stable samples
    stay below. p_value : that of no drift, for several features side by side (`multiplicity`). verdict, reason.
    """

    psi: float | None
    by_bin: tuple[float, ...]
    chance: float | None
    p_value: float | None
    verdict: Verdict
    reason: str = ""


def decile_edges(reference: Floats) -> Floats:
    """Inner edges of ten bins that hold a tenth of the reference each; fewer where values repeat. Shape (≤ 9,)."""
    known = reference[~np.isnan(reference)]
    if not known.size:
        raise ValueError("a reference needs values")
    return np.unique(np.quantile(known, np.arange(1, 10) / 10))


def counts_by_bin(values: Floats, edges: Floats) -> Ints:
    """How many values lie in each bin, the outer ones open, and last how many are missing (NaN); shape (edges + 2,)."""
    missing = np.isnan(values)
    bins = np.bincount(np.searchsorted(edges, values[~missing], side="right"), minlength=edges.size + 1)
    return np.append(bins, missing.sum())


def stability(reference: Ints, current: Ints) -> Stability:
    """PSI of two samples by the same bins, shapes (B,); bins that are empty in both count for nothing.

    `moderate` above 0.10, `major` above 0.25, never below what chance alone gives. Below 200 values on a side there is
    no verdict. Refuses (ValueError) unequal lengths and counts below 0.
    """
    _refuse_nonsense(reference, current)
    n, m = int(reference.sum()), int(current.sum())
    if not (n and m):
        return Stability(None, (), None, None, "not_enough_data", NO_VALUES)
    p, q, filled = _shares(reference, current)
    parts = np.zeros(reference.size)
    parts[filled] = (q - p) * np.log(q / p)
    psi, df, unit = float(parts.sum()), max(int(filled.sum()) - 1, 1), 1 / n + 1 / m
    chance, p_value = float(chdtri(df, CHANCE)) * unit, float(chdtrc(df, max(psi, 0.0) / unit))
    if min(n, m) < PSI_FEWEST.value:
        return Stability(psi, tuple(parts.tolist()), chance, p_value, "not_enough_data", TOO_FEW)
    verdict: Verdict = "stable"
    if psi > max(PSI_MAJOR.value, chance):
        verdict = "major"
    elif psi > max(PSI_MODERATE.value, chance):
        verdict = "moderate"
    return Stability(psi, tuple(parts.tolist()), chance, p_value, verdict)


def jensen_shannon(reference: Ints, current: Ints) -> Answer:
    """Divergence of two samples by bins, 0 (alike) to 1 (nothing in common); shapes (B,). Its root is the distance."""
    _refuse_nonsense(reference, current)
    if not (reference.any() and current.any()):
        return Answer(None, "not_enough_data", NO_VALUES)
    p, q = reference / reference.sum(), current / current.sum()
    value = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return Answer(min(max(value, 0.0), 1.0))


def kolmogorov_smirnov(reference: Ints, current: Ints) -> Answer:
    """Largest distance of the distribution functions at the bins' edges, 0..1; of large samples look at above 0.1."""
    _refuse_nonsense(reference, current)
    if not (reference.any() and current.any()):
        return Answer(None, "not_enough_data", NO_VALUES)
    distances = np.abs(np.cumsum(reference) / reference.sum() - np.cumsum(current) / current.sum())
    return Answer(float(distances.max()), "approximate")


def wasserstein(reference: Floats, current: Floats) -> Answer:
    """Mean shift of the values, in standard deviations of the reference; shapes (n,), (m,)."""
    if not (np.isfinite(reference).all() and np.isfinite(current).all()):
        raise ValueError("values must be finite")
    if not (reference.size and current.size):
        return Answer(None, "not_enough_data", NO_VALUES)
    if not np.ptp(reference):
        return Answer(None, "undefined", NO_VARIATION)
    together = np.sort(np.concatenate([reference, current]))
    between = [
        np.searchsorted(np.sort(sample), together[:-1], side="right") / sample.size for sample in (reference, current)
    ]
    area = float((np.abs(between[0] - between[1]) * np.diff(together)).sum())
    return Answer(area / float(reference.std()))


def cramers_v(reference: Ints, current: Ints) -> Answer:
    """How strongly the category tells which sample a case is from, 0..1; shapes (levels,)."""
    _refuse_nonsense(reference, current)
    if not (reference.any() and current.any()):
        return Answer(None, "not_enough_data", NO_VALUES)
    table = np.array([reference, current], float)[:, reference + current > 0]
    n = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    return Answer(math.sqrt(float(((table - expected) ** 2 / expected).sum()) / n))


def _shares(reference: Ints, current: Ints) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Shares of the bins that hold anything, and which these are."""
    filled = reference + current > 0
    counts = np.array([reference[filled], current[filled]], float)
    if (counts == 0).any():
        counts += EMPTY_BIN
    p, q = counts / counts.sum(axis=1, keepdims=True)
    return p, q, filled


def _entropy(shares: Floats) -> float:
    there = shares[shares > 0]
    return -float((there * np.log2(there)).sum())


def _refuse_nonsense(reference: Ints, current: Ints) -> None:
    if reference.shape != current.shape or reference.ndim != 1 or (reference < 0).any() or (current < 0).any():
        raise ValueError("two samples need counts of at least 0 by the same bins")

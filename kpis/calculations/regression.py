"""Linear regression with AR(1) errors by restricted maximum likelihood: the one engine behind every effect.

    y = Xβ + u,   u_t = φ·u_{t−1} + ε_t

Daily and weekly values depend on their neighbours; ordinary and Newey–West intervals are then too narrow. Over a gap
of g intervals the correlation is φ^g, so missing intervals are no trouble. Sources and coverage: docs/methods.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID: Final = np.round(np.arange(-0.40, 0.9601, 0.02), 2)
REFINEMENT: Final = np.linspace(-0.02, 0.02, 21)
# With fewer points REML cannot tell φ; then a moderate correlation is assumed (Turner et al. 2021).
FEWEST_FOR_REML: Final = 12
PRIOR_PHI: Final = 0.3
FEWEST_DF: Final = 2.0


class NoVariation(ValueError):
    """The values follow the model without any remainder, so nothing can be said about their uncertainty."""


class TooFew(ValueError):
    """There are not more values than columns of the model."""


class Dependent(ValueError):
    """One column of the model is made of the others, so their effects cannot be told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a regression found; n observations, k columns.

    beta : shape (k,). covariance : shape (k, k), of beta. phi : correlation of neighbouring errors.
    df : degrees of freedom of the t distribution that intervals use. sigma : standard deviation of an error
    (not of an innovation), in the unit of y. residuals : y − Xβ. whitened : residuals without their correlation.
    assumed_phi : φ was assumed, not estimated, because there are fewer than 12 observations.
    """

    beta: Floats
    covariance: Floats
    phi: float
    df: float
    sigma: float
    residuals: Floats
    whitened: Floats
    n: int
    k: int
    assumed_phi: bool = False


def reml_ar1(y: Floats, x: Floats, *, gaps: Ints | None = None) -> Fit:
    """Generalised least squares with AR(1) errors, φ by REML on −0.4 … 0.96.

    y : shape (n,), finite. x : shape (n, k), full rank, k < n. gaps : shape (n − 1,), intervals between an observation
    and the one before, at least 1; None where no interval is missing.

    Below 12 observations ordinary least squares with φ = 0.3 assumed for the errors, marked `assumed_phi`.
    Degrees of freedom: n(1 − φ⁺)/(1 + φ⁺) − k, at least 2. Source: docs/methods.md "Dependent interval values".
    Refuses (ValueError) wrong shapes, numbers not finite; (TooFew) n ≤ k; (Dependent) columns that depend on
    one another; (NoVariation) values without any remainder.
    """
    gaps = np.ones(y.size - 1, np.int64) if gaps is None else gaps
    _refuse_nonsense(y, x, gaps)
    # On an orthonormal basis and the OLS remainder no digit is lost to a large level or a far-away calendar.
    basis, triangle = np.linalg.qr(x)
    if (np.abs(np.diag(triangle)) <= 1e-10 * np.linalg.norm(x, axis=0)).any():
        raise Dependent("one column of the model depends on the others")
    start = basis.T @ y
    remainder = y - basis @ start
    if np.linalg.norm(remainder) <= 1e-13 * np.linalg.norm(y):
        raise NoVariation("the values follow the model without any remainder")
    inverse = np.linalg.inv(triangle)
    if y.size < FEWEST_FOR_REML:
        return _assumed(basis, remainder, start, inverse, gaps)
    return _estimated(basis, remainder, start, inverse, gaps)


def whiten(columns: Floats, phi: float, gaps: Ints) -> Floats:
    """Rows without their AR(1) correlation (Prais–Winsten over calendar gaps); shape (n, k) in and out."""
    correlation = phi ** gaps.astype(float)
    weight = np.sqrt((1 - phi**2) / (1 - correlation**2))
    first = np.sqrt(1 - phi**2) * columns[:1]
    return np.concatenate([first, weight[:, None] * (columns[1:] - correlation[:, None] * columns[:-1])])


def correlations(phi: float, gaps: Ints) -> Floats:
    """Correlation matrix of the errors, shape (n, n)."""
    at = np.concatenate([[0], np.cumsum(gaps)])
    matrix: Floats = np.power(phi, np.abs(at[:, None] - at[None, :]).astype(float))
    return matrix


def _estimated(basis: Floats, remainder: Floats, start: Floats, inverse: Floats, gaps: Ints) -> Fit:
    n, k = basis.shape
    phi = _best_phi(np.column_stack([basis, remainder / np.linalg.norm(remainder)]), gaps)
    white = whiten(np.column_stack([basis, remainder]), phi, gaps)
    q, r = np.linalg.qr(white[:, :k])
    step = np.linalg.solve(r, q.T @ white[:, k])
    whitened = white[:, k] - white[:, :k] @ step
    innovation = float(whitened @ whitened) / (n - k)
    spread = inverse @ np.linalg.inv(r)
    return Fit(
        beta=inverse @ (start + step),
        covariance=innovation * spread @ spread.T,
        phi=phi,
        df=degrees_of_freedom(n, k, phi),
        sigma=float(np.sqrt(innovation / (1 - phi**2))),
        residuals=remainder - basis @ step,
        whitened=whitened,
        n=n,
        k=k,
    )


def _assumed(basis: Floats, remainder: Floats, start: Floats, inverse: Floats, gaps: Ints) -> Fit:
    n, k = basis.shape
    between = correlations(PRIOR_PHI, gaps)
    projected = basis.T @ between @ basis
    # Residuals of correlated errors are smaller than n − k would say: divide by their expected sum of squares.
    variance = float(remainder @ remainder) / (n - float(np.trace(projected)))
    return Fit(
        beta=inverse @ start,
        covariance=variance * inverse @ projected @ inverse.T,
        phi=PRIOR_PHI,
        df=degrees_of_freedom(n, k, PRIOR_PHI),
        sigma=float(np.sqrt(variance)),
        residuals=remainder,
        whitened=whiten(remainder[:, None], PRIOR_PHI, gaps)[:, 0],
        n=n,
        k=k,
        assumed_phi=True,
    )


def degrees_of_freedom(n: int, k: int, phi: float) -> float:
    """n(1 − φ⁺)/(1 + φ⁺) − k, at least 2: n dependent observations count as fewer independent ones."""
    positive = max(phi, 0.0)
    return max(FEWEST_DF, n * (1 - positive) / (1 + positive) - k)


def _best_phi(columns: Floats, gaps: Ints) -> float:
    products = _Products.of(columns, gaps)
    coarse = float(GRID[np.argmax(_likelihoods(GRID, products))])
    fine = np.clip(coarse + REFINEMENT, GRID[0], GRID[-1])
    return float(fine[np.argmax(_likelihoods(fine, products))])


@dataclass(frozen=True, slots=True, eq=False)
class _Products:
    """Cross products of the columns by length of gap: all that the likelihood needs to know of the data."""

    n: int
    first: Floats  # (c, c), of the first row
    lengths: Floats  # (g,), distinct gaps
    times: Floats  # (g,), how often each occurs
    now: Floats  # (g, c, c), Σ z_t z_t'
    cross: Floats  # (g, c, c), Σ z_t z_{t−1}' and its transpose
    before: Floats  # (g, c, c), Σ z_{t−1} z_{t−1}'

    @classmethod
    def of(cls, z: Floats, gaps: Ints) -> _Products:
        lengths, group = np.unique(gaps, return_inverse=True)
        now, cross, before = [], [], []
        for g in range(lengths.size):
            rows = np.flatnonzero(group == g)
            late, early = z[rows + 1], z[rows]
            mixed = late.T @ early
            now.append(late.T @ late)
            cross.append(mixed + mixed.T)
            before.append(early.T @ early)
        times = np.bincount(group, minlength=lengths.size).astype(float)
        first = np.outer(z[0], z[0])
        return cls(len(z), first, lengths.astype(float), times, np.array(now), np.array(cross), np.array(before))


def _likelihoods(phis: Floats, products: _Products) -> Floats:
    """Restricted log likelihood of each φ up to a constant; shape (p,)."""
    k = products.first.shape[0] - 1
    correlation = np.power(phis[:, None], products.lengths[None, :])
    weight = (1 - phis[:, None] ** 2) / (1 - correlation**2)
    gram = (1 - phis**2)[:, None, None] * products.first
    gram = gram + np.einsum("pg,gij->pij", weight, products.now)
    gram = gram - np.einsum("pg,gij->pij", weight * correlation, products.cross)
    gram = gram + np.einsum("pg,gij->pij", weight * correlation**2, products.before)
    # The last pivot of the factorisation is the remaining sum of squares, the others make up |X*'X*|.
    pivots = np.diagonal(np.linalg.cholesky(gram), axis1=1, axis2=2)
    log_rss = 2 * np.log(pivots[:, k])
    log_determinant = 2 * np.log(pivots[:, :k]).sum(axis=1)
    log_variances = -np.log1p(-(phis**2)) - (np.log(weight) * products.times).sum(axis=1)
    likelihoods: Floats = -0.5 * ((products.n - k) * log_rss + log_variances + log_determinant)
    return likelihoods


def _refuse_nonsense(y: Floats, x: Floats, gaps: Ints) -> None:
    if y.ndim != 1 or x.ndim != 2 or x.shape[0] != y.size or gaps.shape != (y.size - 1,):
        raise ValueError("y needs shape (n,), x (n, k) and gaps (n - 1,)")
    if x.shape[1] >= y.size:
        raise TooFew("a regression needs more observations than columns")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("y and x must be finite")
    if (gaps < 1).any():
        raise ValueError("a gap is at least one interval")

"""REML for AR(1) errors written the long way: full correlation matrices, a scalar optimiser, no transformation."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar


def correlation_matrix(phi: float, positions: np.ndarray) -> np.ndarray:
    return phi ** np.abs(positions[:, None] - positions[None, :]).astype(float)


def restricted_log_likelihood(phi: float, y: np.ndarray, x: np.ndarray, positions: np.ndarray) -> float:
    """Harville's form with the variance profiled out, for errors of variance σ² and correlation φ^distance."""
    n, k = x.shape
    v = correlation_matrix(phi, positions)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    rest = y - x @ beta
    rss = rest @ inverse @ rest
    return -0.5 * ((n - k) * np.log(rss) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1])


def best_phi(y: np.ndarray, x: np.ndarray, positions: np.ndarray) -> float:
    grid = np.linspace(-0.4, 0.96, 137)
    start = grid[np.argmax([restricted_log_likelihood(phi, y, x, positions) for phi in grid])]
    low, high = max(-0.4, start - 0.01), min(0.96, start + 0.01)
    return minimize_scalar(
        lambda phi: -restricted_log_likelihood(phi, y, x, positions), bounds=(low, high), method="bounded"
    ).x

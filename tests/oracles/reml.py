"""A second implementation of regression with AR(1) errors, written from the definition and not from our code.

The covariance matrix is written out in full, φ maximises the restricted likelihood by scipy's scalar optimiser, and
statsmodels solves the generalised least squares. Slow and obvious.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regression:
    beta: Floats
    standard_errors: Floats
    phi: float
    df: float

    def interval(self, k: int, confidence: float) -> tuple[float, float]:
        width = student.ppf(0.5 + confidence / 2, self.df) * self.standard_errors[k]
        return self.beta[k] - width, self.beta[k] + width


def regression(y: Floats, x: Floats) -> Regression:
    """y : shape (n,), evenly spaced. x : shape (n, k)."""
    n, k = x.shape

    def correlation(phi: float) -> Floats:
        return toeplitz(phi ** np.arange(n))

    def minus_restricted_likelihood(phi: float) -> float:
        v = correlation(phi)
        inverse = np.linalg.inv(v)
        information = x.T @ inverse @ x
        residual = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
        rss = residual @ inverse @ residual
        # σ² is profiled out; |V| of the correlation matrix and |X'V⁻¹X| are as in Harville (1974).
        return 0.5 * ((n - k) * np.log(rss) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1])

    phi = minimize_scalar(minus_restricted_likelihood, bounds=(-0.4, 0.96), method="bounded", options={"xatol": 1e-9}).x
    fit = sm.GLS(y, x, sigma=correlation(phi)).fit()
    positive = max(phi, 0.0)
    df = max(2.0, n * (1 - positive) / (1 + positive) - k)
    return Regression(fit.params, fit.bse, phi, df)

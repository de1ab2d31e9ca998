"""Series whose truth is known: AR(1) errors around a level, with an effect planted."""

from __future__ import annotations

import numpy as np


def ar1(rng: np.random.Generator, n: int, phi: float, *, sd: float = 1.0) -> np.ndarray:
    """Stationary errors of standard deviation `sd`."""
    innovations = rng.normal(0, sd * np.sqrt(1 - phi**2), n)
    errors = np.empty(n)
    errors[0] = rng.normal(0, sd)
    for i in range(1, n):
        errors[i] = phi * errors[i - 1] + innovations[i]
    return errors

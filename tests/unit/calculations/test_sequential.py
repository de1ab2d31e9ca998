from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from kpis.calculations.sequential import boundary, long_run_sigma, monitoring_half_width
from tests.oracles.simulated import ar1


def false_alarms(phi: float, *, interval: str, n_before: int = 60, looks: int = 40, series: int = 150) -> float:
    """Share of series without any effect in which at least one of many looks finds one."""
    rng = np.random.default_rng(20261124)
    alarms = 0
    for _ in range(series):
        values = ar1(rng, n_before + 14 + 5 * looks, phi)
        before = values[:n_before]
        for look in range(looks):
            after = values[n_before : n_before + 14 + 5 * look]
            residuals = np.concatenate([before - before.mean(), after - after.mean()])
            sigma = long_run_sigma(residuals, np.ones(residuals.size - 1, int), parameters=2)
            if interval == "fixed":
                half = norm.ppf(0.975) * sigma * math.sqrt(1 / n_before + 1 / after.size)
            else:
                strict = interval == "strict"
                half = monitoring_half_width(
                    sigma, n_before=n_before, n_after=after.size, confidence=0.95, strict=strict
                ).value
            if abs(after.mean() - before.mean()) > half:
                alarms += 1
                break
    return alarms / series


@pytest.mark.parametrize(("n_before", "phi"), [(40, 0.0), (40, 0.6), (60, 0.5), (90, 0.3), (180, 0.6)])
def test_looking_every_few_days_raises_a_false_alarm_in_at_most_one_series_in_ten(n_before, phi):
    assert false_alarms(phi, interval="monitoring", n_before=n_before, series=400) <= 0.10


def test_the_proven_interval_raises_hardly_any():
    assert false_alarms(0.3, interval="strict", n_before=90) <= 0.02


def test_the_interval_for_a_single_look_would_raise_twice_as_many():
    assert false_alarms(0.5, interval="fixed") >= 2 * false_alarms(0.5, interval="monitoring")


def test_the_strict_interval_is_wider():
    loose, strict = (
        monitoring_half_width(1.0, n_before=60, n_after=30, confidence=0.95, strict=s).value for s in (False, True)
    )
    assert strict > loose


def test_the_boundary_is_that_of_the_normal_mixture():
    # Waudby-Smith et al. 2024, equation of the asymptotic confidence sequence, at t = 100, alpha = 0.05.
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 30
    t = 100
    expected = math.sqrt((t * rho2 + 1) / (t**2 * rho2) * math.log((t * rho2 + 1) / 0.05**2))
    assert boundary(t, 0.05) == pytest.approx(expected)


def test_the_boundary_is_relatively_tightest_after_thirty_intervals():
    relative = [boundary(t, 0.05) * math.sqrt(t) for t in range(5, 200)]
    assert 25 <= 5 + int(np.argmin(relative)) <= 35


def test_before_fourteen_intervals_there_is_no_monitoring():
    answer = monitoring_half_width(1.0, n_before=60, n_after=13, confidence=0.95)
    assert (answer.value, answer.status) == (None, "not_yet")


def test_dependent_values_vary_more_in_the_long_run():
    rng = np.random.default_rng(5)
    found = [
        long_run_sigma(e - e.mean(), np.ones(e.size - 1, int), parameters=1)
        for e in (ar1(rng, 200, 0.6) for _ in range(100))
    ]
    assert np.mean(found) == pytest.approx(math.sqrt((1 + 0.6) / (1 - 0.6)), rel=0.1)


def test_a_gap_between_two_values_says_nothing_about_neighbours():
    values = np.array([1.0, 1.0, -1.0, -1.0] * 10)
    everywhere = long_run_sigma(values, np.ones(39, int), parameters=1)
    # Only the equal ones are neighbours; between the others lies a gap.
    pairs = long_run_sigma(values, np.array([1, 5] * 19 + [1]), parameters=1)
    assert pairs > 2 * everywhere


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"n_before": 0}])
def test_a_confidence_that_is_none_and_a_missing_baseline_are_refused(wrong):
    with pytest.raises(ValueError, match="monitoring needs"):
        monitoring_half_width(1.0, **{"n_before": 60, "n_after": 30, "confidence": 0.95} | wrong)

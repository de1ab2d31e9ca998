from __future__ import annotations

import math

import numpy as np
import pytest

from kpis.calculations.intervals import Granularity
from kpis.calculations.level import recent_level
from kpis.calculations.series import Series


def level(values, granularity=Granularity.DAY):
    return recent_level(Series.of(values), granularity=granularity, confidence=0.95)


def test_the_level_is_the_plain_mean_of_the_newest_values_only():
    found = level([100.0] * 50 + [float(n % 5) for n in range(28)])
    assert found.n == 28
    assert found.value == pytest.approx(sum(n % 5 for n in range(28)) / 28)


def test_few_values_have_a_mean_and_no_interval():
    found = level([3.0, 4.0, 5.0])
    assert (found.value, found.low, found.high, found.n) == (4.0, None, None, 3)


def test_values_that_are_all_alike_have_no_interval():
    assert level([7.0] * 20).low is None


def test_nothing_measured_has_no_level():
    assert level([]) is None


def test_the_interval_holds_the_true_level_about_as_often_as_it_says():
    """AR(1) with 0.4: an interval of independent values would hold it far less often."""
    rng, held, runs = np.random.default_rng(4), 0, 400
    for _ in range(runs):
        values = [rng.normal(0, 1)]
        for shock in rng.normal(0, math.sqrt(1 - 0.16), 27):
            values.append(0.4 * values[-1] + shock)
        found = level(values)
        held += found.low <= 0 <= found.high
    assert 0.89 < held / runs < 0.99

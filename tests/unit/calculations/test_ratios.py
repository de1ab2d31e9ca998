"""Ratios of sums over units, and why the events of one agent are not as many as they look."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kpis.calculations.ratios import Units, by_cluster, of_units, ratio, relative_change


def agents(rng, n, level=1.0, tickets=20.0):
    """Seconds and tickets of n agents, each with a pace of their own."""
    y = rng.poisson(tickets, n) + 1.0
    return y * level * rng.lognormal(0, 0.3, n) * 300, y


def test_the_error_is_the_linearised_one():
    x, y = agents(np.random.default_rng(1), 80)
    found = ratio(of_units(x, y), confidence=0.95)
    # Σ(x − R·y) is zero at R: its error by the size of y is that of R. statsmodels gives it as that of a mean.
    r = x.sum() / y.sum()
    mean = sm.OLS((x - r * y) / y.mean(), np.ones(80)).fit()
    low, high = mean.conf_int(0.05)[0]
    assert (found.value, found.low, found.high) == pytest.approx((r, r + low, r + high))


def test_the_events_of_a_cluster_belong_together_as_in_statsmodels():
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(40), 25)
    x = rng.normal(size=40)[cluster] + rng.normal(size=1000) + 10
    found = ratio(by_cluster(x, np.ones(1000), cluster), confidence=0.95)
    robust = sm.OLS(x, np.ones(1000)).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    error = float(robust.bse[0]) * math.sqrt(40 / 39)
    assert (found.high - found.low) / 2 == pytest.approx(error * stats.t.ppf(0.975, 39), rel=1e-6)
    naive = float(sm.OLS(x, np.ones(1000)).fit().bse[0])
    assert error > 3 * naive


def test_parts_merge_into_the_whole():
    x, y = agents(np.random.default_rng(3), 30)
    merged = of_units(x[:11], y[:11]).followed_by(of_units(x[11:], y[11:])).followed_by(Units(0))
    whole = of_units(x, y)
    assert all(getattr(merged, name) == pytest.approx(getattr(whole, name)) for name in Units.__slots__)
    assert Units(0).followed_by(whole) == whole


def test_the_interval_of_a_relative_change_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(20261124)
    held = 0
    for _ in range(1000):
        found = relative_change(of_units(*agents(rng, 40)), of_units(*agents(rng, 30, level=0.8)), confidence=0.95)
        held += found.low <= -0.2 <= found.high
    assert 0.93 <= held / 1000 <= 0.97


def test_a_relative_change_is_that_of_the_logarithms():
    rng = np.random.default_rng(4)
    before, after = of_units(*agents(rng, 2000)), of_units(*agents(rng, 2000, level=0.9))
    found = relative_change(before, after, confidence=0.95)
    old, new = (ratio(side, confidence=0.95) for side in (before, after))
    share = new.value / old.value
    # With very many units t is normal: half-widths of both ratios, as shares of them, add in squares.
    half = math.hypot(*((side.high - side.low) / 2 / side.value for side in (old, new)))
    assert (found.low, found.high) == pytest.approx((share * math.exp(-half) - 1, share * math.exp(half) - 1), abs=2e-5)
    assert found.excludes_zero == (found.p_value < 0.05)


units = st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e3)), min_size=6, max_size=30)


@given(units, units, st.sampled_from([0.001, 60.0]))
def test_a_relative_change_has_no_unit(before, after, factor):
    def change(scale):
        return relative_change(
            *(
                of_units(np.array([x for x, _ in side]) * scale, np.array([y for _, y in side]))
                for side in (before, after)
            ),
            confidence=0.95,
        )

    plain, scaled = change(1.0), change(factor)
    assert plain.status == scaled.status
    assert plain.value is None or plain.value == pytest.approx(scaled.value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "status", "says"),
    [
        ([], [], "not_enough_data", "no values"),
        ([1.0] * 9, [0.0] * 9, "undefined", "zero"),
        ([1.0] * 9, [1.0, -1.0, 2.0, -1.5, 0.5, 0.1, -0.3, 1.0, 2.0], "undefined", "near it"),
        ([1.0, 2.0], [1.0, 1.0], "ok", "five units"),
        ([2.0] * 9, [1.0] * 9, "ok", "do not vary"),
    ],
)
def test_no_units_a_denominator_near_zero_few_and_equal_units_say_why_there_is_no_interval(x, y, status, says):
    found = ratio(of_units(np.array(x), np.array(y)), confidence=0.95)
    assert (found.status, found.low) == (status, None)
    assert says in found.reason


def test_a_share_of_nothing_is_undefined():
    zero, some = of_units(np.zeros(9), np.ones(9)), of_units(np.arange(9.0) + 1, np.ones(9))
    assert relative_change(zero, some, confidence=0.95).status == "undefined"
    assert relative_change(Units(0), some, confidence=0.95).status == "not_enough_data"


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        of_units(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="name of its cluster"):
        by_cluster(np.ones(3), np.ones(3), ["a", "b"])

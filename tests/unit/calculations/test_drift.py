"""Whether inputs still look as they did: against scipy, and how far apart chance alone brings two samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from kpis.calculations.drift import (
    counts_by_bin,
    cramers_v,
    decile_edges,
    jensen_shannon,
    kolmogorov_smirnov,
    stability,
    wasserstein,
)

counts = st.lists(st.integers(0, 500), min_size=3, max_size=3).map(np.array)
both = st.tuples(counts, counts).filter(lambda pair: pair[0].any() and pair[1].any())


def test_the_index_is_the_sum_over_bins_as_one_writes_it_on_paper():
    # Siddiqi's form: (actual − expected)·ln(actual/expected) of 20/30/50 % against 30/30/40 %.
    found = stability(np.array([200, 300, 500]), np.array([300, 300, 400]))
    assert found.by_bin == pytest.approx((0.0405465, 0.0, 0.0223144), abs=1e-7)
    assert (found.psi, found.verdict) == (pytest.approx(0.0628609, abs=1e-7), "stable")


def test_an_empty_bin_is_not_dropped_but_every_bin_gets_half_a_case():
    found = stability(np.array([500, 500, 0]), np.array([400, 400, 200]))
    p = np.array([500.5, 500.5, 0.5]) / 1001.5
    q = np.array([400.5, 400.5, 200.5]) / 1001.5
    assert found.psi == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert found.verdict == "major"


def test_bins_that_neither_sample_fills_count_for_nothing():
    some = stability(np.array([300, 400, 0]), np.array([390, 310, 0]))
    without = stability(np.array([300, 400]), np.array([390, 310]))
    assert (some.psi, some.chance, some.p_value) == (without.psi, without.chance, without.p_value)


def test_of_a_hundred_cases_each_five_percent_of_stable_models_exceed_a_third():
    rng, found = np.random.default_rng(20261124), []
    for _ in range(1500):
        reference, current = rng.normal(size=(2, 100))
        edges = decile_edges(reference)
        found.append(stability(*(counts_by_bin(sample, edges)[:10] for sample in (reference, current))))
    assert found[0].chance == pytest.approx(0.34, abs=0.005)
    assert np.mean([f.psi > f.chance for f in found]) == pytest.approx(0.05, abs=0.025)
    assert {f.verdict for f in found} == {"not_enough_data"}
    # The customary 0.25 would call a seventh of them drifted, 0.10 nearly all.
    assert np.mean([f.psi > 0.25 for f in found]) > 0.12


@pytest.mark.parametrize("n", [250, 2000])
def test_of_stable_models_at_most_one_in_twenty_is_called_drifting(n):
    rng = np.random.default_rng(20261124)
    a, b = rng.multinomial(n, np.full(10, 0.1), (2, 1000))
    verdicts = [stability(x, y).verdict for x, y in zip(a, b, strict=True)]
    assert np.mean([verdict != "stable" for verdict in verdicts]) <= 0.05


def test_moderate_and_major_drift_are_told_apart():
    rng = np.random.default_rng(1)
    reference = rng.normal(size=5000)
    edges = decile_edges(reference)
    old = counts_by_bin(reference, edges)
    verdicts = [stability(old, counts_by_bin(rng.normal(shift, 1, 5000), edges)).verdict for shift in (0, 0.4, 0.9)]
    assert verdicts == ["stable", "moderate", "major"]


def test_bins_hold_a_tenth_each_are_open_outside_and_keep_what_is_missing():
    reference = np.append(np.arange(1000.0), [np.nan] * 5)
    edges = decile_edges(reference)
    assert counts_by_bin(reference, edges).tolist() == [100] * 10 + [5]
    assert counts_by_bin(np.array([-1e9, 1e9, np.nan, np.nan]), edges).tolist() == [1, *[0] * 8, 1, 2]
    assert decile_edges(np.full(9, 3.0)).tolist() == [3.0]
    with pytest.raises(ValueError, match="needs values"):
        decile_edges(np.array([np.nan]))


@given(both)
def test_the_divergence_is_the_squared_distance_of_scipy(pair):
    assert jensen_shannon(*pair).value == pytest.approx(jensenshannon(*pair, base=2) ** 2, abs=1e-9)


@given(both)
def test_the_largest_distance_is_that_of_scipy_for_values_that_are_the_bins(pair):
    samples = [np.repeat(np.arange(3.0), part) for part in pair]
    assert kolmogorov_smirnov(*pair).value == pytest.approx(stats.ks_2samp(*samples, method="asymp").statistic)


@given(both)
def test_the_association_is_that_of_scipy(pair):
    table = np.array(pair)[:, np.array(pair).sum(axis=0) > 0]
    expected = stats.contingency.association(table, method="cramer") if table.shape[1] > 1 else 0.0
    assert cramers_v(*pair).value == pytest.approx(expected, abs=1e-9)


@given(both)
def test_which_sample_is_the_reference_does_not_matter_to_any_measure_of_counts(pair):
    a, b = pair
    assert stability(a, b).psi == pytest.approx(stability(b, a).psi, abs=1e-9)
    for measure in (jensen_shannon, kolmogorov_smirnov, cramers_v):
        assert measure(a, b).value == pytest.approx(measure(b, a).value, abs=1e-9)
        assert measure(a, 3 * a).value == pytest.approx(0, abs=1e-7)


values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30).map(np.array)


@given(values, values, st.sampled_from([60.0, -0.01]), st.floats(-1e3, 1e3))
def test_the_shift_is_that_of_scipy_in_standard_deviations_whatever_the_unit(reference, current, factor, shift):
    if not np.ptp(reference) > 1e-3:
        return
    found = wasserstein(reference, current)
    expected = stats.wasserstein_distance(reference, current) / reference.std()
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    scaled = wasserstein(reference * factor + shift, current * factor + shift)
    assert scaled.value == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_no_values_and_a_reference_that_does_not_vary_say_why_there_is_nothing():
    none, some = np.zeros(3, int), np.array([1, 2, 3])
    assert stability(none, some).reason and stability(none, some).psi is None
    for measure in (jensen_shannon, kolmogorov_smirnov, cramers_v):
        assert measure(none, some).status == "not_enough_data"
    assert wasserstein(np.empty(0), np.ones(3)).status == "not_enough_data"
    assert wasserstein(np.ones(3), np.arange(3.0)).status == "undefined"


def test_counts_that_do_not_fit_and_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="same bins"):
        stability(np.array([1, 2]), np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="same bins"):
        cramers_v(np.array([1, -2]), np.array([1, 2]))
    with pytest.raises(ValueError, match="finite"):
        wasserstein(np.array([np.nan]), np.ones(2))

"""Several verdicts side by side, against the published example, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from kpis.calculations.multiplicity import benjamini_hochberg, discoveries, holm

# Benjamini & Hochberg 1995, section 4.1: thrombolytic treatments, fifteen p-values.
PUBLISHED = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
)  # fmt: skip

p_values = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30)


def test_of_the_published_fifteen_the_first_four_are_discoveries_at_five_percent():
    assert sum(q <= 0.05 for q in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(q <= 0.05 for q in holm(PUBLISHED)) == 3


@given(p_values)
def test_discoveries_are_those_of_scipy_in_the_order_given(ps):
    known, found = [p for p in ps if p is not None], benjamini_hochberg(ps)
    assert [q is None for q in found] == [p is None for p in ps]
    assert [q for q in found if q is not None] == pytest.approx(false_discovery_control(known) if known else [])


def test_comparisons_with_one_control_are_those_of_statsmodels_in_the_order_given():
    for mixed in ([PUBLISHED[i] for i in (7, 0, 14, 3, 9, 1)], [0.022, 0.01, 0.02]):
        assert holm(mixed) == pytest.approx(multipletests(mixed, method="holm")[1])


@given(p_values)
def test_a_verdict_beside_others_is_never_surer_than_alone(ps):
    for adjust in (benjamini_hochberg, holm):
        assert all(p is None or q >= p for p, q in zip(ps, adjust(ps), strict=True))


def test_one_verdict_alone_needs_ten_percent_and_no_p_value_is_no_verdict():
    assert discoveries([0.09]) == (True,)
    assert discoveries([0.06, None, 0.9]) == (False, None, False)
    assert discoveries([]) == ()


def test_among_many_verdicts_at_most_one_in_ten_discoveries_is_chance():
    rng = np.random.default_rng(20261124)
    shares = []
    for _ in range(1000):
        shift = np.where(np.arange(20) < 15, 0.0, 3.0)
        ps = 2 * ndtr(-np.abs(rng.normal(shift)))
        found = np.array(discoveries(ps.tolist()))
        shares.append(found[:15].sum() / max(found.sum(), 1))
    # Exactly 10 % · 15/20 in expectation.
    assert np.mean(shares) == pytest.approx(0.075, abs=0.015)


@pytest.mark.parametrize("wrong", [[1.2], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg(wrong)

"""The modified rate against another library, by hand, and where several internal rates fit."""

from __future__ import annotations

import numpy as np
import numpy_financial
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.internal_rate import irr_periodic, irrs_periodic
from kpis.calculations.modified_rate import mirr_dated, mirr_periodic

PUMP = np.array([-1_600.0, 10_000.0, -10_000.0])  # Lorie & Savage 1955


def test_by_hand_one_outlay_and_two_inflows():
    # 60·1.12 + 60 = 127.2 after two periods for 100: √1.272 − 1
    found = mirr_periodic(np.array([-100.0, 60.0, 60.0]), finance=0.10, reinvest=0.12)
    assert found.value == pytest.approx(1.272**0.5 - 1)


@given(
    flows=st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=12),
    finance=st.floats(0.0, 0.5),
    reinvest=st.floats(0.0, 0.5),
)
def test_it_is_what_another_library_says(flows, finance, reinvest):
    row = np.array(flows, float)
    found = mirr_periodic(row, finance=finance, reinvest=reinvest)
    if (row > 0).any() and (row < 0).any():
        assert found.value == pytest.approx(numpy_financial.mirr(row, finance, reinvest), rel=1e-9, abs=1e-12)
    else:
        assert found.status == "none"


def test_where_two_internal_rates_fit_there_is_one_modified_rate():
    assert irr_periodic(PUMP).status == "multiple"
    assert len(irrs_periodic(PUMP)) == 2
    assert mirr_periodic(PUMP, finance=0.1, reinvest=0.1).value == pytest.approx(
        (11_000 / (1_600 + 10_000 / 1.21)) ** 0.5 - 1
    )


def test_dated_flows_a_year_apart_are_periods():
    days, flows = np.array([0.0, 365.0, 730.0]), np.array([-100.0, 60.0, 60.0])
    dated = mirr_dated(days, flows, finance=0.08, reinvest=0.08)
    assert dated.value == pytest.approx(mirr_periodic(flows, finance=0.08, reinvest=0.08).value)


def test_flows_of_one_day_have_no_yearly_rate():
    assert mirr_dated(np.array([0.0]), np.array([5.0]), finance=0.1, reinvest=0.1).status == "none"
    near = mirr_dated(np.array([0.0, 1e-9]), np.array([-1.0, 9.0]), finance=0.1, reinvest=0.1)
    assert near.status == "not_meaningful"


def test_rates_below_everything_lost_are_refused():
    with pytest.raises(ValueError, match="above -1"):
        mirr_periodic(PUMP, finance=-1.0, reinvest=0.1)

"""How uncertainty carries into money; the draws against closed forms where there are any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kpis.calculations.assumptions import Range
from kpis.calculations.streams import (
    HIGH,
    LOW,
    Assumed,
    CounterfactualError,
    Draws,
    Stream,
    money_at,
    money_draws,
    spread,
    total_draws,
)


def certain(key: str, value: float = 1.0) -> Assumed:
    return Assumed(key, Range(value, value, value))


def stream(*, error=None, unit_value=None, realisation=None, quantity=(10.0, 20.0), exposure=(5.0, 5.0), sign=1):
    return Stream(
        quantity=np.array(quantity),
        exposure=np.array(exposure),
        sign=sign,
        error=error or CounterfactualError("kpi"),
        unit_value=unit_value or certain("wage", 3.0),
        realisation=realisation or certain("realisation", 0.5),
        attribution=certain("attribution"),
    )


def test_where_everything_is_certain_every_draw_is_the_booked_money():
    money = total_draws([stream()], Draws("seed", 100))
    assert set(money) == {45.0}
    assert money_at(stream()) == 45.0


def test_the_error_of_an_effect_does_not_average_out_over_its_intervals():
    error = CounterfactualError("kpi", standard_error=0.4, df=30)
    money = total_draws([stream(error=error)], Draws("seed"))
    # One shift for all intervals: 30 + shift·10, times 3 · 0.5.
    expected = 1.5 * (30 + stats.t(30).ppf([LOW, HIGH]) * 0.4 * 10)
    assert np.quantile(money, [LOW, HIGH]) == pytest.approx(expected, rel=0.01)


def test_a_lower_counterfactual_is_less_money_where_less_is_better_and_more_where_more_is():
    assert money_at(stream(sign=1), shift=-1.0) < money_at(stream()) < money_at(stream(sign=-1), shift=-1.0)


def test_two_streams_that_share_an_assumption_rise_and_fall_together():
    wage = Assumed("wage", Range(2.0, 3.0, 4.0))
    draws = Draws("seed")
    first, second = (money_draws(stream(unit_value=wage), draws, np.ones((1, 2)))[0] for _ in range(2))
    other = money_draws(stream(unit_value=Assumed("other", wage.range)), draws, np.ones((1, 2)))[0]
    assert np.array_equal(first, second)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.05


def test_a_range_of_the_sum_of_independent_streams_is_narrower_than_the_sum_of_their_ranges():
    streams = [stream(unit_value=Assumed(key, Range(2.0, 3.0, 4.0))) for key in ("a", "b")]
    width = np.subtract(*np.quantile(total_draws(streams, Draws("seed")), [HIGH, LOW]))
    alone = np.subtract(*np.quantile(total_draws(streams[:1], Draws("seed")), [HIGH, LOW]))
    assert width == pytest.approx(np.sqrt(2) * alone, rel=0.1)


def test_draws_do_not_depend_on_the_order_in_which_they_are_asked_for():
    wage, other = Assumed("wage", Range(2, 3, 4)), Assumed("other", Range(0, 1, 9))
    one, two = Draws("seed"), Draws("seed")
    one.of_assumption(other)
    assert np.array_equal(one.of_assumption(wage), two.of_assumption(wage))
    assert not np.array_equal(Draws("another").of_assumption(wage), two.of_assumption(wage))


def test_a_stated_baseline_shifts_by_its_stated_range():
    declared = CounterfactualError("kpi", declared=Range(2.8, 3.5, 4.2))
    shift = Draws("seed").of_shift(declared)
    assert np.quantile(shift, [LOW, HIGH]) == pytest.approx([-0.7, 0.7], abs=0.03)


def test_each_row_counts_the_intervals_that_its_weights_name():
    money = money_draws(stream(), Draws("seed", 10), np.array([[1.0, 0.0], [1.0, 1.0]]))
    assert money[:, 0].tolist() == [15.0, 45.0]


def test_a_spread_is_what_numpy_says_of_the_draws_and_so_are_joint_draws_of_more_streams_than_one_product_takes():
    streams = [
        stream(
            error=CounterfactualError(f"kpi {k % 9}", standard_error=0.3 + k / 100, df=20),
            unit_value=Assumed(f"wage {k % 7}", Range(2.0, 3.0, 5.0)),
            sign=(1, -1)[k % 2],
        )
        for k in range(130)
    ]
    draws = Draws("seed", 2_000)
    money = np.zeros(draws.n)
    for one in streams:
        shifted = 30.0 + one.sign * 10.0 * draws.of_shift(one.error)
        for assumed in one.assumptions:
            shifted = shifted * draws.of_assumption(assumed)
        money += shifted

    found = spread(streams, draws, bound=4_000.0)

    assert total_draws(streams, draws) == pytest.approx(money)
    assert [found.low, found.quarter, found.three_quarters, found.high] == pytest.approx(
        np.quantile(money, [LOW, 0.25, 0.75, HIGH])
    )
    assert (found.mean, found.above) == pytest.approx((money.mean(), (money > 4_000).mean()))
    assert spread(streams, draws, sums=[(0.0, 0.0)] * 130).high == 0.0


def test_a_driver_that_moved_has_a_new_spread():
    assert spread([stream()], Draws("seed", 100)).low == 45.0
    assert spread([stream(quantity=(10.0, 30.0))], Draws("seed", 100)).low == 60.0

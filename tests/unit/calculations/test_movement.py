import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.movement import LOOKED_BACK, movement

EVEN = [10.0, 12.0] * 6  # mean 11, mean moving range 2: limits 11 ± 3·2/1.128 = 5.681 and 16.319


@pytest.mark.parametrize(("value", "direction"), [(16.4, 1), (16.2, 0), (5.7, 0), (5.6, -1)])
def test_a_value_moved_where_it_lies_beyond_three_standard_deviations_of_neighbouring_values(value, direction):
    found = movement([*EVEN, value])
    assert found is not None
    assert (round(found.usual, 6), round(found.low, 3), round(found.high, 3)) == (11.0, 5.681, 16.319)
    assert found.direction == direction


def test_with_fewer_than_twelve_values_before_it_nothing_is_called_usual():
    assert movement([*EVEN[:11], 99.0]) is None


def test_what_was_usual_long_ago_does_not_count():
    assert movement([500.0] * 50 + EVEN * 3 + [11.0]) == movement([*(EVEN * 3)[-LOOKED_BACK:], 11.0])


def test_where_values_never_differed_any_other_value_has_moved():
    assert movement([3.0] * 12 + [3.0]).direction == 0
    assert movement([3.0] * 12 + [3.1]).direction == 1


def test_a_value_that_does_not_exist_is_refused():
    with pytest.raises(ValueError):
        movement([*EVEN, float("nan")])


@given(st.lists(st.integers(-1000, 1000).map(float), min_size=13, max_size=40), st.sampled_from([0.5, 4.0, -2.0]))
def test_another_unit_moves_as_much_and_a_mirrored_one_the_other_way(values, factor):
    plain, scaled = movement(values), movement([v * factor for v in values])
    assert scaled.direction == plain.direction * (1 if factor > 0 else -1)

"""What a follow-up figure shows of a saving, worked out on paper."""

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.tracing import Claim, captured, improvement, shared_out

HOURS = st.decimals(-5_000, 5_000, places=4)
MONEY = st.decimals(-100_000, 100_000, places=2)
PRICES = st.decimals("0.01", 200, places=4)


def test_the_smaller_of_both_counts():
    """1,012.5 h of overtime before, 516.0 h now: 496.5 h at 38.50 are 19,115.25."""
    improved = improvement(1012.5, 516.0, sign=1)
    assert improved == D("496.5")
    assert captured(Claim(D("40000.00"), D("38.5")), improved, D(0)) == D("19115.25")
    assert captured(Claim(D("12000.10"), D("38.5")), improved, D(0)) == D("12000.10")


def test_what_got_worse_shows_nothing_and_nothing_is_shown_of_a_loss():
    assert captured(Claim(D(500), D(60)), improvement(110, 130, sign=1), D(0)) == D("0.00")
    assert captured(Claim(D(-500), D(60)), improvement(110, 90, sign=1), D(0)) == D("0.00")


def test_where_more_is_better_a_rise_is_the_improvement():
    assert improvement(200, 250, sign=-1) == D(50)


def test_floats_are_taken_as_they_are_on_paper():
    assert improvement(0.3, 0.1, sign=1) == D("0.2")


def test_two_savings_share_one_improvement_in_their_order():
    """10 h less: the first saved 240.00 = 4 h at 60, so 6 h are left: at 50 they are 300.00 of its 400.00."""
    first, second, third = shared_out(D(10), [Claim(D(240), D(60)), Claim(D(400), D(50)), Claim(D(100), D(60))])
    assert (first.taken, first.captured) == (0, D("240.00"))
    assert (second.taken, second.captured) == (4, D("300.00"))
    assert (third.taken, third.captured) == (10, D("0.00"))


@given(HOURS, st.lists(st.tuples(MONEY, PRICES), max_size=5))
def test_no_hour_is_given_away_twice(hours, claims):
    shares = shared_out(hours, [Claim(*claim) for claim in claims])
    for (booked, price), share in zip(claims, shares, strict=True):
        assert 0 <= share.captured <= max(booked, D(0))
        assert share.captured == captured(Claim(booked, price), hours, share.taken)
    used = sum((share.captured / price for (_booked, price), share in zip(claims, shares, strict=True)), D(0))
    halves = sum((D("0.005") / price for _booked, price in claims), D(0))  # each is rounded to the cent
    assert used <= max(hours, D(0)) + halves


@given(HOURS, st.lists(st.tuples(MONEY, PRICES), min_size=1, max_size=4))
def test_who_comes_first_gets_what_it_would_get_alone(hours, claims):
    alone = captured(Claim(*claims[0]), hours, D(0))
    assert shared_out(hours, [Claim(*claim) for claim in claims])[0].captured == alone

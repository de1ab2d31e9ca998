"""A plan month by month, in round figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.investment import add_months
from kpis.calculations.planned import PlannedPhase, expected, share_of_month

D = Decimal
# 1,000 tickets a month, 2 minutes each, 0.50 € a minute: 1,000 € a month
TICKETS = PlannedPhase(D(1000), D(2), D("0.50"))


def amount(month, *, go_live=date(2026, 3, 1), ramp=(), phases=(TICKETS,)):
    return expected(phases, ramp, go_live=go_live, month=month).amount


def test_from_go_live_on_each_month_is_volume_times_effect_times_worth():
    assert [amount(date(2026, m, 1)) for m in (1, 2, 3, 12)] == [0, 0, 1000, 1000]
    whole = expected([TICKETS], (), go_live=date(2026, 3, 1), month=date(2026, 5, 1))
    assert (whole.volume, whole.quantity, whole.amount) == (1000, 2000, 1000)


def test_volume_counts_all_cases_and_what_is_adopted_is_a_part_of_the_effect():
    found = expected([TICKETS], (D("0.25"),), go_live=date(2026, 3, 1), month=date(2026, 3, 1))
    assert (found.volume, found.quantity, found.amount) == (1000, 500, 250)


def test_adoption_ramps_up_and_its_last_share_stays():
    ramp = (D("0.25"), D("0.5"), D("0.9"))
    assert [amount(date(2026, m, 1), ramp=ramp) for m in (3, 4, 5, 6)] == [250, 500, 900, 900]
    assert share_of_month((), 7) == 1


def test_a_go_live_within_a_month_is_split_by_days():
    # live on 16 March: its first month has 31 days, 16 of them in March; the second 30 days, 15 of them in May
    go_live, ramp = date(2026, 3, 16), (D("0.5"), D(1))
    assert amount(date(2026, 3, 1), go_live=go_live, ramp=ramp) == pytest.approx(500 * D(16) / 31)
    assert amount(date(2026, 4, 1), go_live=go_live, ramp=ramp) == pytest.approx(500 * D(15) / 31 + 1000 * D(15) / 30)


def test_phases_follow_each_other():
    phases = (PlannedPhase(D(10), D(1), D(1), last=2), PlannedPhase(D(20), D(3), D(1), first=3))
    assert [amount(date(2026, m, 1), phases=phases) for m in (3, 4, 5)] == [10, 10, 60]


def test_without_a_go_live_nothing_is_expected():
    assert amount(date(2026, 3, 1), go_live=None) == 0


@given(day=st.dates(date(2020, 1, 1), date(2030, 12, 31)), shares=st.lists(st.integers(0, 100), max_size=5))
def test_nothing_of_a_ramp_is_lost_between_calendar_months(day, shares):
    ramp = tuple(D(share) / 100 for share in shares)
    first = day.replace(day=1)
    months = [add_months(first, k) for k in range(14)]
    found = sum((amount(month, go_live=day, ramp=ramp) for month in months[:13]), D(0))
    # Thirteen calendar months hold twelve whole months since go-live, and the days of the thirteenth that fall in them.
    twelve = sum(Fraction(share_of_month(ramp, k)) for k in range(1, 13)) * 1000
    begun, end = add_months(day, 12), add_months(day, 13)
    part = Fraction((months[13] - begun).days, (end - begun).days) * Fraction(share_of_month(ramp, 13)) * 1000
    assert float(found) == pytest.approx(float(twelve + part), abs=1e-9)


def test_a_month_begins_on_its_first_day():
    with pytest.raises(ValueError, match="first day"):
        amount(date(2026, 3, 2))

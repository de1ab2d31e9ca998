from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kpis.baselines.window import values_in
from kpis.calculations.intervals import Interval
from kpis.rollups import rolling
from tests.factories import KpiFactory, OrganisationFactory, SeriesFactory


def test_an_hour_that_a_clock_change_cuts_in_two_counts_once(arrive):
    """On Lord Howe the clocks go back by half an hour: on 5 April 2026 at 15:00 UTC."""
    OrganisationFactory(zone="Australia/Lord_Howe")
    kpi = KpiFactory(interval="hour")
    start = datetime(2026, 4, 4, 0, tzinfo=UTC)
    arrive(SeriesFactory(kpi=kpi), [(start + timedelta(minutes=15 * n), float(n)) for n in range(4 * 48)])
    rolling.roll_up_arrivals(at_most=10)

    end = start + timedelta(days=2)
    found = values_in(kpi, Interval(start, end), treated=None, control=None, now=end + timedelta(days=1))

    assert 46 <= found.n <= 48
    assert (found.treated.gaps >= 1).all()

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis.calculations.counterfactual import Counterfactual
from kpis.ledger.models import LedgerEntry
from kpis.ledger.posting import post_entries
from kpis.rollups.models import IntervalValue
from tests.db.evaluation.conftest import house
from tests.factories import (
    AssumptionFactory,
    BaselineFactory,
    EffectFactory,
    IntervalValueFactory,
    KpiFactory,
    SeriesFactory,
    ShareFactory,
    ValueDriverFactory,
)

__all__ = ["house"]

BEGIN = datetime(2026, 3, 1, 23, tzinfo=UTC)  # go-live: midnight of 2 March in Berlin
NOW = BEGIN + timedelta(days=3, hours=9)


@pytest.fixture
def driver():
    """An effect from 12.5 minutes, and three days at 10, 11 and 15."""
    kpi = KpiFactory()
    baseline = BaselineFactory(kpi=kpi, declared=True, approved=True)
    EffectFactory(kpi=kpi, baseline=baseline, counterfactual=Counterfactual("constant", 12.5).as_json())
    series = SeriesFactory(kpi=kpi)
    for day, mean in enumerate((10.0, 11.0, 15.0)):
        IntervalValueFactory(series=series, start=BEGIN + timedelta(days=day), mean=mean)
    return ValueDriverFactory(
        kpi=kpi,
        unit_factor=Decimal(1),
        unit_value=AssumptionFactory(low=Decimal(2), likely=Decimal(2), high=Decimal(2)),
        realisation=ShareFactory(low=Decimal(1), likely=Decimal(1), high=Decimal(1)),
        attribution=ShareFactory(low=Decimal("0.5"), likely=Decimal("0.5"), high=Decimal("0.5")),
    )


def amounts() -> list[Decimal]:
    return [entry.amount for entry in LedgerEntry.objects.order_by("interval_start")]


def post(driver) -> frozenset[int]:
    return post_entries([driver.kpi_id], now=NOW)


def test_each_day_since_go_live_is_booked_losses_too(driver):
    assert post(driver) == {driver.initiative_id}
    # (12.5 − 10) · 100 · 2 · 0.5 = 250, then 150, then −250
    assert amounts() == [Decimal("250.00"), Decimal("150.00"), Decimal("-250.00")]


def test_where_more_is_better_the_sign_turns(driver):
    driver.kpi.direction = "increase"
    driver.kpi.save()
    post(driver)
    assert amounts() == [Decimal("-250.00"), Decimal("-150.00"), Decimal("250.00")]


def test_the_day_that_still_runs_is_not_booked(driver):
    post_entries([driver.kpi_id], now=BEGIN + timedelta(days=2, hours=9))
    assert len(amounts()) == 2


def test_a_second_posting_touches_no_row(driver):
    post(driver)
    before = list(LedgerEntry.objects.order_by("pk").values())
    assert post(driver) == frozenset()
    assert list(LedgerEntry.objects.order_by("pk").values()) == before


def test_an_interval_that_lost_its_data_loses_its_entry(driver):
    post(driver)
    IntervalValue.objects.filter(start=BEGIN).delete()
    post(driver)
    assert amounts() == [Decimal("150.00"), Decimal("-250.00")]


def test_a_driver_counts_on_the_days_for_which_it_is_valid_both_ends_included(driver):
    driver.valid_from = driver.valid_to = date(2026, 3, 3)
    driver.save()
    post(driver)
    assert amounts() == [Decimal("150.00")]


def test_an_entry_keeps_what_it_was_computed_from(driver):
    post(driver)
    entry = LedgerEntry.objects.order_by("interval_start")[0]
    assert (entry.counterfactual, entry.actual, entry.volume) == (12.5, 10.0, 100.0)
    assert (entry.unit_factor, entry.unit_value, entry.attribution) == (1, 2, Decimal("0.5"))
    assert (entry.measurements, entry.method, entry.evidence_grade) == (10, "ar1", "C")
    assert entry.baseline_id == driver.kpi.effect.baseline_id
    assert entry.low < entry.amount < entry.high

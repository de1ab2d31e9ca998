from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kpis.definitions.models import KpiVersion
from kpis.ledger import periods
from kpis.ledger.models import Period
from tests.factories import (
    CostEntryFactory,
    InitiativeFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    PeriodFactory,
    ValueDriverFactory,
)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="UTC")


@pytest.mark.parametrize(
    ("key", "first", "last", "kind"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "month"),
        ("sample-2026-12", date(2026, 12, 1), date(2026, 12, 31), "month"),
        ("2026-07-to-2026-09", date(2026, 7, 1), date(2026, 9, 30), "quarter"),
    ],
)
def test_a_period_has_a_name_of_its_months(key, first, last, kind):
    found = periods.period_named(key)
    assert (found.first, found.last, found.kind, found.key, found.is_closed) == (first, last, kind, key, False)
    assert found.is_sample == key.startswith("sample")


@pytest.mark.parametrize(
    "key", ["", "2026", "2026-13", "2026-1", "26-01", "2026-02-to-2026-04", "2026-01-to-2026-02", "2026-01-01", "x"]
)
def test_what_is_no_month_and_no_fiscal_quarter_has_none(key):
    assert periods.period_named(key) is None


def test_quarters_follow_the_fiscal_year(house):
    house.fiscal_year_start = 2
    house.save()
    assert periods.period_named("2026-11-to-2027-01").last == date(2027, 1, 31)
    assert periods.period_named("2026-10-to-2026-12") is None


def test_the_first_period_is_the_one_of_the_first_booking_and_then_one_follows_the_other():
    assert periods.next_to_close(is_sample=False) is None
    LedgerEntryFactory(interval_start=datetime(2026, 3, 31, tzinfo=UTC))  # ends with March
    assert periods.next_to_close(is_sample=False).key == "2026-03"
    CostEntryFactory(on=date(2025, 12, 31), kind="planned")
    CostEntryFactory(on=date(2026, 2, 28))
    assert periods.next_to_close(is_sample=False).key == "2026-02"
    assert periods.next_to_close(is_sample=True) is None
    CostEntryFactory(on=date(2026, 5, 3), initiative=InitiativeFactory(is_sample=True))
    assert periods.next_to_close(is_sample=True).key == "sample-2026-05"

    PeriodFactory()

    assert periods.next_to_close(is_sample=False).key == "2026-04"
    now = datetime(2026, 6, 2, tzinfo=UTC)
    assert [month.key for month in periods.open_months(is_sample=False, now=now)] == ["2026-06", "2026-05", "2026-04"]


def test_a_period_begins_where_the_one_before_ended_though_the_zone_has_changed(house):
    PeriodFactory()
    house.zone = "America/New_York"
    house.save()
    april = periods.period_named("2026-04")
    assert april.starts_at == Period.objects.get().ends_at
    assert april.ends_at == datetime(2026, 5, 1, 4, tzinfo=UTC)


def test_what_was_closed_before_a_kpi_was_measured_otherwise_is_kept():
    driver = ValueDriverFactory()
    assert periods.kept_until(driver) is None
    closed = PeriodFactory()
    assert periods.kept_until(driver) is None
    measure = {"unit": "s", "direction": "decrease", "aggregation": "mean", "interval": "day", "zone": "UTC"}
    version = {"kpi": driver.kpi, "fiscal_year_start": 1, "actor": "system", **measure}
    KpiVersion.objects.create(version=1, valid_from=None, **version)
    assert periods.kept_until(driver) is None
    KpiVersion.objects.create(version=2, valid_from=closed.closed_at + timedelta(days=1), **version)
    assert periods.kept_until(driver) == closed.ends_at

"""Entries as columns: the same figures as their rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from kpis.ledger.columns import amount, by_kind, columns_from, columns_of
from kpis.ledger.models import LedgerEntry
from tests.factories import BaselineFactory, LedgerEntryFactory, ValueDriverFactory

LATE = datetime(2100, 1, 1, tzinfo=UTC)  # a factory's entries are a day apart, and many tests make some


def test_columns_hold_what_the_rows_say_in_the_order_of_their_intervals():
    driver, other = ValueDriverFactory(), ValueDriverFactory()
    baseline = BaselineFactory(kpi=driver.kpi)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for day, grade in ((2, "A"), (0, "D"), (1, "C")):
        LedgerEntryFactory(
            driver=driver,
            baseline=baseline,
            interval_start=start + timedelta(days=day),
            amount=Decimal("-12.34") * (day + 1),
            actual=10.0 + day / 3,
            evidence_grade=grade,
            provisional=day == 2,
        )
    LedgerEntryFactory(driver=other)

    found = columns_of([driver.pk, other.pk], until=LATE)

    rows = LedgerEntry.objects.filter(driver=driver).order_by("interval_start")
    assert np.array_equal(found[driver.pk], columns_from(rows))
    assert [kind.evidence_grade for kind in by_kind(found[driver.pk])] == ["D", "C", "A"]
    assert found[driver.pk]["cents"].tolist() == [-1234, -2468, -3702]
    assert found[driver.pk]["provisional"].tolist() == [False, False, True]
    assert found[other.pk].size == 1


def test_what_ends_later_is_not_among_them_and_who_booked_nothing_is_absent():
    driver = ValueDriverFactory()
    entry = LedgerEntryFactory(driver=driver)

    assert driver.pk in columns_of([driver.pk], until=entry.interval_end)
    assert columns_of([driver.pk], until=entry.interval_end - timedelta(microseconds=1)) == {}


def test_the_largest_amounts_are_added_to_the_cent():
    driver = ValueDriverFactory()
    baseline = BaselineFactory(kpi=driver.kpi)
    for _ in range(12):
        LedgerEntryFactory(driver=driver, baseline=baseline, amount=Decimal("9999999999999999.99"))

    assert amount(columns_of([driver.pk], until=LATE)[driver.pk]) == Decimal("119999999999999999.88")

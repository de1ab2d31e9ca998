"""What rests on an assumption, what it moves and where it breaks even: against sums done by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kpis.ledger.models import AssumptionVersion
from kpis.roi.break_even import NO_SHARE, NOTHING_BOOKED
from kpis.roi.register import register_of
from tests.db.roi.conftest import AS_OF
from tests.factories import (
    AssumptionFactory,
    CostEntryFactory,
    ExchangeRateFactory,
    InitiativeFactory,
    ShareFactory,
)

HOURS = Decimal(25) / 6  # (12.5 − 10) min · 100 · 1/60


@pytest.fixture
def sure():
    return ShareFactory(name="Sure", low=Decimal(1), likely=Decimal(1), high=Decimal(1))


@pytest.fixture
def hour():
    return AssumptionFactory(name="Hour", low=Decimal(40), likely=Decimal(50), high=Decimal(70))


def booked(book, driver, amount, **terms):
    given = {role: getattr(driver, role).likely for role in ("unit_value", "realisation", "attribution")}
    return book(driver, "2026-03-02", amount, **(given | terms))


def row_of(initiatives, name):
    return next(row for row in register_of(initiatives, as_of=AS_OF).rows if row.assumption.name == name)


def test_a_shared_price_stands_once_with_the_sum_the_swing_and_the_break_even_of_all_that_it_serves(
    initiative, driver, book, hour, sure
):
    other = InitiativeFactory(slug="other")
    for owner in (initiative, other):
        booked(book, driver(owner, unit_value=hour, realisation=sure, attribution=sure), "208.33")
        CostEntryFactory(initiative=owner, amount=Decimal(100))

    row = row_of([initiative, other], "Hour")

    assert (len(row.drivers), row.booked, row.kinds) == (2, Decimal("416.66"), ("price",))
    assert row.swing == round(2 * HOURS * 30, 2)
    # 2 · 25/6 h · x = 200.00
    assert row.break_even.value == pytest.approx(24, abs=1e-3)
    assert row_of([other], "Hour").booked == Decimal("208.33")


def test_an_assumption_in_two_roles_breaks_even_at_a_root_of_its_square(initiative, driver, book, hour):
    part = ShareFactory(name="Part", low=Decimal("0.5"), likely=Decimal("0.8"), high=Decimal("0.9"))
    booked(book, driver(initiative, unit_value=hour, realisation=part, attribution=part), "133.33")
    CostEntryFactory(initiative=initiative, amount=Decimal(100))
    row = row_of([initiative], "Part")
    # 25/6 h · 50 € · x² = 100.00
    assert row.break_even.value == pytest.approx((Decimal(100) / (HOURS * 50)).sqrt().__float__(), abs=1e-4)
    assert row.kinds == ("realisation", "attribution")
    assert row.swing == round(HOURS * 50 * (Decimal("0.81") - Decimal("0.25")), 2)


def test_a_share_that_would_have_to_be_more_than_all_has_no_break_even(initiative, driver, book, hour, sure):
    part = ShareFactory(name="Part")
    booked(book, driver(initiative, unit_value=hour, realisation=part, attribution=sure), "145.83")
    CostEntryFactory(initiative=initiative, amount=Decimal(1000))
    found = row_of([initiative], "Part").break_even
    assert (found.value, found.reason) == (None, NO_SHARE)


def test_nothing_booked_is_no_zero(initiative, driver, hour, sure):
    driver(initiative, unit_value=hour, realisation=sure, attribution=sure)
    row = row_of([initiative], "Hour")
    assert (row.booked, row.low, row.break_even.reason) == (0, None, NOTHING_BOOKED)


def test_what_rests_in_another_currency_is_added_by_the_rate_of_its_day(initiative, driver, book, hour, sure):
    overseas = InitiativeFactory(slug="overseas", currency="USD")
    ExchangeRateFactory(on=date(2026, 3, 1))
    price = AssumptionFactory(name="Dollar hour", low=Decimal(40), likely=Decimal(50), high=Decimal(70))
    booked(book, driver(overseas, unit_value=price, realisation=sure, attribution=sure), "208.33")
    booked(book, driver(initiative, unit_value=hour, realisation=sure, attribution=sure), "208.33")
    register = register_of([initiative, overseas], as_of=AS_OF)
    found = {row.assumption.name: row for row in register.rows}
    assert (register.currency, found["Dollar hour"].booked, found["Dollar hour"].unit) == (
        "EUR",
        Decimal("166.66"),
        "USD",
    )


def test_dated_values_cost_two_queries_however_many_there_are(initiative, driver, book, sure):
    def dated(name):
        price = AssumptionFactory(name=name, valid_from=date(2026, 4, 1))
        for number, day in ((1, None), (2, date(2026, 4, 1))):
            version = AssumptionVersion.standing(price)
            version.version, version.valid_from = number, day
            version.save()
        booked(book, driver(initiative, unit_value=price, realisation=sure, attribution=sure), "216.67")

    def queries():
        with CaptureQueriesContext(connection) as seen:
            register_of([initiative], as_of=AS_OF)
        return len(seen)

    before = AssumptionFactory(name="Plain")
    booked(book, driver(initiative, unit_value=before, realisation=sure, attribution=sure), "216.67")
    plain = queries()
    dated("First")
    one = queries()
    for name in ("Second", "Third", "Fourth"):
        dated(name)
    assert (one - plain, queries() - one) == (2, 0)

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from tests.db.roi.test_statement import AS_OF, cost
from tests.factories import ExchangeRateFactory, InitiativeFactory, TraceFactory


@pytest.fixture
def in_dollars(driver, book):
    """300.00 $ in March and 200.00 $ in April; 100.00 $ spent in March."""
    initiative = InitiativeFactory(currency="USD")
    saved = driver(initiative)
    book(saved, "2026-03-02", "300.00", evidence_grade="A")
    book(saved, "2026-04-02", "200.00", evidence_grade="A")
    cost(initiative, "100.00")
    return initiative


def test_an_initiative_in_another_currency_is_added_by_the_rate_of_each_day(in_dollars, driver, book):
    other = InitiativeFactory()
    book(driver(other), "2026-03-02", "10.00", evidence_grade="B")
    ExchangeRateFactory(on=date(2026, 3, 1), rate=Decimal("0.8"))
    ExchangeRateFactory(on=date(2026, 4, 1), rate=Decimal("0.5"))

    found = portfolio_statement([in_dollars, other], as_of=AS_OF)

    assert found.totals.benefits.total == Decimal("350.00")  # 300 · 0.8 + 200 · 0.5 + 10
    assert found.totals.invested == Decimal("80.00")
    assert found.totals.evidence["A"] == Decimal("340.00")
    assert found.totals.currency == "EUR"
    assert not [key for key in found.totals.reasons if key.startswith("totals.")]
    assert found.rows[0].benefits.total == Decimal("500.00")
    assert found.rows[0].currency == "USD"


def test_where_one_day_has_no_rate_nothing_of_the_initiative_is_added(in_dollars):
    ExchangeRateFactory(on=date(2026, 4, 1), rate=Decimal("0.5"))

    found = portfolio_statement([in_dollars], as_of=AS_OF)

    assert (found.totals.benefits.total, found.totals.invested) == (0, 0)
    assert "no exchange rate holds on 2026-03-03" in found.totals.reasons[f"totals.{in_dollars.slug}"]


def test_the_range_is_converted_with_the_amounts(in_dollars):
    for day in (date(2026, 3, 1), date(2026, 4, 1)):
        ExchangeRateFactory(on=day, rate=Decimal("0.5"))

    own = roi_statement(in_dollars, as_of=AS_OF)
    added = portfolio_statement([in_dollars], as_of=AS_OF).totals

    assert own.range is not None and added.range is not None
    assert float(added.range.net_low) == pytest.approx(float(own.range.net_low) / 2, abs=0.02)
    assert float(added.range.net_high) == pytest.approx(float(own.range.net_high) / 2, abs=0.02)
    assert added.roi.value == pytest.approx(own.roi.value)


def test_no_stored_entry_is_touched(in_dollars):
    ExchangeRateFactory(on=date(2026, 3, 1), rate=Decimal("0.5"))
    ExchangeRateFactory(on=date(2026, 4, 1), rate=Decimal("0.5"))
    portfolio_statement([in_dollars], as_of=AS_OF)
    entries = in_dollars.entries.order_by("interval_start")
    assert [(entry.amount, entry.currency) for entry in entries] == [
        (Decimal("300.00"), entries[0].currency), (Decimal("200.00"), entries[0].currency)
    ]  # fmt: skip


def test_what_was_traced_stays_the_part_of_the_saving_that_it_is(in_dollars):
    """Of 300.00 $ at 0.80 all were traced by the end of a quarter, when a dollar is 0.50: it is 240.00, not 150.00."""
    from kpis.ledger.models import LedgerEntry, ValueDriver

    saved = ValueDriver.objects.get()
    LedgerEntry.objects.update(is_freed_time=True)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    given = {"booked": Decimal(300), "amount": Decimal(300), "actual": 105.0}
    TraceFactory(driver=saved, interval_start=start, interval_end=end, **given)
    ExchangeRateFactory(on=date(2026, 3, 1), rate=Decimal("0.8"))
    ExchangeRateFactory(on=date(2026, 4, 1), rate=Decimal("0.5"))

    found = portfolio_statement([in_dollars], as_of=AS_OF)

    assert (found.rows[0].benefits.captured, found.rows[0].benefits.freed) == (Decimal(300), Decimal(200))
    assert (found.totals.benefits.captured, found.totals.benefits.freed) == (Decimal("240.00"), Decimal("100.00"))

"""What a period comes to is the same however it is added up: interval, initiative, month, portfolio."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kpis.definitions.models import Initiative
from kpis.ledger import account, periods
from kpis.roi.portfolio import portfolio_statement
from tests.db.ledger.conftest import APRIL, IN_APRIL, IN_MAY, MARCH, open_books
from tests.factories import CostEntryFactory, InitiativeFactory


@pytest.fixture
def two(books, arrive, stand_at):
    """Two initiatives with figures of their own, one late point for each after March was closed."""
    other = open_books(arrive, stand_at, "review")
    for each, minutes in ((books, 16), (other, 13.37)):
        for day in range(30, 62):
            each.measure(day, minutes)
    books.close(MARCH, at=IN_APRIL)
    for each in (books, other):
        each.measure(31, 11.11, event="late")
    books.bring_up_to_date(at=IN_MAY)
    return books, other


def test_no_cent_is_lost_from_the_interval_to_the_portfolio(two):
    initiatives = list(Initiative.objects.all())
    totals = portfolio_statement(initiatives, as_of=IN_MAY).totals
    months = [periods.period_named(key) for key in (MARCH, APRIL, "2026-05")]
    sums = [account.totals_of(account.accounts_of(month, initiatives)) for month in months]

    by_month = sum((total.net for found in sums for total in found), Decimal(0))
    assert by_month == totals.net == sum(two[0].amounts()) - Decimal(200)
    assert len(two[0].rows("adjustment")) == 2
    assert [total.adjustments for found in sums for total in found] == [0, 0, 2]


def test_a_closed_period_says_what_it_froze_and_beside_it_what_came_since(two):
    march = periods.period_named(MARCH)
    found = account.with_corrections(march, list(Initiative.objects.order_by("slug")))
    assert [a.initiative.slug for a, _ in found] == ["review", "support"]
    for a, since in found:
        assert a.benefit == sum(e.amount for e in two[0].rows("closed") if e.initiative == a.initiative)
        rows = [e.amount for e in two[0].rows("adjustment") if e.initiative == a.initiative]
        assert (since.adjustments, since.amount) == (len(rows), sum(rows))


def test_currencies_are_not_added(two):
    franc = InitiativeFactory(slug="franc", currency="CHF")
    CostEntryFactory(initiative=franc, on="2026-05-02", amount=Decimal(7))
    may = account.totals_of(account.accounts_of(periods.period_named("2026-05"), list(Initiative.objects.all())))
    assert [(total.currency, total.cost) for total in may] == [("CHF", Decimal(7)), ("EUR", Decimal(0))]

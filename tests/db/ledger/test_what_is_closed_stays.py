"""By no way to the tables is something changed that is closed: past the verbs the database refuses it by name."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kpis.ledger.models import CostEntry, LedgerEntry, Period
from tests.db.ledger.conftest import IN_APRIL, MARCH, open_books
from tests.factories import CostEntryFactory, LedgerEntryFactory, PeriodFactory

SQL = {
    "an amount": "update kpis_ledgerentry set amount = amount + 0.01 where status = 'closed'",
    "back to open": "update kpis_ledgerentry set status = 'open' where status = 'closed'",
    "gone": "delete from kpis_ledgerentry where status = 'closed'",
    "an adjustment": "update kpis_ledgerentry set amount = 0 where status = 'adjustment'",
    "an adjustment's cause": "update kpis_ledgerentry set causes = '{driver}' where status = 'adjustment'",
    "an adjustment gone": "delete from kpis_ledgerentry where status = 'adjustment'",
}


@pytest.fixture
def closed(books):
    """March closed, one adjustment in April."""
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    books.measure(31, 12)
    books.bring_up_to_date(at=IN_APRIL + timedelta(days=1))
    return books


def refused(rule: str, change) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        change()
    assert error.value.__cause__.diag.constraint_name == rule


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("what", SQL)
def test_a_booked_row_stays(closed, what):
    refused("booked_entry_is_frozen", lambda: run(SQL[what]))


def test_an_open_entry_may_follow_its_data(closed):
    assert LedgerEntry.objects.filter(status="open").update(amount=Decimal(1)) == 1


def test_no_entry_slips_into_a_closed_period(closed):
    entry = closed.rows("closed")[0]
    span = {"interval_start": entry.interval_start - timedelta(days=1), "interval_end": entry.interval_start}
    given = {"driver": closed.driver, "baseline": entry.baseline} | span
    refused("closed_period_takes_adjustments_only", lambda: LedgerEntryFactory(**given))
    refused("entry_is_closed_with_its_period", lambda: LedgerEntryFactory(status="closed", **given))


def test_an_open_entry_is_not_closed_by_hand_and_none_is_closed_and_changed_at_once(closed):
    rows = LedgerEntry.objects.filter(status="open")
    refused("entry_is_closed_with_its_period", lambda: rows.update(status="closed"))
    Period.objects.create(
        kind="month",
        first=date(2026, 4, 1),
        last=date(2026, 4, 30),
        starts_at=Period.objects.get().ends_at,
        ends_at=Period.objects.get().ends_at + timedelta(days=30),
        closed_at=IN_APRIL + timedelta(days=40),
    )
    refused("entry_is_closed_with_its_period", lambda: rows.update(status="closed", amount=Decimal(1)))


def test_an_adjustment_is_of_a_closed_interval_and_booked_after_it(closed):
    row, open_row = closed.rows("adjustment")[0], closed.rows("open")[0]
    given = {"driver": closed.driver, "baseline": row.baseline, "status": "adjustment", "causes": ["late_data"]}

    def at(entry, when):
        span = {"interval_start": entry.interval_start, "interval_end": entry.interval_end}
        return lambda: LedgerEntryFactory(**given, **span, computed_at=when)

    refused("adjustment_is_of_a_closed_period", at(open_row, IN_APRIL))
    refused("adjustment_is_of_a_closed_period", at(row, row.interval_end - timedelta(hours=1)))
    refused(
        "adjustments_alone_have_causes", lambda: LedgerEntry.objects.filter(status="open").update(causes=["driver"])
    )


def test_a_period_stays_closed_and_the_next_one_follows_it(closed):
    refused("closed_period_is_frozen", lambda: run("delete from kpis_period"))
    refused("closed_period_is_frozen", lambda: run("update kpis_period set account = '{}'"))
    refused("periods_follow_each_other", lambda: PeriodFactory(first=date(2026, 5, 1), last=date(2026, 5, 31)))
    refused("periods_follow_each_other", lambda: PeriodFactory(first=date(2026, 2, 1), last=date(2026, 2, 28)))


def test_who_closed_it_may_leave(closed):
    closed.controller.delete()
    assert Period.objects.get().closed_by is None


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal(1)},
        {"on": date(2026, 4, 5)},
        {"name": "Other"},
        {"kind": "planned"},
        {"cost_category": "other"},
    ],
)
def test_a_cost_of_a_closed_period_stays(closed, change):
    refused("cost_of_closed_period_is_frozen", lambda: CostEntry.objects.update(**change))


def test_a_cost_of_a_closed_period_is_neither_removed_nor_put_in(closed):
    refused("cost_of_closed_period_is_frozen", lambda: run("delete from kpis_costentry"))
    given = {"initiative": closed.initiative}
    refused("cost_of_closed_period_is_frozen", lambda: CostEntryFactory(on=date(2026, 3, 31), **given))
    refused("cost_of_closed_period_is_frozen", lambda: CostEntryFactory(on=date(2025, 1, 1), **given))
    planned = CostEntryFactory(on=date(2026, 3, 31), kind="planned", **given)
    refused("cost_of_closed_period_is_frozen", lambda: CostEntry.objects.filter(pk=planned.pk).update(kind="actual"))
    assert CostEntryFactory(on=date(2026, 4, 1), **given).pk


def test_an_initiative_with_closed_entries_does_not_become_a_sample(closed):
    refused("initiative_keeps_its_books", lambda: run("update kpis_initiative set is_sample = true"))


def test_the_sample_s_rows_may_go_and_its_periods_with_the_last_of_them(arrive, stand_at):
    sample = open_books(arrive, stand_at, "made-up", is_sample=True)
    for day in (30, 31, 32):
        sample.measure(day, 16)
    sample.close("sample-2026-03", at=IN_APRIL)
    refused("closed_period_is_frozen", lambda: run("delete from kpis_period"))

    run("delete from kpis_ledgerentry")
    run("delete from kpis_costentry")

    assert not LedgerEntry.objects.exists()

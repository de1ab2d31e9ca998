"""A bill becomes costs, each line once, and its sum is the sum of the costs to the cent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.ledger import spending
from kpis.ledger.bills import focus, taking
from kpis.ledger.bills.lines import BillUnreadable
from kpis.ledger.models import CostEntry
from tests.db.ledger.conftest import IN_APRIL, MARCH
from tests.factories import InitiativeFactory, OrganisationFactory

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
TABLE = """reference,name,amount,on,cost_category,settlement
4711/1,Licences,1250.00,2026-03-02,licence,invoiced
4711/2,"Training, two days",-30.50,2026-03-31,training,reconciled
"""
HEAD = (
    "BilledCost,BillingCurrency,BillingPeriodEnd,ChargeClass,ChargePeriodStart,InvoiceId,InvoiceIssuerName,ServiceName"
)
FOCUS = f"""{HEAD}
1.004,USD,2026-04-01T00:00:00Z,,2026-03-01T00:00:00Z,INV-1,Cloud,Inference
2.004,USD,2026-04-01T00:00:00Z,,2026-03-02T00:00:00Z,INV-1,Cloud,Inference
0.004,USD,2026-04-01T00:00:00Z,,2026-03-02T00:00:00Z,INV-1,Cloud,Storage
-0.50,USD,2026-04-01T00:00:00Z,Correction,2026-02-10T00:00:00Z,INV-1,Cloud,Inference
7.25,USD,2026-06-01T00:00:00Z,,2026-05-03T00:00:00Z,,Cloud,Inference
"""


@pytest.fixture
def initiative():
    OrganisationFactory(zone="UTC", reporting_currency="EUR")
    return InitiativeFactory(slug="support", currency="EUR")


def take(text: str, initiative, **more):
    return taking.take_in(text.encode(), initiative, by=None, at=AT, **more)


def costs():
    return [(c.name, c.amount, c.currency, c.on, c.settlement) for c in CostEntry.objects.order_by("on", "name")]


def troubles(text: str, initiative) -> list[tuple[int, str]]:
    with pytest.raises(BillUnreadable) as error:
        take(text, initiative)
    assert not CostEntry.objects.exists()
    return [(trouble.row, trouble.code) for trouble in error.value.troubles]


def test_each_row_of_a_table_is_a_cost_in_the_initiative_s_currency(initiative):
    taken = take(TABLE, initiative)
    assert (taken.created, taken.totals) == (2, {"EUR": Decimal("1219.50")})
    assert costs() == [
        ("Licences", Decimal("1250.00"), "EUR", date(2026, 3, 2), "invoiced"),
        ("Training, two days", Decimal("-30.50"), "EUR", date(2026, 3, 31), "reconciled"),
    ]


def test_the_same_file_twice_changes_nothing_and_another_amount_changes_its_cost(initiative):
    take(TABLE, initiative)
    again = take(TABLE, initiative)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 2)
    changed = take(TABLE.replace("1250.00", "1300.00"), initiative)
    assert (changed.changed, changed.unchanged) == (1, 1)
    assert costs()[0][1] == Decimal("1300.00")


def test_a_dry_run_says_it_all_and_stores_nothing(initiative):
    taken = take(TABLE, initiative, dry_run=True)
    assert (taken.created, taken.totals) == (2, {"EUR": Decimal("1219.50")})
    assert not CostEntry.objects.exists()


def test_a_focus_bill_is_one_cost_a_service_and_invoice_and_corrections_stand_apart(initiative):
    taken = take(FOCUS, initiative)
    # 1.004 + 2.004 + 0.004 - 0.50 = 2.512: the invoice says 2.51, so the cent that rounding left over is not lost.
    assert taken.totals == {"USD": Decimal("9.76")}
    assert costs() == [
        ("Inference", Decimal("3.01"), "USD", date(2026, 3, 31), "invoiced"),
        ("Inference (correction)", Decimal("-0.50"), "USD", date(2026, 3, 31), "invoiced"),
        ("Inference", Decimal("7.25"), "USD", date(2026, 5, 3), "estimated"),
    ]


def test_what_grows_while_its_month_runs_is_one_cost_that_follows(initiative):
    take(FOCUS, initiative)
    more = FOCUS + "1.75,USD,2026-06-01T00:00:00Z,,2026-05-04T00:00:00Z,,Cloud,Inference\n"
    taken = take(more, initiative)
    assert (taken.created, taken.changed, taken.unchanged) == (0, 1, 2)
    assert costs()[-1] == ("Inference", Decimal("9.00"), "USD", date(2026, 5, 4), "estimated")


def test_what_somebody_has_reconciled_stays_reconciled(initiative):
    take(FOCUS, initiative)
    cost = CostEntry.objects.get(name="Inference", settlement="invoiced")
    spending.change_cost(cost, {"settlement": "reconciled"}, by=None, at=AT)
    assert take(FOCUS, initiative).unchanged == 3
    cost.refresh_from_db()
    assert cost.settlement == "reconciled"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "missing_column")]),
        ("name,amount,on\n", [(1, "missing_column")]),
        (TABLE + "a,b\n", [(4, "invalid_row")]),
        (TABLE + "a,b,1,2026-03-01,licence,invoiced,x\n", [(4, "invalid_row")]),
        (TABLE + "4711/1,Again,1.00,2026-03-02,licence,invoiced\n", [(4, "doubled_reference")]),
        (TABLE + ',x,1.00,2026-03-02,licence,invoiced\n"', [(1, "invalid_csv")]),
        (TABLE + ",x,1.00,2026-03-02,licence,invoiced\n", [(4, "invalid_cell")]),
        (TABLE + "r,x,1.00,2026-02-30,licence,invoiced\n", [(4, "invalid_day")]),
        (TABLE + "r,x,1.00,2026-03-02,magic,invoiced\n", [(4, "invalid_choice")]),
        *[
            (TABLE + f"r,x,{amount},2026-03-02,licence,invoiced\n", [(4, "invalid_amount")])
            for amount in ("", "1.005", "NaN", "1e400", "1_000", "١", "much", "9" * 16)
        ],
        (FOCUS.replace("USD", "dollars"), [(n, "invalid_currency") for n in range(2, 7)]),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_named_and_nothing_is_stored(initiative, text, expected):
    assert troubles(text, initiative) == expected


def test_bytes_that_are_no_text_are_refused(initiative):
    with pytest.raises(BillUnreadable) as error:
        taking.take_in(TABLE.encode("utf-16"), initiative, by=None, at=AT)
    assert error.value.troubles[0].code == "invalid_text"


def test_a_bill_of_a_closed_month_names_the_rows_and_takes_none_of_its_lines(books):
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    before = CostEntry.objects.count()
    text = TABLE + "4712/1,April,5.00,2026-04-02,licence,invoiced\n"
    with pytest.raises(BillUnreadable) as error:
        taking.take_in(text.encode(), books.initiative, by=None, at=IN_APRIL)
    assert [(trouble.row, trouble.code) for trouble in error.value.troubles] == [
        (2, "period_closed"),
        (3, "period_closed"),
    ]
    assert CostEntry.objects.count() == before


charges = st.lists(
    st.tuples(
        st.decimals(min_value="-1000", max_value="1000", places=6),
        st.sampled_from(["Inference", "Storage", "Traffic"]),
        st.sampled_from(["", "Correction"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(charges)
def test_the_costs_of_an_invoice_add_up_to_what_it_says_to_the_cent(rows):
    lines = [
        f"{amount},EUR,2026-04-01T00:00:00Z,{kind},2026-03-02T00:00:00Z,INV-1,Cloud,{service}"
        for amount, service, kind in rows
    ]
    found = focus.lines_from("\n".join([HEAD, *lines]).encode(), today=date(2026, 5, 1))
    exact = sum(amount for amount, _, _ in rows)
    assert sum(line.amount for line in found) == exact.quantize(Decimal("0.01"))

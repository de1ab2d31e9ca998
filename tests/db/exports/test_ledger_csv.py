from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from kpis.exports.ledger_csv import ledger_file
from kpis.ledger.reading import entries_of_initiative
from tests.factories import InitiativeFactory, KpiFactory, LedgerEntryFactory, UserFactory, ValueDriverFactory

NOON = datetime(2026, 4, 1, 10, tzinfo=UTC)


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", name="Support")


def booked(initiative, driver="Minutes saved", **entry):
    return LedgerEntryFactory(driver=ValueDriverFactory(kpi=KpiFactory(initiative=initiative), name=driver), **entry)


def file_of(initiative, by="dana"):
    return ledger_file(initiative, entries_of_initiative(initiative), zone="Europe/Berlin", by=by, as_of=NOON)


def rows_of(initiative, delimiter=",", **more):
    text = file_of(initiative, **more).content.decode("utf-8-sig")
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def table_of(initiative, **more):
    rows = rows_of(initiative, **more)
    head = rows.index([]) + 1
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def test_it_says_whose_ledger_it_is_as_of_when_and_for_whom_it_was_made(initiative):
    booked(initiative)
    file = file_of(initiative)

    assert file.name == "ledger-support-2026-04-01.csv"
    assert file.content.startswith(b"\xef\xbb\xbf")
    assert rows_of(initiative)[:4] == [
        ["Ledger", "Support"],
        ["As of", "2026-04-01T12:00:00+02:00"],
        ["Made for", "dana"],
        [],
    ]


def test_made_up_data_say_so_in_the_file(initiative):
    initiative.is_sample = True

    assert rows_of(initiative)[3][0] == "sample data"


def test_each_amount_can_be_computed_again_from_its_own_row(initiative):
    booked(initiative)

    (row,) = table_of(initiative)

    exact = (Decimal(row["Without AI"]) - Decimal(row["Actual"])) * Decimal(row["Volume"])
    for name in ("Unit factor", "Unit value", "Realisation", "Attribution"):
        exact *= Decimal(row[name])
    assert round(exact, 2) == Decimal(row["Amount"]) == Decimal("106.17")


@pytest.mark.parametrize("name", ["=1+2", "+1", "-1", "@sum", "\tx", "  =1", "＝1"])
def test_no_text_is_taken_for_a_formula(initiative, name):
    booked(initiative, driver=name)

    assert table_of(initiative)[0]["Value driver"] == f"'{name}"


def test_a_negative_amount_stays_a_number(initiative):
    booked(initiative, amount=Decimal("-12.50"), low=None)

    (row,) = table_of(initiative)

    assert row["Amount"] == "-12.50"
    assert row["Low (80 %)"] == ""


def test_a_german_reader_has_decimal_commas_between_semicolons(initiative):
    booked(initiative, amount=Decimal("-1234.50"))

    with translation.override("de"):
        (row,) = table_of(initiative, delimiter=";")

    assert row["Betrag"] == "-1234,50"
    assert row["Ohne KI"] == "12,5"


def test_the_page_offers_the_file_and_who_may_not_see_the_initiative_finds_none(initiative):
    booked(initiative)
    reader, stranger = Client(), Client()
    reader.force_login(UserFactory())
    stranger.force_login(UserFactory(initiatives=[InitiativeFactory()]))
    address = "/initiatives/support/ledger.csv"

    assert address in reader.get("/initiatives/support/ledger/").content.decode()
    answer = reader.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"].startswith('attachment; filename="ledger-support-')
    assert "no-store" in answer["Cache-Control"]
    assert stranger.get(address).status_code == 404
    assert Client().get(address).status_code == 302

"""`initiatives/{slug}/proof/` over HTTP: who gets it, of what, and that it holds in the hardest cases."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis.access.models import AuditEvent
from kpis.ledger.models import LedgerEntry
from kpis.rollups import states
from tests.db.ledger.conftest import IN_APRIL, arrive, books, march, stand_at
from tests.factories import (
    CostEntryFactory,
    EffectFactory,
    ExchangeRateFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    ValueDriverFactory,
)

__all__ = ["arrive", "books", "march", "stand_at"]

ADDRESS = "/api/v1/initiatives/support/proof/"


@pytest.fixture
def reader(client_with):
    return client_with("read")


def checked(answer, folder) -> tuple[int, str]:
    """What the script says of the file that was answered."""
    assert answer.status_code == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        archive.extractall(folder)
    (script,) = folder.rglob("recompute.py")
    ran = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, cwd=folder)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def test_it_comes_as_a_zip_whose_digest_is_told_and_kept_in_the_trail(reader, march, tmp_path):
    answer = reader.get(ADDRESS, HTTP_ACCEPT="application/zip")

    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="proof-support-2026-04-03.zip"'
    assert "no-store" in answer["Cache-Control"]
    code, said = checked(answer, tmp_path)
    assert code == 0, said
    assert "invested 100.00, benefit 180.00, net 80.00, ROI 80.0%" in said
    assert answer["Proof-Digest"] in said
    event = AuditEvent.objects.get(what="proof.made")
    assert (event.subject, event.details["manifest"]) == ("initiative:support", answer["Proof-Digest"])


def test_of_a_closed_month_it_holds_what_was_booked_by_its_end_and_what_it_came_to(reader, march, tmp_path):
    CostEntryFactory(initiative=march.initiative, amount=Decimal("7.00"), on=date(2026, 4, 1))
    march.close("2026-03", at=IN_APRIL)

    code, said = checked(reader.get(f"{ADDRESS}?period=2026-03"), tmp_path)

    assert code == 0, said
    assert "invested 100.00, benefit 120.00, net 20.00" in said  # what is paid on the 1st of April is April's
    assert "2026-03: benefit 120.00, adjusted 0.00, cost 100.00" in said


def test_a_late_correction_is_an_adjustment_that_comes_out_too(reader, march, tmp_path):
    march.close("2026-03", at=IN_APRIL)
    march.measure(31, 8, event="late")  # (16 + 8) / 2 = 12 minutes, 8 less at 15.00: 120.00 instead of 60.00
    march.bring_up_to_date(at=datetime(2026, 4, 10, 9, tzinfo=UTC))

    code, said = checked(reader.get(ADDRESS), tmp_path)

    assert code == 0, said
    assert "4 entries come to their amounts, 1 adjustments among them" in said


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("period=2026-04", 409, "period_not_over"),
        ("period=2026-13", 404, "not_found"),
        ("period=sample-2026-03", 404, "not_found"),
        ("period=%00", 404, "not_found"),
        ("month=2026-03", 400, "unknown_parameter"),
    ],
)
def test_what_there_is_no_file_of_is_said(reader, march, query, status, code):
    answer = reader.get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert not AuditEvent.objects.filter(what="proof.made").exists()


def test_what_is_not_in_sight_does_not_exist(client_with, march):
    assert client_with("read", initiatives=[InitiativeFactory()]).get(ADDRESS).status_code == 404
    assert client_with("ingest").get(ADDRESS).status_code == 403


def test_an_initiative_without_anything_has_a_file_that_says_so(reader, tmp_path):
    OrganisationFactory()
    InitiativeFactory(slug="support")
    code, said = checked(reader.get(ADDRESS), tmp_path)
    assert code == 0, said
    assert "0 entries" in said
    assert "nothing has flowed yet" in said


def test_without_costs_there_is_no_roi_and_a_payment_without_a_rate_is_left_out(reader, march, tmp_path):
    march.initiative.costs.all().delete()
    CostEntryFactory(initiative=march.initiative, amount=Decimal("5.00"), currency="CHF", on=date(2026, 3, 2))
    code, said = checked(reader.get(ADDRESS), tmp_path)
    assert code == 0, said
    assert "no ROI, since nothing was invested" in said
    assert "1 are left out" in said


def test_payments_in_two_currencies_are_recomputed_by_their_rates(reader, march, tmp_path):
    ExchangeRateFactory(currency="USD", into="EUR", rate=Decimal("0.9"), on=date(2026, 3, 1))
    ExchangeRateFactory(currency="EUR", into="GBP", rate=Decimal("0.8"), on=date(2026, 3, 1))
    CostEntryFactory(initiative=march.initiative, amount=Decimal("10.00"), currency="USD", on=date(2026, 3, 2))
    CostEntryFactory(initiative=march.initiative, amount=Decimal("0.01"), currency="GBP", on=date(2026, 3, 2))
    code, said = checked(reader.get(ADDRESS), tmp_path)
    assert code == 0, said
    assert "3 payments, 2 by an exchange rate" in said
    assert "invested 109.01" in said  # 100 + 10 · 0.9 + 0.01 / 0.8 = 0.0125, rounded to 0.01


HOSTILE = [
    "=1+1",
    "<script>alert(1)</script>",
    "تحليل العائد",
    'a "quoted"\r\nline; with, marks',
    "\u202egnp.exe",
    "@SUM(A1)",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_every_kind_go_through_and_no_spreadsheet_runs_them(reader, march, tmp_path, name):
    driver = march.driver
    march.initiative.name, driver.name, driver.owner = name[:120], name[:120], name[:120]
    march.initiative.save()
    driver.save()

    code, said = checked(reader.get(ADDRESS), tmp_path)

    assert code == 0, said
    (table,) = tmp_path.rglob("entries.csv")
    text = table.read_bytes().decode("utf-8-sig")
    assert not any(f",{sign}" in text for sign in "=@")


def test_ten_thousand_entries_are_one_file_too(reader, tmp_path):
    OrganisationFactory(zone="UTC")
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), interval="hour")
    driver, effect = ValueDriverFactory(kpi=kpi), EffectFactory(kpi=kpi)
    first, hour = datetime(2025, 1, 1, tzinfo=UTC), timedelta(hours=1)
    like = LedgerEntryFactory.build(driver=driver, kpi=kpi, baseline=effect.baseline, initiative=kpi.initiative)
    given = {f.attname: getattr(like, f.attname) for f in LedgerEntry._meta.concrete_fields if not f.primary_key}
    spans = [{"interval_start": first + n * hour, "interval_end": first + (n + 1) * hour} for n in range(10_000)]
    LedgerEntry.objects.bulk_create(LedgerEntry(**(given | span)) for span in spans)
    states.mark_dirty([kpi.pk])  # there are no measurements: interval values are not behind these entries

    code, said = checked(reader.get(ADDRESS), tmp_path)

    assert code == 0, said
    assert "10000 entries come to their amounts" in said
    assert "benefit 1061700.00" in said  # 10,000 times 106.17

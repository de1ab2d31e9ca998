"""What is said over HTTP and on pages about measurements that are not kept any more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kpis.measurements.models import Retention
from tests.factories import (
    AdministratorFactory,
    InitiativeFactory,
    IntervalValueFactory,
    KpiFactory,
    LedgerEntryFactory,
    MeasurementFactory,
    OrganisationFactory,
    SeriesFactory,
)

FROM = datetime(2026, 2, 1, tzinfo=UTC)
KPI = "/api/v1/kpis/support.time/"


@pytest.fixture
def kpi():
    OrganisationFactory(zone="UTC")
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


@pytest.fixture
def gone(kpi):
    Retention.objects.create(kpi=kpi, rows_from=FROM, since=FROM, gone_until=FROM, removed=1200, to_remove=5000)


def test_how_long_rows_are_kept_is_part_of_the_kpi(api, kpi):
    assert api.get(KPI).json()["rows_kept_for"] is None
    assert api.patch(KPI, {"rows_kept_for": 400}, format="json").json()["rows_kept_for"] == 400
    assert api.patch(KPI, {"rows_kept_for": None}, format="json").json()["rows_kept_for"] is None
    for wrong in (0, 30, -1, 36_601, 1.5, "for ever"):
        assert api.patch(KPI, {"rows_kept_for": wrong}, format="json").status_code == 400
    assert api.patch(KPI, {"rows_from": "2020-01-01T00:00:00Z"}, format="json").json()["rows_from"] is None


def test_the_kpi_and_its_list_of_rows_say_since_when_there_are_rows_and_how_far_the_removal_is(api, kpi, gone):
    MeasurementFactory(series=SeriesFactory(kpi=kpi), at=datetime(2026, 3, 1, tzinfo=UTC))
    assert api.get(KPI).json()["rows_from"] == "2026-02-01T00:00:00+00:00"
    answer, day = api.get(KPI + "measurements/").json(), "1 Feb 2026".replace(" ", "\N{NO-BREAK SPACE}")
    assert answer["rows_gone"] == {
        "before": "2026-02-01T00:00:00Z",
        "detail": f"Measurements before {day} are not kept any more. What was computed from them stays.",
        "removed": 1200,
        "to_remove": 5000,
    }
    assert len(answer["results"]) == 1
    assert api.get(KPI + "measurements/?from=2026-02-01").json()["rows_gone"] is None


def test_interval_values_stay_and_say_that_their_rows_are_gone(api, kpi, gone):
    series = SeriesFactory(kpi=kpi)
    for month, day in ((1, 31), (2, 1)):
        IntervalValueFactory(series=series, start=datetime(2026, month, day, tzinfo=UTC))
    results = api.get(KPI + "intervals/").json()["results"]
    assert [(one["start"][:10], one["rows_gone"]) for one in results] == [("2026-01-31", True), ("2026-02-01", False)]


def test_ledger_entries_stay_and_say_that_their_rows_are_gone(api, kpi, gone):
    standing = LedgerEntryFactory(driver__kpi=kpi, interval_start=datetime(2026, 1, 15, tzinfo=UTC))
    same = {"driver": standing.driver, "baseline": standing.baseline}
    LedgerEntryFactory(**same, interval_start=datetime(2026, 2, 15, tzinfo=UTC))
    results = api.get("/api/v1/initiatives/support/ledger/").json()["results"]
    assert [one["measurements"]["rows_gone"] for one in results] == [True, False]


def test_the_page_of_rows_says_so_in_the_readers_language(client, kpi, gone):
    client.force_login(AdministratorFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/kpis/support.time/rows/", headers={"Accept-Language": "en"}).content.decode()
    assert "are not kept any more" in page
    assert "1,200 of 5,000 are removed so far." in page.replace("\u202f", ",").replace("\u2009", ",")

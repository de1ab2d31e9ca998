"""What changes the meaning of a KPI's numbers opens a version, with who and why; open figures follow it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from kpis import verification
from kpis.access.models import AuditEvent
from kpis.definitions import changing, organisation
from kpis.definitions.versions import versions_of
from kpis.measurements.models import Retention
from kpis.rollups import rolling
from kpis.rollups.models import IntervalValue
from tests.db.api.conftest import administrator, api, client_with
from tests.db.rollups.conftest import arrive
from tests.factories import EngineerFactory, InitiativeFactory, KpiFactory, OrganisationFactory, SeriesFactory

__all__ = ["administrator", "api", "arrive", "client_with"]

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
MARCH = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # the 1st of April in Berlin, the 31st of March in London


@pytest.fixture
def kpi(arrive):
    OrganisationFactory(zone="Europe/Berlin", fiscal_year_start=1)
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time", interval="hour")
    arrive(SeriesFactory(kpi=kpi), [(MARCH + timedelta(hours=n), float(n)) for n in range(40)])
    rolling.roll_up_arrivals(at_most=10)
    return kpi


def told(kpi) -> list[tuple[object, ...]]:
    found = versions_of(kpi, organisation.current())
    return [(one.version, one.aggregation, one.zone, one.valid_from, one.actor, one.reason) for one in found]


def test_a_kpi_that_was_never_measured_otherwise_has_one_version_from_the_beginning(kpi):
    assert told(kpi) == [(1, "mean", "Europe/Berlin", None, "system", "")]
    changing.change_kpi(kpi, {"name": "Other"}, by=None, at=NOW)
    assert [one[1:4] for one in told(kpi)] == [("mean", "Europe/Berlin", None)]


@pytest.mark.parametrize(
    ("name", "value"), [("aggregation", "sum"), ("unit", "h"), ("interval", "day"), ("direction", "increase")]
)
def test_each_change_of_the_measure_opens_a_version_with_its_author_and_reason(kpi, name, value):
    engineer, was = EngineerFactory(), getattr(kpi, name)
    changing.change_kpi(kpi, {name: value, "description": "x"}, by=engineer, at=NOW, reason="As the board counts it.")
    new, old = versions_of(kpi, organisation.current())
    assert (getattr(old, name), old.valid_from) == (was, None)
    assert (getattr(new, name), new.valid_from, new.actor, new.reason, new.version) == (
        value,
        NOW,
        f"user:{engineer.pk}",
        "As the board counts it.",
        kpi.version,
    )


def test_over_the_api_a_change_gives_its_reason_and_the_versions_are_listed(api, kpi):
    url = "/api/v1/kpis/support.time/"
    body = {"aggregation": "sum", "change_reason": "Totals are what is billed."}
    changed = api.patch(url, body, format="json").json()
    assert (changed["aggregation"], "change_reason" in changed) == ("sum", False)
    new, old = api.get(url + "versions/").json()["results"]
    assert (new["aggregation"], new["reason"], new["version"]) == ("sum", "Totals are what is billed.", 2)
    assert (old["aggregation"], old["valid_from"], old["zone"]) == ("mean", None, "Europe/Berlin")
    assert api.patch(url, {"change_reason": "x" * 301}, format="json").status_code == 400
    assert api.get("/api/v1/kpis/support.none/versions/").status_code == 404


def days() -> set[tuple[str, str]]:
    rows = IntervalValue.objects.values_list("granularity", "start")
    return {(granularity, start.isoformat()[:16]) for granularity, start in rows if granularity != "hour"}


def test_another_zone_cuts_every_interval_anew_and_leaves_nothing_of_the_old_ones(kpi, capsys):
    assert ("day", "2026-03-31T22:00") in days()
    call_command("set_calendar", "--zone", "Europe/London", "--fiscal-year-start", "4", "--reason", "We moved.")

    assert ("month", "2026-03-01T00:00") in days()
    assert ("month", "2026-03-31T23:00") in days()
    assert ("quarter", "2025-12-31T23:00") not in days()
    assert verification.verify(now=NOW).differences == []
    new, old = [(one[0], one[2], one[5]) for one in told(kpi)]
    assert (new, old) == ((2, "Europe/London", "We moved."), (1, "Europe/Berlin", ""))
    assert AuditEvent.objects.get(what="organisation.calendar_changed").details["to"] == ["Europe/London", 4]
    assert "1 KPIs computed anew" in capsys.readouterr().out


def test_a_calendar_that_there_is_not_or_that_cannot_be_followed_changes_nothing(kpi):
    before = days()
    with pytest.raises(CommandError, match="no zone 'Europe/Atlantis'"):
        call_command("set_calendar", "--zone", "Europe/Atlantis", "--reason", "x")
    Retention.objects.create(kpi=kpi, rows_from=MARCH, since=NOW)
    with pytest.raises(CommandError, match="1 KPIs are gone"):
        call_command("set_calendar", "--zone", "Europe/London", "--reason", "x")
    assert (days(), told(kpi)) == (before, [(1, "mean", "Europe/Berlin", None, "system", "")])

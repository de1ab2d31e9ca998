from __future__ import annotations

from datetime import UTC, datetime

from kpis.access.models import AuditEvent
from kpis.definitions import organisation
from kpis.definitions.models import Organisation

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_first_question_writes_the_row_from_the_environments_defaults(settings):
    settings.DEFAULT_TIME_ZONE, settings.DEFAULT_FISCAL_YEAR_START = "America/New_York", 10
    settings.DEFAULT_REPORTING_CURRENCY = "USD"
    row = organisation.current()
    assert (row.zone, row.fiscal_year_start, row.reporting_currency) == ("America/New_York", 10, "USD")


def test_afterwards_the_row_counts_and_the_environment_does_not(settings):
    organisation.current()
    Organisation.objects.update(zone="Asia/Tokyo", fiscal_year_start=4)
    settings.DEFAULT_TIME_ZONE = "America/New_York"
    calendar = organisation.calendar()
    assert (calendar.zone, calendar.fiscal_year_start) == ("Asia/Tokyo", 4)


def test_renaming_the_house_is_recorded_once():
    organisation.rename("Musterwerk", by=None, at=NOON)
    organisation.rename("Musterwerk", by=None, at=NOON)
    assert organisation.current().name == "Musterwerk"
    assert AuditEvent.objects.count() == 1

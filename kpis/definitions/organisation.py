"""The one house that this portal serves: its zone, fiscal year and reporting currency."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.calculations.intervals import Calendar
from kpis.definitions.models import Organisation


def current() -> Organisation:
    """The organisation's row; written from the environment's defaults when it is asked for the first time."""
    organisation, _ = Organisation.objects.get_or_create(
        pk=1,
        defaults={
            "name": "",
            "zone": settings.DEFAULT_TIME_ZONE,
            "fiscal_year_start": settings.DEFAULT_FISCAL_YEAR_START,
            "reporting_currency": settings.DEFAULT_REPORTING_CURRENCY,
            "language": settings.LANGUAGE_CODE,
        },
    )
    return organisation


def calendar() -> Calendar:
    """How the organisation cuts time into intervals."""
    organisation = current()
    return Calendar(organisation.zone, organisation.fiscal_year_start)


@transaction.atomic
def rename(name: str, *, by: User | Token | None, at: datetime) -> Organisation:
    """Give the house its name, as it stands on pages and in mails."""
    organisation = current()
    if organisation.name != name:
        details = {"from": organisation.name, "to": name}
        organisation.name = name
        organisation.save(update_fields=["name"])
        audit.record("organisation.renamed", by=by, subject="organisation", details=details, at=at)
    return organisation

"""The one house that this portal serves: its zone, fiscal year and reporting currency."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.conf import settings
from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.calculations.intervals import Calendar
from kpis.definitions import versions
from kpis.definitions.models import Kpi, Organisation

_held: ContextVar[list[Organisation] | None] = ContextVar("the row as this page read it", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within it the row is read once: many rooms ask for the calendar, and all of a page is cut by the same one."""
    token = _held.set([])
    try:
        yield
    finally:
        _held.reset(token)


def current() -> Organisation:
    """The organisation's row; written from the environment's defaults when it is asked for the first time."""
    held = _held.get()
    if held is None:
        return _read()
    if not held:
        held.append(_read())
    return held[0]


def _read() -> Organisation:
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
def change_calendar(
    zone: str, fiscal_year_start: int, *, by: User | Token | None, at: datetime, reason: str
) -> list[Kpi]:
    """Have time cut into intervals otherwise: a version for every KPI; answers those whose values are now behind.

    Refuses (ValueError, ZoneInfoNotFoundError) a zone or month that there is not.
    """
    Calendar(zone, fiscal_year_start)
    organisation = Organisation.objects.select_for_update().get(pk=current().pk)
    if (organisation.zone, organisation.fiscal_year_start) == (zone, fiscal_year_start):
        return []
    kpis = list(Kpi.objects.select_for_update().order_by("pk"))
    for kpi in kpis:
        versions.keep_standing(kpi, organisation)
    was = [organisation.zone, organisation.fiscal_year_start]
    details = {"from": was, "to": [zone, fiscal_year_start], "reason": reason}
    organisation.zone, organisation.fiscal_year_start = zone, fiscal_year_start
    organisation.save(update_fields=["zone", "fiscal_year_start"])
    for kpi in kpis:
        kpi.version += 1
        kpi.save(update_fields=["version"])
        versions.open_version(kpi, organisation, by=by, at=at, reason=reason)
    audit.record("organisation.calendar_changed", by=by, subject="organisation", details=details, at=at)
    return kpis


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

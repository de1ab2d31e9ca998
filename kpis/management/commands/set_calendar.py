"""`manage.py set_calendar --zone Europe/Vienna --fiscal-year-start 4 --reason …`: how the organisation cuts time."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.measurements import retention
from kpis.plumbing import clock, wakeup
from kpis.rollups import rolling


class Command(BaseCommand):
    help = "Change the organisation's zone or the first month of its fiscal year, and compute all open figures anew."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--zone", help="an IANA name, as Europe/Berlin")
        parser.add_argument("--fiscal-year-start", type=int, choices=range(1, 13), metavar="MONTH")
        parser.add_argument("--reason", required=True, help="kept with the version of every KPI")

    def handle(self, *args: Any, zone: str | None, fiscal_year_start: int | None, reason: str, **options: Any) -> None:
        if gone := retention.rows_from(Kpi.objects.values("pk")):
            raise CommandError(f"Measurements of {len(gone)} KPIs are gone: their days cannot be cut anew.")
        standing = organisation.current()
        wanted = zone or standing.zone, fiscal_year_start or standing.fiscal_year_start
        try:
            with transaction.atomic():
                kpis = organisation.change_calendar(*wanted, by=None, at=clock.now(), reason=reason[:300])
                rolling.recompute([kpi.pk for kpi in kpis], cut_otherwise=True)
                wakeup.after_commit("kpis.bring_up_to_date")
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise CommandError(f"There is no zone {zone!r}: give an IANA name, as Europe/Berlin.") from error
        self.stdout.write(f"{wanted[0]}, fiscal year from month {wanted[1]}: {len(kpis)} KPIs computed anew.")

"""`manage.py verify`: does every stored figure follow from the measurements? If not: exit 1, a line a difference."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from kpis import verification
from kpis.definitions import organisation
from kpis.plumbing import clock, snapshot


class Command(BaseCommand):
    help = "Recompute interval values, effects, ledger entries and ROI; exit code 1 and one line for each difference."
    requires_system_checks: list[str] = []  # they would import every page: seconds, for a look at the figures

    def handle(self, *args: Any, **options: Any) -> None:
        organisation.current()  # its row is made at the first question, which a read-only transaction could not
        with snapshot.read_only():
            result = verification.verify(now=clock.now())
        for difference in result.differences:
            self.stdout.write(str(difference))
        compared = ", ".join(f"{count} {kind}" for kind, count in result.compared.items()) or "nothing"
        self.stdout.write(f"Compared: {compared}. Differences: {len(result.differences)}.")
        if result.left_out:
            self.stdout.write(f"Still being computed and left out in part: {result.left_out} KPIs. Run it again later.")
        if result.rows_gone:
            self.stdout.write(f"Not recomputed: {result.rows_gone} interval values whose measurements are gone.")
        if result.differences:
            sys.exit(1)

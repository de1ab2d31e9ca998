"""`manage.py verify_audit [--head DIGEST]`: is the audit chain whole? If not: exit 1, the first broken row."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kpis.access import audit


class Command(BaseCommand):
    help = "Check the audit chain. Exit code 1 and the first broken row if it is not whole."
    requires_system_checks: list[str] = []  # they would import every page: seconds, for a few rows

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", help="a head that was printed earlier: it must still be part of the chain")

    def handle(self, *args: Any, head: str | None = None, **options: Any) -> None:
        broken = audit.first_break()
        if broken is not None:
            self.stdout.write(
                f"The audit chain is broken at row {broken.sequence}: "
                f"{broken.at.isoformat()} {broken.actor} {broken.what} {broken.subject}"
            )
            sys.exit(1)
        if head is not None and not audit.knows(head):
            self.stdout.write(f"The audit chain has lost its end: {head} is not part of it any more.")
            sys.exit(1)
        rows, digest = audit.head()
        self.stdout.write(f"The audit chain is whole: {rows} rows, head {digest}")

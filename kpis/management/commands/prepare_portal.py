"""`manage.py prepare_portal [--json] [--no-sample]`: what a portal needs before its first page, each thing once."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kpis.access import people, tokens
from kpis.access.models import Token
from kpis.benchmarks import catalogue
from kpis.definitions import organisation
from kpis.plumbing import clock
from kpis.sample import digest, feed, seeding

NAME_OF_FIRST = "first token"


class Command(BaseCommand):
    help = (
        "Make the organisation, the first administrator and token, the benchmark catalogue and the sample, once each."
    )
    requires_system_checks: list[str] = []  # they would import every page: seconds, for a few rows

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="one JSON line: sign_in, password, token; null where old"
        )
        parser.add_argument("--no-sample", action="store_true", help="leave out the sample portfolio")

    def handle(self, *args: Any, json: bool = False, no_sample: bool = False, **options: Any) -> None:
        organisation.current()
        self._say(self._credentials(), as_json=json)  # before anything that may fail: they are shown once
        furnish(with_sample=not no_sample)

    def _credentials(self) -> dict[str, str | None]:
        administrator, password = people.ensure_administrator(at=clock.now())
        token = None
        if not tokens.exists(NAME_OF_FIRST):
            _, token = tokens.issue(NAME_OF_FIRST, Token.Scope.values, by=administrator, at=clock.now())
        return {"sign_in": administrator.username if password else None, "password": password, "token": token}

    def _say(self, credentials: dict[str, str | None], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(credentials))
        else:
            for name, value in credentials.items():
                self.stdout.write(f"{name}: {value or 'exists already'}")
        self.stdout.flush()


def furnish(*, with_sample: bool) -> None:
    """The published benchmarks and, where it is wanted, the sample portfolio with its one live feed."""
    catalogue.load(at=clock.now())
    if with_sample:
        seeding.ensure_sample(at=clock.now())
        feed.ensure_portal_initiative(at=clock.now())
        digest.ensure_digest(at=clock.now())

"""`manage.py create_token NAME --scope ingest --scope read [--initiative SLUG]`: the token alone on standard output."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kpis.access import people, tokens
from kpis.access.models import Token
from kpis.definitions import sight
from kpis.plumbing import clock


class Command(BaseCommand):
    help = "Make a token and print it, alone on standard output, once. Its maker is the first administrator."
    requires_system_checks: list[str] = []  # they would import every page: seconds, for a few rows

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for, for example the sender's name")
        parser.add_argument("--scope", action="append", required=True, choices=Token.Scope.values, dest="scopes")
        parser.add_argument("--initiative", action="append", default=[], dest="initiatives", metavar="SLUG")

    def handle(self, *args: Any, name: str, scopes: list[str], initiatives: list[str], **options: Any) -> None:
        maker = people.first_administrator()
        if maker is None and Token.Scope.MANAGE in scopes:
            raise CommandError("There is no administrator whose rights the token could have: run prepare_portal first.")
        chosen = sight.initiatives_named(initiatives)
        missing = sorted(set(initiatives) - {initiative.slug for initiative in chosen})
        if missing:
            raise CommandError(f"There is no initiative {', '.join(missing)}.")
        try:
            _, text = tokens.issue(name, scopes, chosen, by=maker, at=clock.now())
        except tokens.TokenRefused as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(text)

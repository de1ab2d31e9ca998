"""`manage.py up`: the whole portal on this machine, from nothing to three lines."""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connections

from roi_portal import embedded, progress
from roi_portal.embedded import Services
from roi_portal.supervisor import Supervisor

PREPARE = "prepare_portal"  # the domain's own first steps: answers one line of JSON


class Command(BaseCommand):
    help = "Run the portal: database, broker, web, worker and scheduler. Ctrl-C stops it and keeps the data."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        services = embedded.current()
        with progress.step("Tables"):
            call_command("migrate", verbosity=0, interactive=False)
        try:
            code = self._run(services, begun)
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    def _run(self, services: Services, begun: float) -> int:
        with Supervisor(services, port=settings.PORT) as supervisor:
            supervisor.obey_signals()
            credentials = prepare(services)
            connections.close_all()
            with progress.step("Web, worker and scheduler"):
                supervisor.wait_until_ready()
            embedded.announce_running(services, address=settings.PUBLIC_URL)
            progress.say(f"Ready after {time.monotonic() - begun:.1f} s. Logs: {supervisor.logs}. Ctrl-C stops.")
            self._print_door(credentials)
            code = supervisor.watch()
        progress.say("Stopped; the data are kept.")
        return code

    def _print_door(self, credentials: dict[str, str]) -> None:
        self.stdout.write(f"Address  {settings.PUBLIC_URL}")
        if {"sign_in", "password", "token"} <= credentials.keys():
            self.stdout.write(f"Sign in  {credentials['sign_in']}  {credentials['password']}")
            self.stdout.write(f"Token  {credentials['token']}")
        else:
            progress.say("The first password is not known here any more: python3 manage.py changepassword admin")
        self.stdout.flush()


def prepare(services: Services) -> dict[str, str]:
    """First account, token and sample, made once. What was made is kept for the next start, for the owner only."""
    if PREPARE not in get_commands():
        return {}
    kept = services.home / "credentials.json"
    known: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    answer = io.StringIO()
    try:
        with progress.step("Sign-in, sample portfolio, live feed"):
            call_command(PREPARE, json=True, stdout=answer)
    finally:  # a password is told once: it is kept also where a later step failed
        for line in answer.getvalue().splitlines()[:1]:
            known |= {name: value for name, value in json.loads(line).items() if value}
            embedded.write_private(kept, json.dumps(known))
    return known

"""`manage.py lint`: everything that can be said about the code without running it. Exit code 1 if anything is wrong."""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from roi_portal import embedded, progress
from roi_portal.embedded import ROOT

OURS = ["roi_portal", "kpis", "tests", "bench", "manage.py"]
LARGEST_MODULE = 400  # lines


@dataclass(frozen=True, slots=True)
class Check:
    """One tool and how it is asked."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)


def checks() -> list[Check]:
    run = [sys.executable, "-m"]
    manage = [sys.executable, "manage.py"]
    ours = [part for part in OURS if (ROOT / part).exists()]
    return [
        Check("format", [*run, "ruff", "format", "--check", "--quiet", *ours]),
        Check("style", [*run, "ruff", "check", "--quiet", *ours]),
        Check("types", [*run, "mypy"]),
        Check("import directions", [str(Path(sys.executable).with_name("lint-imports"))]),
        Check("migrations in step", [*manage, "makemigrations", "--check", "--dry-run"]),
        Check("OpenAPI", [*manage, "openapi", "--check"]),
        Check("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], deployed()),
    ]


def deployed() -> dict[str, str]:
    """Settings as in a company's production, so that the deployment check looks at those."""
    return {
        "ROI_EMBEDDED": "false",
        "DATABASE_URL": "postgres://roi@127.0.0.1:1/roi",
        "CELERY_BROKER_URL": "memory://",
        "PUBLIC_URL": "https://roi.company.example",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


class Command(BaseCommand):
    help = "Format, style, types, import directions, migrations, OpenAPI and deployment settings."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("only", nargs="*", help="names of checks; without any, all of them")

    def handle(self, *args: Any, only: list[str], **options: Any) -> None:
        chosen = [check for check in checks() if not only or check.name in only]
        failed = [check.name for check in chosen if not passes(check)]
        for lines, path in largest_modules():
            mark = "  above the ceiling" if lines > LARGEST_MODULE else ""
            progress.say(f"  {lines:5d} lines  {path}{mark}")
        if failed:
            progress.say(f"Not in order: {', '.join(failed)}")
            sys.exit(1)
        progress.say("All in order.")


def passes(check: Check) -> bool:
    """Run one check; what it says is shown only where it fails."""
    begun = time.monotonic()
    env = embedded.child_environment(embedded.current(), **check.env)
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    progress.say(f"{check.name:<20} {verdict:<7} {time.monotonic() - begun:5.1f} s")
    if done.returncode:
        progress.say(done.stdout.rstrip())
    return done.returncode == 0


def largest_modules(count: int = 5) -> list[tuple[int, str]]:
    sizes = [
        (len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for room in ("kpis", "roi_portal")
        for path in (ROOT / room).rglob("*.py")
        if "migrations" not in path.parts
    ]
    return sorted(sizes, reverse=True)[:count]

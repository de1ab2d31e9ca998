"""`manage.py openapi [--check]`: the published schema, written from the code into `kpis/api/openapi.json`.

It is kept beside the code, so that a change of the API is seen where it is reviewed, and so that the portal hands out a
file: writing it takes seconds and memory that no web worker has to spare.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from roi_portal.embedded import ROOT

KEPT = ROOT / "kpis" / "api" / "openapi.json"


class Command(BaseCommand):
    help = "Write the published schema, or check that it is what the code says."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail where it would be another one")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        text = _written()
        if not check:
            KEPT.write_text(text, encoding="utf-8")
        elif not KEPT.exists() or KEPT.read_text(encoding="utf-8") != text:
            self.stdout.write("The published schema is not what the code says. Write it: python3 manage.py openapi")
            sys.exit(1)


def _written() -> str:
    """Valid, without a warning, and the same text for the same code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.json"
        call_command("spectacular", format="openapi-json", file=str(path), validate=True, fail_on_warn=True)
        return json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=1, ensure_ascii=False) + "\n"

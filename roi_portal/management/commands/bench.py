"""`manage.py bench [NAME [SIZE=NUMBER …]]`: how fast the portal is beside others, on servers of the run's own.

A benchmark is a module `bench/NAME.py` with `run() -> dict`: `{"ratios": {what: factor}, "counts": {what: number}, …}`.
Absolute figures depend on the machine, ratios of one run hardly do, so ratios are what is printed, and what was
counted. `run` may take whole numbers by name (`bench verify points=10000000`).
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from roi_portal import progress
from roi_portal.embedded import ROOT

RESULTS = ROOT / "docs" / "benchmarks"


class Command(BaseCommand):
    help = "Run the benchmarks, print their ratios, write docs/benchmarks/NAME.json."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help=f"one of: {', '.join(benchmarks()) or 'none yet'}")
        parser.add_argument("sizes", nargs="*", metavar="SIZE=NUMBER", type=_size, help="of the one benchmark named")
        parser.add_argument("--json", action="store_true", help="print the result and write no file")

    def handle(
        self, *args: Any, name: str | None, sizes: list[tuple[str, int]], json: bool = False, **options: Any
    ) -> None:
        known = benchmarks()
        if name is not None and name not in known:
            raise CommandError(f"There is no benchmark {name!r}. There are: {', '.join(known) or 'none yet'}.")
        sys.path.insert(0, str(ROOT))
        for each in [name] if name else known:
            with progress.step(f"bench {each}"):
                result = importlib.import_module(f"bench.{each}").run(**dict(sizes))
            if json:
                self.stdout.write(_written(result))
            else:
                self._report(each, sizes, result)

    def _report(self, name: str, sizes: list[tuple[str, int]], result: dict[str, Any]) -> None:
        for what, factor in result.get("ratios", {}).items():
            self.stdout.write(f"{name:<12} {what:<60} {factor:8.2f}")
        for what, number in result.get("counts", {}).items():
            self.stdout.write(f"{name:<12} {what:<60} {number:8,}")
        for what, why in result.get("left_out", {}).items():
            self.stdout.write(f"{name:<12} left out: {what}: {why}")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        command = " ".join(["python3 manage.py bench", name, *(f"{size}={number}" for size, number in sizes)])
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{name}.json"
        path.write_text(_written({"benchmark": name, "command": command, "at": now, **_machine(), **result}) + "\n")
        self.stdout.write(f"Written to {path.relative_to(ROOT)}")


def _machine() -> dict[str, Any]:
    """What absolute figures depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.machine()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        "processor": processor,
        "cores": os.cpu_count(),
    }


def _written(result: dict[str, Any]) -> str:
    return json.dumps(result, indent=2)


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    return name, int(number.replace("_", ""))


def benchmarks() -> list[str]:
    return sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py"))

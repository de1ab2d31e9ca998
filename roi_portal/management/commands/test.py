"""`manage.py test [pytest's arguments]`: the whole suite, or a part of it, on real services.

`manage.py` has started PostgreSQL and Valkey by now, in a folder of this run's own. The whole suite runs in as many
processes as there are cores, each with a test database of its own (groups: tests/conftest.py).
"""

from __future__ import annotations

import os
import subprocess
import sys

from django.core.management.base import BaseCommand

from roi_portal import processes
from roi_portal.embedded import ROOT

MOST_PROCESSES = 4


class Command(BaseCommand):
    help = "Run the tests; every argument goes to pytest."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Past Django's own parser: it would refuse what pytest understands."""
        command = [sys.executable, "-m", "pytest", *(argv[2:] or _side_by_side())]
        suite = subprocess.Popen(command, cwd=ROOT, preexec_fn=processes.bound_to_parent(15))
        try:
            code = suite.wait()
        except KeyboardInterrupt:
            code = suite.wait(timeout=60)
        sys.exit(code)


def _side_by_side() -> list[str]:
    """pytest's arguments for the whole suite, in the order in which it was collected: what needs quiet comes last."""
    processes_at_once = min(os.cpu_count() or 1, MOST_PROCESSES)
    return ["-n", str(processes_at_once), "--dist", "loadgroup", "--no-loadscope-reorder"]

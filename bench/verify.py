"""`manage.py verify` on a filled store: how long a million measurements take, and how much memory.

The store is filled past ingest (COPY in order of arrival, as hourly and minutely sources leave it), rolled up by the
product, and verified by the command itself in a process of its own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench.kit.accounting import Meter
from bench.kit.filling import fill, postmaster, roll_up_everything
from roi_portal import embedded

LIMIT_SECONDS_AT_1E7 = 600


def run(points: int = 1_000_000, kpis: int = 50) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    fill(points=points, kpis=kpis)
    with Meter((os.getpid(), postmaster())) as rolled:
        roll_up_everything()
    begun = time.perf_counter()
    with Meter((postmaster(),)) as database:
        done = subprocess.run(
            [sys.executable, "manage.py", "verify"],
            cwd=embedded.ROOT,
            env=embedded.child_environment(embedded.current()),
            capture_output=True,
            text=True,
            check=False,
        )
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"verify ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {
        "ratios": {
            "seconds at this speed for 1e7 points : ten minutes": round(
                seconds * 1e7 / points / LIMIT_SECONDS_AT_1E7, 3
            ),
        },
        "counts": {"points": points, "kpis": kpis},
        "verify_seconds": round(seconds, 1),
        "verify_cpu_us_a_point": round((used.ru_utime + used.ru_stime + database.cpu) / points * 1e6, 2),
        "verify_peak_mib": round(used.ru_maxrss / 1024),
        "rolling_up_cpu_us_a_point": round(rolled.cpu / points * 1e6, 2),
        "said": done.stdout.strip().splitlines()[-1],
        "postgresql": connection.pg_version,
    }

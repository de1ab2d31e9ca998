"""R1, R2, R3 in small: kill -9 of web, worker and PostgreSQL while four senders write; an outside ledger is the judge.

The same command with larger numbers is the full count: `manage.py bench faults web=1000 worker=1000 postgresql=1000`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from roi_portal.embedded import ROOT

NOTHING_WRONG = {
    "acknowledged points lost": 0,
    "points doubled or never sent": 0,
    "requests half stored": 0,
    "stored points without a receipt": 0,
    "interval values that are not the oracle's": 0,
    "senders that failed": 0,
    "answers with status 500": 0,
}


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled_when_web_worker_and_database_are_killed():
    """On servers of its own that are durable: those of the test run are not, and others use them."""
    ours = ("DATABASE_URL", "CELERY_BROKER_URL", "ROI_DATA_DIR", "ROI_TESTING", "ROI_EMBEDDED", "PUBLIC_URL")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, "manage.py", "bench", "faults", "web=4", "worker=4", "postgresql=4", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout[done.stdout.index("{") :])

    counts = result["counts"]
    assert {name: counts[name] for name in NOTHING_WRONG} == NOTHING_WRONG, result
    assert counts["kills"] == 12
    assert counts["acknowledged points"] > 5_000
    assert counts["interval values compared"] > 500
    assert result["longest_seconds_from_database_to_answer"] <= 10

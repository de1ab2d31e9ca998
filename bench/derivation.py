"""From points to interval values: processor time a point after ingest, on live traffic, late data and a backfill.

An open day is computed anew from its rows with every call of the worker, so live traffic costs less a point the more
came in meanwhile; under load that is much. Beside it what PostgreSQL itself takes to add up the same days in SQL
(count, sum, extremes by day; no percentiles, no last value, nothing written). Ingest is not measured here, effect and
ledger neither.
"""

from __future__ import annotations

import os
import statistics
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import numpy as np
from django.core.management import call_command
from django.db import connection

from bench.kit.accounting import Meter
from bench.kit.filling import ENDS, fill, postmaster

ROUNDS = 5
LIVE_BATCHES, LIVE_POINTS = 40, 1_000
TOGETHER = (40, 4)  # batches that came in while the worker was at the ones before
PLAIN_SQL = """
select series_id, date_trunc('day', at, 'Europe/Berlin'), count(*), sum(value), min(value), max(value),
       sum(coalesce(weight, 1)), sum(coalesce(weight, 1) * value)
from kpis_measurement where at >= %s and at < %s group by 1, 2
"""


def run(points: int = 1_000_000, kpis: int = 20) -> dict[str, Any]:
    from kpis.ingest import accepting
    from kpis.rollups import rolling

    call_command("migrate", verbosity=0)
    roots = (os.getpid(), postmaster())
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        keys = [f"filled.k{n}" for n in range(kpis)]
        fill(points=points, kpis=kpis)
        with Meter(roots) as backfill:
            _roll_up(rolling)
        with Meter(roots) as plain, connection.cursor() as cursor:
            cursor.execute(PLAIN_SQL, [ENDS - timedelta(days=3 * 365), ENDS])
            cursor.fetchall()
        seconds: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            for lane, together in enumerate(TOGETHER):
                begins = ENDS + timedelta(days=lane * ROUNDS + number)
                used = _round(accepting, rolling, keys, begins, together, roots)
                seconds.setdefault(f"live, {together} batches at a time", []).append(used)
            begins = ENDS - timedelta(days=400 + 7 * number, seconds=1)
            used = _round(accepting, rolling, keys, begins, LIVE_BATCHES, roots)
            seconds.setdefault(f"late, {LIVE_BATCHES} batches at a time", []).append(used)
    sent = LIVE_BATCHES * LIVE_POINTS
    figures = {
        "backfill": backfill.cpu / points * 1e6,
        "SQL by day": plain.cpu / points * 1e6,
    } | {name: statistics.median(found) / sent * 1e6 for name, found in seconds.items()}
    return {
        "ratios": {
            "processor time of a backfill's interval values : SQL by day": round(
                figures["backfill"] / figures["SQL by day"], 2
            )
        },
        "counts": {"points": points, "kpis": kpis},
        "cpu_us_a_point": {name: round(figure, 2) for name, figure in figures.items()},
        "postgresql": connection.pg_version,
    }


def _roll_up(rolling: Any) -> None:
    while rolling.roll_up_arrivals(at_most=500).more_waiting:
        pass


def _round(
    accepting: Any, rolling: Any, keys: list[str], begins: datetime, together: int, roots: tuple[int, ...]
) -> float:
    """Processor seconds for rolling up a day of batches of 1,000 points, `together` of them at a time."""
    from kpis.ingest.columns import Columns

    each = LIVE_POINTS // len(keys)
    used = 0.0
    for batch in range(LIVE_BATCHES):
        first_us = int((begins + timedelta(minutes=batch * 30)).timestamp() * 1e6)
        at_us = np.tile(first_us + np.arange(each, dtype=np.int64) * 36_000_000, len(keys))
        columns = Columns(
            kpi_keys=keys,
            kpi=np.repeat(np.arange(len(keys), dtype=np.int32), each),
            label_sets=[{}],
            labels=np.zeros(len(at_us), np.int32),
            at_us=at_us,
            value=np.round(np.random.default_rng(batch).lognormal(3, 0.5, len(at_us)), 2),
            weight=np.ones(len(at_us)),
            event_id=None,
        )
        accepting.accept_columns(columns, actor=None, at=begins + timedelta(days=2))
        if (batch + 1) % together == 0:
            with Meter(roots) as meter:
                _roll_up(rolling)
            used += meter.cpu
    return used

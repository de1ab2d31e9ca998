"""What a page costs as the rows behind it grow: the portfolio, and one KPI by day and by hour, each read over the API.

The sample company is there in full; further KPIs hold the rows. Between the sizes only rows are added, in the same
three years. Beside it the same daily values straight from the rows, in SQL. Answers are asked for without conditions,
in this process, so that no cache but PostgreSQL's own helps.
"""

from __future__ import annotations

import statistics
import time
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client

from bench.kit.filling import fill, roll_up_everything

READS = 25
DAILY = """
select date_trunc('day', at, 'Europe/Berlin'), avg(value) from kpis_measurement where series_id = %s group by 1
"""


def run(rows: int = 1_000_000, more: int = 10_000_000, most: int = 0, kpis: int = 50) -> dict[str, Any]:
    """rows, more, most : sizes one after the other; 0 leaves one out."""
    from kpis.access import tokens
    from kpis.plumbing import clock

    call_command("migrate", verbosity=0)
    call_command("prepare_portal", "--json", stdout=StringIO(), verbosity=0)
    roll_up_everything()
    token = tokens.issue("reads", ["read"], by=None, at=clock.now())[1]
    client = Client(headers={"Authorization": f"Bearer {token}", "Host": "127.0.0.1"})
    sizes = [size for size in (rows, more, most) if size]
    figures: dict[int, dict[str, float]] = {}
    there = 0
    for number, size in enumerate(sizes):
        series = fill(points=size - there, kpis=kpis, slug="filled", again=number)
        there = size
        roll_up_everything()
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze kpis_measurement")
        figures[size] = {
            "portfolio": _median_ms(lambda: _get(client, "portfolio/")),
            "portfolio, unchanged": _median_ms(lambda: _get(client, "portfolio/", again=True)),
            "one KPI, 3 years by day": _median_ms(lambda: _get(client, "kpis/filled.k0/intervals/")),
            "one KPI, a day by hour": _median_ms(
                lambda: _get(client, "kpis/filled.k0/intervals/?interval=hour&from=2026-03-02&to=2026-03-03")
            ),
            "one KPI, its newest rows": _median_ms(
                lambda: _get(client, "kpis/filled.k0/measurements/?from=2026-03-02&to=2026-03-03")
            ),
            "the same 3 years from the rows, in SQL": _median_ms(lambda s=series[0]: _sql(s), reads=3),
        }
    return {
        "ratios": _ratios(figures),
        "counts": {f"rows, size {n}": size for n, size in enumerate(sizes, 1)},
        "median_ms": {f"{size}": found for size, found in figures.items()},
        "postgresql": connection.pg_version,
    }


def _ratios(figures: dict[int, dict[str, float]]) -> dict[str, float]:
    """The largest size beside the one before it, and beside the smallest."""
    *others, last = figures
    return {
        f"{name}: {last:.0e} rows : {size:.0e}": round(figures[last][name] / figures[size][name], 2)
        for size in dict.fromkeys((*others[-1:], *others[:1]))
        for name in figures[last]
    }


def _get(client: Client, path: str, *, again: bool = False) -> None:
    """again : the process may answer as before; otherwise it has to compute anew."""
    from kpis.plumbing import bodies

    if not again:
        bodies.clear()
    answer = client.get(f"/api/v1/{path}")
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[:300]!r}")


def _sql(series: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DAILY, [series])
        cursor.fetchall()


def _median_ms(read: Any, reads: int = READS) -> float:
    read()
    taken = []
    for _ in range(reads):
        begun = time.perf_counter()
        read()
        taken.append(time.perf_counter() - begun)
    return round(statistics.median(taken) * 1000, 2)

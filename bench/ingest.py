"""Points in: the portal's endpoint beside others' and PostgreSQL's own COPY, in rounds that take turns.

Each request has 1,000 or 10,000 points of 20 KPIs, over HTTP on one connection that is kept, durable (fsync and
synchronous_commit on; MLflow on SQLite as it comes). COPY is the limit that no endpoint on this database can pass: bare
rows, built beforehand, into a table with the same columns and key. Processor time is that of the servers' and
PostgreSQL's processes; the client's is not counted. "with interval values" adds the worker's part: what arrived is
rolled up while more arrives, as often as the worker is woken.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from django.core.management import call_command
from django.db import connection

from bench.kit import serving
from bench.kit.filling import postmaster
from bench.kit.serving import Served
from bench.kit.targets import Target, cpu, run_rounds, wall
from bench.peers import mlflow
from bench.peers.models import TABLES

ROUNDS = 7
POINTS, MANY = 1_000, 10_000  # of a request
KPIS = 20
STARTS = datetime(2024, 1, 1, tzinfo=UTC)
PATH = "/api/v1/measurements/"
# The worker is woken at most this often, and at full rate some thirty batches arrive meanwhile.
BATCHES_A_WAKE_UP = 30


def run() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    token = _prepare()
    with ExitStack() as stack:
        targets, left_out = _targets(token, stack)
        run_rounds(targets, ROUNDS)
    return _result({target.name: target for target in targets}) | {"left_out": left_out}


def _prepare() -> str:
    """An initiative with its KPIs for the portal, the same keys for the peers; a token that may send."""
    from kpis.access import tokens
    from kpis.definitions.models import Initiative, Kpi
    from kpis.plumbing import clock

    initiative = Initiative.objects.create(slug="bench", name="Benchmark")
    for number in range(KPIS):
        Kpi.objects.create(
            initiative=initiative,
            slug=f"k{number}",
            key=f"bench.k{number}",
            name=f"KPI {number}",
            category=Kpi.Category.EFFICIENCY,
            unit="s",
            direction=Kpi.Direction.DECREASE,
            aggregation=Kpi.Aggregation.MEAN,
            interval=Kpi.Interval.DAY,
        )
    with connection.cursor() as cursor:
        cursor.execute("insert into bench_kpi (key) select key from kpis_kpi order by id")
    return tokens.issue("bench", ["ingest"], by=None, at=clock.now())[1]


def _targets(token: str, stack: ExitStack) -> tuple[list[Target], dict[str, str]]:
    """All ways in, and why some are missing."""
    portal = stack.enter_context(serving.gunicorn("roi_portal.asgi:application", "roi_portal.settings"))
    peer = stack.enter_context(serving.gunicorn("bench.peers.drf:application", "bench.peers.drf_settings"))
    database = postmaster()
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def http(
        name: str, server: Served, path: str, body: Callable[[int], bytes], requests: int, points: int = POINTS
    ) -> Target:
        client = stack.enter_context(serving.client_of(server))
        return Target(
            name,
            body,
            lambda sent: serving.post(client, path, sent, bearer, [200, 201]),
            (server.pid, database),
            requests,
            points,
            before=client.close,  # the server has, while the others had their turn; it opens anew by itself
        )

    derived = http("portal, rows, with interval values", portal, PATH, _once(_rows, 6), 90)
    reconnect = derived.before

    def before() -> None:
        _roll_up()  # what the others' points have left
        reconnect()

    derived.before = before
    derived.background, derived.every = _roll_up, BATCHES_A_WAKE_UP
    found = [
        http("portal, rows", portal, PATH, _once(_rows, 0), 100),
        derived,
        http("portal, arrays", portal, PATH, _once(_arrays, 1), 100),
        http("portal, sent again", portal, PATH, lambda _: _rows(0, 0), 100),
        http("portal, many rows", portal, PATH, _once(_rows, 4, MANY), 8, MANY),
        http("portal, many arrays", portal, PATH, _once(_arrays, 5, MANY), 8, MANY),
        http("portal, many sent again", portal, PATH, lambda _: _rows(0, 4, MANY), 40, MANY),
        http("DRF, usual", peer, "/usual/", _once(_rows, 2), 3),
        http("DRF, tuned", peer, "/tuned/", _once(_rows, 3), 20),
        Target("bare COPY", _copied(POINTS), _copier(stack), (database,), 100, POINTS),
        Target("bare COPY, many", _copied(MANY, series=KPIS), _copier(stack), (database,), 8, MANY),
    ]
    try:
        command = mlflow.installed()
        found += [_mlflow(command, store, database, stack) for store in ("sqlite", "postgresql")]
    except mlflow.NotInstalled as error:
        return found, {"MLflow": str(error)}
    return found, {}


def _roll_up() -> float:
    """The worker's part for what has arrived; this process's own processor time in seconds."""
    from kpis.rollups import rolling

    began = time.process_time()
    while rolling.roll_up_arrivals(at_most=500).more_waiting:
        pass
    return time.process_time() - began


# -- what is sent ---------------------------------------------------------------------------------------------------


def _once(body: Callable[[int, int, int], bytes], lane: int, points: int = POINTS) -> Callable[[int], bytes]:
    """Bodies for one target: their instants are no other target's, so that nobody meets another's rows."""
    return lambda number: body(number, lane, points)


def _instants(number: int, lane: int, points: int) -> list[datetime]:
    """The instants of a batch, a minute apart, the same for all KPIs."""
    each = points // KPIS
    first = STARTS + timedelta(days=120 * lane, minutes=number * each)
    return [first + timedelta(minutes=minute) for minute in range(each)]


def _points(number: int, lane: int, points: int) -> list[tuple[str, datetime, float]]:
    return [
        (f"bench.k{kpi}", at, (number * 7919 + kpi * 31 + n) % 10007 / 100)
        for n, at in enumerate(_instants(number, lane, points))
        for kpi in range(KPIS)
    ]


def _rows(number: int, lane: int, points: int = POINTS) -> bytes:
    rows = [{"kpi": key, "at": at.isoformat(), "value": value} for key, at, value in _points(number, lane, points)]
    return json.dumps({"measurements": rows}).encode()


def _arrays(number: int, lane: int, points: int = POINTS) -> bytes:
    at = [int(instant.timestamp() * 1000) for instant in _instants(number, lane, points)]
    value = [(number * 7919 + n) % 10007 / 100 for n in range(len(at))]
    return json.dumps({"series": [{"kpi": f"bench.k{k}", "at": at, "value": value} for k in range(KPIS)]}).encode()


def _copied(points: int, series: int = 0) -> Callable[[int], bytes]:
    """Rows as COPY takes them. series : the first of its series, so that two targets do not meet."""
    from kpis.measurements import binary

    def build(number: int) -> bytes:
        each = points // KPIS
        at = (np.arange(each, dtype=np.int64) + number * each) * 60_000_000
        return binary.copy_rows(
            [
                (">i8", np.tile(at, KPIS)),
                (">f8", np.arange(points) / 100),
                (">f8", np.ones(points)),
                (">i8", number),
                (">i4", np.repeat(np.arange(series, series + KPIS, dtype=np.int32), each)),
            ],
            None,
            points,
        )

    return build


def _copier(stack: ExitStack) -> Callable[[bytes], None]:
    raw = stack.enter_context(psycopg.connect(**connection.get_connection_params(), autocommit=True))
    into = "copy bench_keyed (at, value, weight, batch_id, series_id, event_id) from stdin (format binary)"

    def send(rows: bytes) -> None:
        with raw.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(rows)

    return send


def _mlflow(command: Any, store: str, database: int, stack: ExitStack) -> Target:
    server = stack.enter_context(mlflow.server(command, store))
    client = stack.enter_context(serving.client_of(server))
    run_id = mlflow.new_run(client)
    return Target(
        f"MLflow, {store}",
        lambda number: mlflow.body(run_id, _points(number, 0, POINTS)),
        lambda sent: mlflow.send(client, sent),
        (server.pid,) if store == "sqlite" else (server.pid, database),
        5,
        POINTS,
        before=client.close,
    )


# -- what came of it ------------------------------------------------------------------------------------------------


def _result(targets: dict[str, Target]) -> dict[str, Any]:
    rows, derived = targets["portal, rows"], targets["portal, rows, with interval values"]
    ratios = {}
    for peer in ("DRF, usual", "DRF, tuned"):
        ratios[f"rate of the portal, rows : {peer}"] = wall(targets[peer]) / wall(rows)
    for name, target in targets.items():
        if name.startswith(("DRF", "MLflow")):
            ratios[f"processor time of {name} : the {derived.name}"] = cpu(target) / cpu(derived)
    for name, target in targets.items():
        if name.startswith("portal"):
            limit = targets["bare COPY, many" if target.units == MANY else "bare COPY"]
            ratios[f"processor time of the {name} : bare COPY"] = cpu(target) / cpu(limit)
    return {
        "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "figures": {
            name: {
                "wall_us_a_point": round(wall(target), 2),
                "cpu_us_a_point": round(cpu(target), 2),
                "points_a_second": round(1e6 / wall(target)),
            }
            for name, target in targets.items()
        },
        "points_a_request": [POINTS, MANY],
        "kpis_a_request": KPIS,
        "rounds": ROUNDS,
        "postgresql": connection.pg_version,
    }

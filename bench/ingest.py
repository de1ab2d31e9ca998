"""Points in: the portal's endpoint, the same with Django REST framework, and PostgreSQL's own COPY, side by side.

Each request has 1,000 or 10,000 points of 20 KPIs, over HTTP on one connection that is kept, durable (fsync and
synchronous_commit on). COPY is the limit that no endpoint on this database can pass: bare rows, built beforehand, into
a table with the same columns and key. Rounds are interleaved, so that what else the machine does hits all of them;
processor time is that of the web server's and PostgreSQL's processes, the client's is not counted.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from django.core.management import call_command
from django.db import connection

from bench.kit.accounting import Meter
from bench.peers.models import TABLES

ROUNDS = 7
POINTS, MANY = 1_000, 10_000  # of a request
KPIS = 20
STARTS = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Target:
    """One way in: how to send a batch, whose processor time counts, how many batches a round."""

    name: str
    send: Callable[[int], None]  # the number of the batch, which no two batches of a target share
    roots: tuple[int, ...]
    requests: int
    points: int = POINTS  # of a request
    client: http.client.HTTPConnection | None = None
    wall: list[float] = field(default_factory=list)  # microseconds a point, one for each round
    cpu: list[float] = field(default_factory=list)
    sent: int = 0

    def run_round(self) -> None:
        if self.client is not None:
            self.client.close()  # the server has, while the others had their turn; it opens anew by itself
        with Meter(self.roots) as used:
            for number in range(self.sent, self.sent + self.requests):
                self.send(number)
        self.sent += self.requests
        self.wall.append(used.wall / self.requests / self.points * 1e6)
        self.cpu.append(used.cpu / self.requests / self.points * 1e6)


def run() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    token = _prepare()
    with ExitStack() as stack:
        portal = stack.enter_context(_served("roi_portal.asgi:application", "roi_portal.settings"))
        peer = stack.enter_context(_served("bench.peers.drf:application", "bench.peers.drf_settings"))
        targets = _targets(portal, peer, token, stack)
        for _ in range(ROUNDS + 1):  # the first one warms up
            for target in targets:
                target.run_round()
        return _result(targets)


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


def _targets(portal: Served, peer: Served, token: str, stack: ExitStack) -> list[Target]:
    postgresql = _postmaster()
    ours, theirs = (portal.pid, postgresql), (peer.pid, postgresql)
    bearer = {"Authorization": f"Bearer {token}"}

    def over_http(
        name: str,
        served: Served,
        path: str,
        body: Callable[[int], bytes],
        roots: tuple[int, ...],
        requests: int,
        points: int = POINTS,
    ) -> Target:
        client = stack.enter_context(_client(served))
        return Target(name, lambda number: _post(client, path, body(number), bearer), roots, requests, points, client)

    into = "/api/v1/measurements/"
    return [
        over_http("portal, rows", portal, into, _once(_rows, 0), ours, 40),
        over_http("portal, arrays", portal, into, _once(_arrays, 1), ours, 40),
        over_http("portal, sent again", portal, into, lambda _: _rows(0, 0), ours, 40),
        over_http("portal, many rows", portal, into, _once(_rows, 4, MANY), ours, 4, MANY),
        over_http("portal, many arrays", portal, into, _once(_arrays, 5, MANY), ours, 4, MANY),
        over_http("portal, many sent again", portal, into, lambda _: _rows(0, 4, MANY), ours, 20, MANY),
        over_http("DRF, usual", peer, "/usual/", _once(_rows, 2), theirs, 3),
        over_http("DRF, tuned", peer, "/tuned/", _once(_rows, 3), theirs, 10),
        Target("bare COPY", _copier(stack, POINTS), (postgresql,), 40),
        Target("bare COPY, many", _copier(stack, MANY, series=KPIS), (postgresql,), 4, MANY),
    ]


# -- what is sent ---------------------------------------------------------------------------------------------------


def _once(body: Callable[[int, int, int], bytes], lane: int, points: int = POINTS) -> Callable[[int], bytes]:
    """Bodies for one target: their instants are no other target's, so that nobody meets another's rows."""
    return lambda number: body(number, lane, points)


def _instants(number: int, lane: int, points: int) -> list[datetime]:
    """The instants of a batch, a minute apart, the same for all KPIs."""
    each = points // KPIS
    first = STARTS + timedelta(days=180 * lane, minutes=number * each)
    return [first + timedelta(minutes=minute) for minute in range(each)]


def _rows(number: int, lane: int, points: int = POINTS) -> bytes:
    rows = [
        {"kpi": f"bench.k{kpi}", "at": at.isoformat(), "value": (number * 7919 + kpi * 31 + n) % 10007 / 100}
        for n, at in enumerate(_instants(number, lane, points))
        for kpi in range(KPIS)
    ]
    return json.dumps({"measurements": rows}).encode()


def _arrays(number: int, lane: int, points: int = POINTS) -> bytes:
    at = [int(instant.timestamp() * 1000) for instant in _instants(number, lane, points)]
    value = [(number * 7919 + n) % 10007 / 100 for n in range(len(at))]
    return json.dumps({"series": [{"kpi": f"bench.k{k}", "at": at, "value": value} for k in range(KPIS)]}).encode()


def _copier(stack: ExitStack, points: int, series: int = 0) -> Callable[[int], None]:
    """series : the first of its series, so that two targets do not meet."""
    from kpis.measurements import binary

    raw = stack.enter_context(psycopg.connect(**connection.get_connection_params(), autocommit=True))

    def send(number: int) -> None:
        each = points // KPIS
        at = (np.arange(each, dtype=np.int64) + number * each) * 60_000_000
        rows = binary.copy_rows(
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
        into = "copy bench_keyed (at, value, weight, batch_id, series_id, event_id) from stdin (format binary)"
        with raw.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(rows)

    return send


# -- who is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """A web server of the run: its process and port."""

    pid: int
    port: int


@contextmanager
def _served(application: str, settings: str) -> Iterator[Served]:
    """One worker process, started as `manage.py up` starts its own, on a free port."""
    from roi_portal import embedded, processes

    services = embedded.current()
    port = processes.free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:roi_portal.serving",
        "-w",
        "1",
        "-b",
        f"127.0.0.1:{port}",
        application,
    ]
    env = embedded.child_environment(services, PYTHONPATH=str(embedded.ROOT), DJANGO_SETTINGS_MODULE=settings)
    log = services.home / f"{application.partition(':')[0]}.log"
    running = processes.start(application, command, log=log, env=env, cwd=embedded.ROOT)
    try:
        _wait(port, running)
        yield Served(running.process.pid, port)
    finally:
        processes.stop([running])


def _wait(port: int, running: Any) -> None:
    import time

    from roi_portal import processes

    end = time.monotonic() + 60
    while processes.port_is_free(port):
        if not running.is_alive or time.monotonic() > end:
            raise RuntimeError(f"{running.name} did not start:\n{processes.last_lines(running.log)}")
        time.sleep(0.1)


@contextmanager
def _client(served: Served) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    try:
        yield client
    finally:
        client.close()


def _post(client: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> None:
    client.request("POST", path, body, {"Content-Type": "application/json", **headers})
    response = client.getresponse()
    answer = response.read()
    if response.status not in (200, 201):
        raise RuntimeError(f"{path} answered {response.status}: {answer[:500]!r}")


def _postmaster() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_read_file('postmaster.pid')")
        return int(cursor.fetchone()[0].split()[0])


# -- what came of it ------------------------------------------------------------------------------------------------


def _result(targets: list[Target]) -> dict[str, Any]:
    figures = {
        target.name: {
            "wall_us_a_point": round(_median(target.wall), 2),
            "cpu_us_a_point": round(_median(target.cpu), 2),
            "points_a_second": round(1e6 / _median(target.wall)),
        }
        for target in targets
    }
    rows, copy = figures["portal, rows"], figures["bare COPY"]
    ratios = {}
    for peer in ("DRF, usual", "DRF, tuned"):
        ratios[f"rate of the portal, rows : {peer}"] = figures[peer]["wall_us_a_point"] / rows["wall_us_a_point"]
        ratios[f"processor time of {peer} : the portal, rows"] = (
            figures[peer]["cpu_us_a_point"] / rows["cpu_us_a_point"]
        )
    for ours in ("rows", "arrays", "sent again"):
        for many, limit in (("", copy), ("many ", figures["bare COPY, many"])):
            mine = figures[f"portal, {many}{ours}"]
            ratios[f"processor time of the portal, {many}{ours} : bare COPY"] = (
                mine["cpu_us_a_point"] / limit["cpu_us_a_point"]
            )
    return {
        "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "figures": figures,
        "points_a_request": [POINTS, MANY],
        "kpis_a_request": KPIS,
        "rounds": ROUNDS,
        "postgresql": connection.pg_version,
    }


def _median(figures: list[float]) -> float:
    return statistics.median(figures[1:])

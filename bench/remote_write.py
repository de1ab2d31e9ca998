"""Prometheus remote write: the portal beside Prometheus' own receiver, the same bodies, in rounds that take turns.

1,000 samples a request, in two shapes: 20 series with 50 samples each, as a sender that catches up has them, and 1,000
series with one sample each, as a scrape has them. Each series is a gauge that a rule maps to a KPI. The portal commits
each request to disk before it answers; Prometheus writes its log without waiting for the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench.kit import serving, write_requests
from bench.kit.filling import postmaster
from bench.kit.serving import Served
from bench.kit.targets import Target, cpu, run_rounds, wall
from roi_portal import embedded, processes

ROUNDS = 5
SHAPES = {"20 series": (20, 50), "1,000 series": (1000, 1)}  # series, samples of each
STEP_MS = 15_000
Labels = dict[str, str]


def run() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    token = _prepare()
    left_out = {}
    with ExitStack() as stack:
        portal = stack.enter_context(serving.gunicorn("roi_portal.asgi:application", "roi_portal.settings"))
        servers = {"portal": ("/api/v1/prometheus/write", portal, (portal.pid, postmaster()))}
        program = shutil.which("prometheus") or shutil.which(str(embedded.ROOT / "var/tools/usr/bin/prometheus"))
        if program is None:
            left_out["Prometheus"] = "not on this machine; .ci/run brings it"
        else:
            peer = _prometheus(program, stack)
            servers["Prometheus"] = ("/api/v1/write", peer, (peer.pid,))
        targets = {
            (who, shape): _target(f"{who}, {shape}", path, server, roots, shape, token, stack)
            for shape in SHAPES
            for who, (path, server, roots) in servers.items()
        }
        run_rounds(list(targets.values()), ROUNDS)
    return {
        "ratios": {
            f"processor time of the portal : Prometheus, {shape}": round(
                cpu(targets["portal", shape]) / cpu(targets["Prometheus", shape]), 2
            )
            for shape in SHAPES
            if "Prometheus" in servers
        },
        "figures": {
            target.name: {"wall_us_a_sample": round(wall(target), 2), "cpu_us_a_sample": round(cpu(target), 2)}
            for target in targets.values()
        },
        "left_out": left_out,
        "samples_a_request": 1000,
        "rounds": ROUNDS,
        "postgresql": connection.pg_version,
    }


def _prepare() -> str:
    """A KPI, a source that pushes, and a rule that takes all its series; a token that may send."""
    from kpis.access import tokens
    from kpis.definitions.models import Initiative, Kpi
    from kpis.plumbing import clock
    from kpis.sources.models import DataSource, MappingRule

    kpi = Kpi.objects.create(
        initiative=Initiative.objects.create(slug="bench", name="Benchmark"),
        slug="queue",
        key="bench.queue",
        name="Queue",
        category=Kpi.Category.EFFICIENCY,
        unit="1",
        direction=Kpi.Direction.DECREASE,
        aggregation=Kpi.Aggregation.MEAN,
        interval=Kpi.Interval.DAY,
    )
    source = DataSource.objects.create(slug="cluster", name="Cluster", kind="push")
    MappingRule.objects.create(
        source=source,
        position=1,
        kpi=kpi,
        kind="gauge",
        matchers=[{"label": "__name__", "op": "=", "value": "queue_length"}],
    )
    return tokens.issue("bench", ["ingest"], by=None, at=clock.now())[1]


def _target(
    name: str, path: str, server: Served, roots: tuple[int, ...], shape: str, token: str, stack: ExitStack
) -> Target:
    client = stack.enter_context(serving.client_of(server))
    headers = write_requests.HEADERS | {"Authorization": f"Bearer {token}"}

    def send(body: bytes) -> None:
        serving.post(client, path, body, headers, [200, 204])

    return Target(name, _bodies(shape), send, roots, 60, 1000, before=client.close)


def _bodies(shape: str) -> Callable[[int], bytes]:
    """Bodies by number, each series going on where the one before has ended; the last one ends now."""
    from kpis.plumbing import clock

    series, samples = SHAPES[shape]
    labels: list[Labels] = [
        {"__name__": "queue_length", "job": "desk", "instance": f"desk-{n:04}:9100", "shape": shape.replace(",", "")}
        for n in range(series)
    ]
    first = int(clock.now().timestamp() * 1000) - 60 * (ROUNDS + 1) * samples * STEP_MS

    def body(number: int) -> bytes:
        begins = first + number * samples * STEP_MS
        ats = [begins + n * STEP_MS for n in range(samples)]
        return write_requests.body(
            [(one, [(at, (at // 1000 * 31 + place) % 997) for at in ats]) for place, one in enumerate(labels)]
        )

    return body


def _prometheus(program: str, stack: ExitStack) -> Served:
    port, home = processes.free_port(), embedded.current().home
    settings = home / "prometheus.yml"
    settings.write_text(
        "global: {scrape_interval: 1h}\nstorage: {tsdb: {out_of_order_time_window: 30d}}\n", encoding="utf-8"
    )
    command = [program, f"--config.file={settings}", f"--storage.tsdb.path={home / 'prometheus'}"]
    command += ["--web.enable-remote-write-receiver", f"--web.listen-address=127.0.0.1:{port}"]
    return stack.enter_context(serving.served("prometheus", command, port))

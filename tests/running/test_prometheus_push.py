"""A real Prometheus writes to a running portal: what it scraped is what the portal stores, whoever of them restarts."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.portal import Portal, start_portal
from tests.prometheus import Server, eventually

REMOTE_WRITE = """
remote_write:
  - url: {url}/api/v1/prometheus/write?source=cluster
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 500ms, min_backoff: 50ms, max_backoff: 500ms}}
"""
MEMORY, CPU = "node_memory_MemAvailable_bytes", "node_cpu_seconds_total"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    yield from start_portal(tmp_path_factory.mktemp("pushed"), number=9, sample=False)


@pytest.fixture(scope="module")
def server(
    portal: Portal, prometheus: Path, node_exporter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Started when the portal has a source with rules, so that nothing was sent before them."""
    set_up(portal)
    server = Server(
        prometheus,
        node_exporter,
        tmp_path_factory.mktemp("prometheus"),
        more=REMOTE_WRITE.format(url=portal.url, token=portal.token),
    )
    try:
        server.start()
        eventually(lambda: server.samples(f"{MEMORY}[1h]", time.time()), bool)
        yield server
    finally:
        server.kill()


def set_up(portal: Portal) -> None:
    with portal.api() as api:
        api.post("initiatives/", json={"slug": "machine", "name": "Machine"}).raise_for_status()
        kpi = {"initiative": "machine", "category": "efficiency", "interval": "hour", "direction": "decrease"}
        memory = kpi | {"slug": "memory", "name": "Memory", "unit": "By", "aggregation": "mean"}
        cpu = kpi | {"slug": "cpu", "name": "Processor time", "unit": "s", "aggregation": "sum"}
        for one in (memory, cpu):
            api.post("kpis/", json=one).raise_for_status()
        api.post("sources/", json={"slug": "cluster", "name": "Cluster", "kind": "push"}).raise_for_status()
        for key, name, kind in [("machine.memory", MEMORY, "gauge"), ("machine.cpu", CPU, "counter")]:
            matchers = [{"label": "__name__", "op": "=", "value": name}]
            rule = {"kpi": key, "matchers": matchers, "kind": kind, "keep_labels": ["mode"]}
            api.post("sources/cluster/rules/", json=rule).raise_for_status()


def stored(portal: Portal, key: str) -> dict[tuple[int, str, str], float]:
    """{(milliseconds, mode, id): value}"""
    rows = portal.rows(
        "select round(extract(epoch from m.at) * 1000)::int8, coalesce(s.labels ->> 'mode', ''), m.event_id, m.value "
        "from kpis_measurement m join kpis_series s on s.id = m.series_id join kpis_kpi k on k.id = s.kpi_id "
        "where k.key = %s",
        key,
    )
    return {(at, mode, event_id): value for at, mode, event_id, value in rows}


def scraped(server: Server, name: str, until: float) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
    """Every series with all samples up to `until`, as Prometheus keeps them."""
    return [
        (one["metric"], [(round(at * 1000), float(value)) for at, value in one["values"]])
        for one in server.samples(f"{name}[1h]", until)
    ]


def expected_gauge(server: Server, until: float) -> list[tuple[int, str, float]]:
    return sorted((at, "", value) for _, samples in scraped(server, MEMORY, until) for at, value in samples)


def expected_counter(server: Server, until: float) -> list[tuple[int, str, float]]:
    """What each series grew by from sample to sample, counted here in the plainest way."""
    return sorted(
        (at, metric["mode"], value - before if value >= before else value)
        for metric, samples in scraped(server, CPU, until)
        for (_, before), (at, value) in pairwise(samples)
    )


def found(portal: Portal, key: str, until: float) -> list[tuple[int, str, float]]:
    rows = stored(portal, key).items()
    return sorted((at, mode, value) for (at, mode, _), value in rows if at <= until * 1000)


def everything_arrived(portal: Portal, server: Server) -> None:
    """What was scraped until now is stored, and nothing else."""
    until = time.time()
    wanted = {"machine.memory": expected_gauge(server, until), "machine.cpu": expected_counter(server, until)}
    for key, rows in wanted.items():
        assert len(rows) > 2
        eventually(lambda key=key, rows=rows: found(portal, key, until) == rows, bool, seconds=30)


def seconds_pass(server: Server, seconds: int) -> None:
    since = time.time()
    eventually(lambda: server.samples(f"{MEMORY}[{seconds + 1}s]", time.time()), has_samples_after(since + seconds - 1))


def has_samples_after(instant: float) -> Any:
    return lambda series: bool(series) and series[0]["values"][-1][0] >= instant


def test_what_prometheus_scrapes_is_what_the_portal_stores(portal: Portal, server: Server):
    seconds_pass(server, 5)
    everything_arrived(portal, server)
    by_mode: dict[str, set[str]] = defaultdict(set)
    for _, mode, event_id in stored(portal, "machine.cpu"):
        by_mode[mode].add(event_id)
    processors = len({metric["cpu"] for metric, _ in scraped(server, CPU, time.time())})
    assert {len(ids) for ids in by_mode.values()} == {processors}  # merged into one label set, and kept apart
    assert len(by_mode) >= 6


def test_it_becomes_interval_values(portal: Portal, server: Server):
    seconds_pass(server, 3)
    with portal.api() as api:
        (interval, *_) = eventually(lambda: api.get("kpis/machine.memory/intervals/").json()["results"], bool)
        assert interval["value"] > 0
        assert api.get("sources/cluster/").json()["health"]["state"] == "flowing"


def test_what_no_rule_takes_is_listed(portal: Portal, server: Server):
    with portal.api() as api:
        answer = eventually(
            lambda: api.get("sources/cluster/series/?mapped=false&page_size=200").json(), lambda a: a["count"] > 100
        )
        assert MEMORY not in {one["name"] for one in answer["results"]}
        assert api.get("sources/cluster/series/?mapped=true").json()["count"] > 6


def test_a_portal_that_dies_and_comes_back_has_lost_and_doubled_nothing(portal: Portal, server: Server):
    for _ in range(2):
        seconds_pass(server, 2)
        web = portal.child("web")
        os.killpg(web.running.process.pid, signal.SIGKILL)
        web.running.process.wait(10)
        seconds_pass(server, 3)
        web.begin()
    everything_arrived(portal, server)


def test_a_prometheus_that_restarts_has_lost_and_doubled_nothing(portal: Portal, server: Server):
    seconds_pass(server, 2)
    server.stop()
    server.start()
    seconds_pass(server, 4)
    everything_arrived(portal, server)

"""A real Prometheus that scrapes a real node exporter, and a portal that pulls from it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.portal import Portal, start_portal
from tests.prometheus import Server, eventually

HISTORY_SECONDS = 15


@pytest.fixture(scope="module")
def server(prometheus: Path, node_exporter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(prometheus, node_exporter, tmp_path_factory.mktemp("prometheus"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def portal(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Started after Prometheus, so that there is a history to catch up with."""
    allow = f"127.0.0.1:{server.port}"
    yield from start_portal(tmp_path_factory.mktemp("pulling"), number=7, sample=False, OUTBOUND_ALLOW=allow)


@pytest.fixture(scope="module")
def begun(server: Server) -> float:
    """A whole second from which on the machine has been measured."""
    found = eventually(lambda: server.values("node_load1", int(time.time()) - 600, time.time(), 1), bool)
    return float(found[0]["values"][0][0])


def set_up(portal: Portal, server: Server, slug: str, feed: dict[str, Any], **more: Any) -> None:
    with portal.api() as api:
        api.post("initiatives/", json={"slug": slug, "name": slug}).raise_for_status()
        kpi = {"initiative": slug, "slug": "x", "name": "X", "category": "efficiency", "unit": "By", "interval": "hour"}
        api.post("kpis/", json=kpi | {"direction": "decrease", "aggregation": "mean"}).raise_for_status()
        source = {"slug": slug, "name": slug, "kind": "prometheus", "address": server.address, "initiative": slug}
        source |= {"every": "PT5S", "overlap": "PT5S", "feeds": [{"kpi": f"{slug}.x", "step": "PT1S"} | feed]}
        answer = api.post("sources/", json=source | more)
        assert answer.status_code == 201, answer.text


def runs(portal: Portal, slug: str) -> list[dict[str, Any]]:
    with portal.api() as api:
        return api.get(f"sources/{slug}/pulls/").json()["results"]


def stored(portal: Portal, slug: str) -> dict[tuple[float, str], float]:
    rows = portal.rows(
        "select extract(epoch from m.at)::float8, s.labels ->> 'mode', m.value from kpis_measurement m "
        "join kpis_series s on s.id = m.series_id join kpis_kpi k on k.id = s.kpi_id where k.key = %s",
        f"{slug}.x",
    )
    return {(at, mode or ""): value for at, mode, value in rows}


def instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def test_what_prometheus_has_is_what_the_portal_stores_step_by_step(portal: Portal, server: Server, begun: float):
    query = "node_memory_MemAvailable_bytes"
    set_up(portal, server, "memory", {"query": query, "begin_at": instant(begun)})
    until = begun + HISTORY_SECONDS
    found = eventually(lambda: stored(portal, "memory"), lambda rows: rows and max(rows)[0] >= until)
    (series,) = server.values(query, begun, until, 1)
    expected = {(at, ""): float(value) for at, value in series["values"]}
    assert len(expected) == HISTORY_SECONDS + 1
    assert {key: value for key, value in found.items() if begun <= key[0] <= until} == expected


def test_series_are_kept_apart_by_the_labels_that_were_asked_for(portal: Portal, server: Server, begun: float):
    query = "sum by (mode) (node_cpu_seconds_total)"
    set_up(portal, server, "cpu", {"query": query, "keep_labels": ["mode"], "begin_at": instant(begun)})
    found = eventually(lambda: stored(portal, "cpu"), bool)
    until = max(at for at, _ in found)
    expected = {
        (at, series["metric"]["mode"]): float(value)
        for series in server.values(query, begun, until, 1)
        for at, value in series["values"]
    }
    assert len({mode for _, mode in found}) >= 6
    assert found == {key: value for key, value in expected.items() if key in found}


def test_a_second_run_asks_the_overlap_again_and_doubles_nothing(portal: Portal, server: Server, begun: float):
    set_up(portal, server, "overlap", {"query": "node_load1", "begin_at": instant(begun)})
    found = eventually(lambda: runs(portal, "overlap"), lambda r: len(r) >= 3 and all(x["finished_at"] for x in r))
    assert {run["state"] for run in found} == {"ok"}
    assert any(run["unchanged"] + run["replaced"] > 0 for run in found)
    total = sum(run["accepted"] for run in found)
    assert len(stored(portal, "overlap")) >= total  # a run may have gone on since; none counted a sample twice
    newer = [run for run in runs(portal, "overlap") if run not in found]
    assert len(stored(portal, "overlap")) <= total + sum(run["accepted"] for run in newer) + 10


def test_wrong_promql_gives_a_failed_run_in_prometheus_own_words(portal: Portal, server: Server):
    set_up(portal, server, "wrong", {"query": "sum(node_load1"})
    run = eventually(lambda: runs(portal, "wrong"), lambda r: r and r[0]["finished_at"])[0]
    assert (run["state"], run["error_code"]) == ("failed", "query_wrong")
    assert "parse error" in run["error_detail"]
    with portal.api() as api:
        assert api.get("sources/wrong/").json()["health"]["state"] == "failing"
        (trial,) = api.post("sources/wrong/test/").json()["results"]
        assert trial["code"] == "query_wrong"


def test_a_prometheus_that_is_down_is_a_failed_run_and_the_gap_is_asked_for_when_it_is_back(
    portal: Portal, server: Server, begun: float
):
    set_up(portal, server, "down", {"query": "node_load1", "begin_at": instant(begun)})
    eventually(lambda: stored(portal, "down"), bool)
    server.stop()
    failed = eventually(lambda: runs(portal, "down"), lambda r: r[0]["state"] == "failed")[0]
    assert failed["error_code"] == "outbound_unreachable"
    assert str(server.port) not in failed["error_detail"]
    server.start()
    back = time.time()
    eventually(lambda: runs(portal, "down"), lambda r: r[0]["state"] == "ok")
    found = eventually(lambda: stored(portal, "down"), lambda rows: max(rows)[0] > back + 3)
    (series,) = server.values("node_load1", begun, max(found)[0], 1)
    expected = {at: float(value) for at, value in series["values"]}
    # While it was down it measured nothing, and an old value is repeated for its look-back time at most.
    assert {at: value for (at, _), value in found.items() if at >= begun} == expected


def test_the_portal_answers_pages_while_a_source_is_down(portal: Portal):
    assert httpx.get(f"{portal.url}/readyz").status_code == 200
    assert os.path.exists(portal.home / "log" / "worker.log")

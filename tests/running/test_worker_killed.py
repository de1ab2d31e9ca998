"""A worker killed with -9 in the middle of a pull: nothing is lost, nothing doubled, and the run says how it ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.portal import Portal, start_portal
from tests.running.ticket_desk import FEED, SECRET, Desk, running_desk, ticket

TICKETS = 1200
YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk() as desk:
        yield desk


@pytest.fixture(scope="module")
def portal(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    yield from start_portal(
        tmp_path_factory.mktemp("killed"),
        number=6,
        sample=False,
        OUTBOUND_ALLOW=desk.host_and_port,
        PULL_LEASE_SECONDS="9",
    )


def eventually(read: Callable[[], Any], ready: Callable[[Any], bool], *, seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not ready(found := read()) and time.monotonic() < until:
        time.sleep(0.1)
    assert ready(found), found
    return found


def set_up(portal: Portal, desk: Desk, slug: str, **more: Any) -> None:
    with portal.api() as api:
        api.post("initiatives/", json={"slug": slug, "name": slug}).raise_for_status()
        kpi = {"initiative": slug, "slug": "handling", "name": "Handling", "category": "efficiency", "unit": "min"}
        api.post("kpis/", json=kpi | {"direction": "decrease", "aggregation": "mean"}).raise_for_status()
        feed = FEED | {"kpi": f"{slug}.handling", "begin_at": (YESTERDAY - timedelta(hours=1)).isoformat()}
        source = {"slug": slug, "name": "Desk", "kind": "http_json", "initiative": slug, "address": desk.address}
        source |= {"auth_header": f"Authorization: {SECRET}", "every": "PT24H", "overlap": "PT1H", "feeds": [feed]}
        answer = api.post("sources/", json=source | more)
        assert answer.status_code == 201, answer.text


def runs(portal: Portal, slug: str) -> list[dict[str, Any]]:
    with portal.api() as api:
        return api.get(f"sources/{slug}/pulls/").json()["results"]


def stored(portal: Portal, slug: str) -> list[tuple[Any, ...]]:
    return portal.rows(
        "select m.event_id, m.value from kpis_measurement m join kpis_series s on s.id = m.series_id "
        "join kpis_kpi k on k.id = s.kpi_id where k.key = %s order by m.event_id::int",
        f"{slug}.handling",
    )


def kill_the_worker(portal: Portal) -> None:
    """The worker and its pool processes, all at once."""
    worker = portal.child("worker")
    os.killpg(worker.running.process.pid, signal.SIGKILL)
    worker.running.process.wait(10)


def test_a_worker_killed_in_the_middle_of_a_pull_loses_and_doubles_nothing(portal: Portal, desk: Desk):
    desk.tickets = [
        ticket(n, (YESTERDAY + timedelta(seconds=n)).isoformat().replace("+00:00", "Z"), n / 10, "ns"[n % 2])
        for n in range(TICKETS)
    ]
    desk.seconds_a_page = 0.5
    set_up(portal, desk, "killed")
    eventually(lambda: len(stored(portal, "killed")), lambda n: n >= 200)
    kill_the_worker(portal)
    killed_at = time.monotonic()
    assert 0 < len(stored(portal, "killed")) < TICKETS  # it was in the middle
    portal.child("worker").begin()

    eventually(lambda: runs(portal, "killed"), lambda found: found[0]["state"] == "ok")
    done_after = time.monotonic() - killed_at
    assert stored(portal, "killed") == [(str(n), n / 10) for n in range(TICKETS)]
    again, died = runs(portal, "killed")
    assert (died["state"], died["error_code"]) == ("failed", "worker_died")
    assert died["finished_at"] is not None
    # What the first run had stored is found unchanged by the second; together they account for every ticket once.
    assert died["accepted"] + again["accepted"] == TICKETS
    assert again["unchanged"] == died["accepted"]
    assert again["asked_from"] == died["asked_from"]
    assert done_after < 60


def test_a_system_that_answers_badly_gives_a_failed_run_with_its_reason_and_then_recovers(portal: Portal, desk: Desk):
    desk.seconds_a_page = 0
    desk.tickets = [ticket(1, YESTERDAY.isoformat().replace("+00:00", "Z"), 3.5)]
    desk.broken = "html"
    set_up(portal, desk, "broken")
    assert eventually(lambda: runs(portal, "broken"), lambda r: r and r[0]["finished_at"])[0]["error_code"] == (
        "answer_unreadable"
    )
    desk.broken = ""
    with portal.api() as api:
        api.post("sources/broken/run/").raise_for_status()
    eventually(lambda: runs(portal, "broken"), lambda r: len(r) == 2 and r[0]["state"] == "ok")
    assert stored(portal, "broken") == [("1", 3.5)]


def test_a_wrong_secret_says_so_and_tells_nobody_what_it_was(portal: Portal, desk: Desk):
    desk.tickets, desk.broken = [], ""
    set_up(portal, desk, "stranger", auth_header="Authorization: Bearer wrong-s3cret")
    run = eventually(lambda: runs(portal, "stranger"), lambda r: r and r[0]["finished_at"])[0]
    assert (run["state"], run["error_code"]) == ("failed", "not_let_in")
    log = (portal.home / "log" / "worker.log").read_text()
    assert "wrong-s3cret" not in log + str(run)


def test_another_address_on_this_machine_is_not_reached(portal: Portal, desk: Desk):
    database = urlsplit(portal.database_url)
    set_up(portal, desk, "tunnel", address=f"http://127.0.0.1:{database.port}/metrics", kind="scrape", auth_header="",
           feeds=[{"kpi": "tunnel.handling", "query": "sum(python_info)"}])  # fmt: skip
    run = eventually(lambda: runs(portal, "tunnel"), lambda r: r and r[0]["finished_at"])[0]
    assert (run["state"], run["error_code"]) == ("failed", "outbound_refused")

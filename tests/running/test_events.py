"""The event stream of the real web server: how soon, for how many, at which price."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from roi_portal.embedded import ROOT
from tests.portal import Portal, start_portal

ANNOUNCE = """
import sys, time
from kpis.plumbing import changes
for line in sys.stdin:
    changes.announce([("roi", line.strip(), line.strip())])
    print(time.time(), flush=True)
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    yield from start_portal(tmp_path_factory.mktemp("events"), number=5, sample=False)


class Announcer:
    """A process of the portal's own kind that announces a change for every line it is given."""

    def __init__(self, portal: Portal) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-v", "0", "-c", ANNOUNCE],
            cwd=ROOT, env=portal.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def tell(self, key: str) -> float:
        """Announce, and say when that was done."""
        self._process.stdin.write(f"{key}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)


@pytest.fixture(scope="module")
def announcer(portal: Portal) -> Iterator[Announcer]:
    announcer = Announcer(portal)
    announcer.tell("warm-up")
    yield announcer
    announcer.close()


async def listen(portal: Portal, token: str, heard: dict[str, list[float]], ready: asyncio.Event) -> None:
    """A reader that costs next to nothing: bare HTTP, since a hundred share the machine with the server."""
    address = urlsplit(portal.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET /events/ HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    try:
        assert b" 200 " in await reader.readline()
        async for line in reader:
            ready.set()
            if line.startswith(b"data: "):
                heard.setdefault(line.split(b'"')[3].decode(), []).append(time.time())
    finally:
        writer.close()


def delays(portal: Portal, announcer: Announcer, readers: int, changes: int) -> tuple[list[float], int]:
    """Seconds from each announcement until each reader heard it; database connections while all of them listened."""

    async def story() -> tuple[list[float], int]:
        heard: list[dict[str, list[float]]] = [{} for _ in range(readers)]
        ready = [asyncio.Event() for _ in range(readers)]
        texts = reader_tokens(portal, readers)
        tasks = [asyncio.create_task(listen(portal, texts[k % len(texts)], heard[k], ready[k])) for k in range(readers)]
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in ready)), 20)
        connections = await asyncio.to_thread(connections_of_the_web, portal)
        told = {}
        for k in range(changes):
            key = f"change-{readers}-{k}"
            told[key] = await asyncio.to_thread(announcer.tell, key)
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for mine in heard:
            assert {key: len(mine.get(key, [])) for key in told} == dict.fromkeys(told, 1), "each change once"
        return [mine[key][0] - at for mine in heard for key, at in told.items()], connections

    return asyncio.run(story())


def reader_tokens(portal: Portal, readers: int) -> list[str]:
    """One asker may have 25 streams; so there are as many askers as it takes."""
    return [
        portal.manage("create_token", f"reader {k}", "--scope", "read").stdout.strip() for k in range(-(-readers // 20))
    ]


def connections_of_the_web(portal: Portal) -> int:
    query = "select count(*) from pg_stat_activity where datname = current_database() and application_name = any(%s)"
    return portal.rows(query, ["roi-web", "roi-events"])[0][0]


def test_a_change_reaches_an_open_stream_within_a_second(portal, announcer):
    waited, _ = delays(portal, announcer, readers=1, changes=20)
    assert max(waited) < 1


def test_a_hundred_streams_hold_no_database_connection_of_their_own(portal, announcer, record_property):
    with httpx.Client(timeout=30) as client:
        for _ in range(10):
            client.get(f"{portal.url}/sign-in/")
    before = connections_of_the_web(portal)
    waited, during = delays(portal, announcer, readers=100, changes=20)
    listening = portal.rows(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'roi-events'"
    )[0][0]
    print(f"100 streams: median {statistics.median(waited) * 1e3:.1f} ms, p95 {sorted(waited)[-100] * 1e3:.1f} ms, "
          f"web connections {before} before and {during} during, {listening} of them listening")  # fmt: skip
    assert listening <= 2, "one for each web process"
    assert during <= before + 2
    assert max(waited) < 1


def test_streams_that_were_left_are_forgotten(portal, announcer):
    delays(portal, announcer, readers=40, changes=1)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        text = httpx.get(f"{portal.url}/metrics", timeout=30).text
        open_now = sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("roi_event_streams"))
        if open_now == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"{open_now:g} streams are still counted")


def test_a_person_who_signs_in_hears_the_changes_and_after_signing_out_is_refused(portal, announcer):
    with httpx.Client(base_url=portal.url, timeout=30) as browser:
        page = browser.get("/sign-in/")
        secret = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": portal.sign_in, "password": portal.password, "csrfmiddlewaretoken": secret}
        assert browser.post("/sign-in/", data=form).status_code == 302
        with browser.stream("GET", "/events/", timeout=5) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            announcer.tell("signed-in")
            assert any("signed-in" in line for line in lines)
        browser.post("/sign-out/", data={"csrfmiddlewaretoken": browser.cookies["roi-csrf"]})
        assert browser.get("/events/").status_code == 401

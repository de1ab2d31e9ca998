"""From a commit to the browsers: how long until every open event stream has heard of a change.

Each client is an open `/events/` connection to one web process, held by this one. A change is committed as the worker
commits it; the time runs from just before, until a client has read the event's last byte. Beside it the limit: a bare
connection that LISTENs on the same database, told in the same way.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection

from bench.kit import serving
from bench.kit.accounting import cpu_seconds
from bench.kit.serving import Served

CLIENTS = (1, 100, 500)
CHANGES = 60
PAUSE_SECONDS = 0.02
PLACE = ("host", "port", "dbname", "user", "password")
OF_A_TOKEN = 20  # streams; the portal allows 25


def run() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    tokens = _prepare(-(-max(CLIENTS) // OF_A_TOKEN))
    figures = {}
    with serving.gunicorn("roi_portal.asgi:application", "roi_portal.settings") as portal:
        for clients in CLIENTS:
            figures[f"{clients} client{'s' * (clients > 1)}"] = asyncio.run(_measured(portal, tokens, clients))
    bare = asyncio.run(_bare())
    return {
        "ratios": {
            f"p95 of {name} : a bare LISTEN": round(figure["p95_ms"] / bare["p95_ms"], 2)
            for name, figure in figures.items()
        },
        "figures": figures | {"a bare LISTEN": bare},
        "limit": {"100 clients, p95_ms": 50},
        "changes": CHANGES,
        "postgresql": connection.pg_version,
    }


def _prepare(count: int) -> list[str]:
    from kpis.access import tokens
    from kpis.definitions.models import Initiative
    from kpis.plumbing import clock

    Initiative.objects.create(slug="bench", name="Benchmark")
    return [tokens.issue(f"bench {n}", ["read"], by=None, at=clock.now())[1] for n in range(count)]


async def _measured(portal: Served, tokens: list[str], clients: int) -> dict[str, float]:
    """Latencies over all clients and changes, and the web process' time for telling one client of one change."""
    heard: dict[str, list[float]] = {}
    streams = [await asyncio.open_connection("127.0.0.1", portal.port, limit=1 << 20) for _ in range(clients)]
    readers = []
    for n, (reader, writer) in enumerate(streams):
        head = f"GET /events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {tokens[n // OF_A_TOKEN]}\r\n\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"retry:")
        readers.append(asyncio.create_task(_listen(reader, heard)))
    began = cpu_seconds([portal.pid])
    sent = await _tell(f"c{clients}")
    await _until_all_have_heard(heard, sent, clients)
    used = cpu_seconds([portal.pid]) - began
    for task, (_, writer) in zip(readers, streams, strict=True):
        task.cancel()
        writer.close()
    latencies = [at - sent[key] for key, times in heard.items() if key in sent for at in times]
    return _figures(latencies) | {"cpu_us_an_event_and_client": round(used / clients / CHANGES * 1e6, 1)}


async def _listen(reader: asyncio.StreamReader, heard: dict[str, list[float]]) -> None:
    """Note when each key was heard: its `data` line ends the event."""
    while line := await reader.readline():
        if line.startswith(b"data:"):
            heard.setdefault(json.loads(line[5:])["key"], []).append(time.perf_counter())


async def _tell(prefix: str) -> dict[str, float]:
    """Commit the changes, one after the other; when each one's commit began, by its key."""
    from kpis.plumbing import changes

    sent = {}
    for n in range(CHANGES):
        key = f"{prefix}.k{n}"
        sent[key] = time.perf_counter()
        await sync_to_async(changes.announce)([("interval", key, "bench")])
        await asyncio.sleep(PAUSE_SECONDS)
    return sent


async def _until_all_have_heard(heard: dict[str, list[float]], sent: dict[str, float], clients: int) -> None:
    """Raises RuntimeError where a client has missed a change."""
    end = time.monotonic() + 30
    while any(len(heard.get(key, ())) < clients for key in sent):
        if time.monotonic() > end:
            raise RuntimeError("a client has missed a change")
        await asyncio.sleep(0.05)


async def _bare() -> dict[str, float]:
    from kpis.plumbing import changes

    heard: list[float] = []
    place = {name: value for name, value in connection.get_connection_params().items() if name in PLACE}
    async with await psycopg.AsyncConnection.connect(**place, autocommit=True) as listener:
        await listener.execute(f"listen {changes.CHANNEL}")

        async def listen() -> None:
            async for _ in listener.notifies():
                heard.append(time.perf_counter())

        task = asyncio.create_task(listen())
        sent = await _tell("bare")
        await asyncio.sleep(1)
        task.cancel()
    return _figures([at - began for at, began in zip(heard, sent.values(), strict=True)])


def _figures(latencies: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p95_ms": round(cuts[94] * 1e3, 2),
        "max_ms": round(max(latencies) * 1e3, 2),
    }

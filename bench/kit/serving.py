"""Servers of a benchmark's own, started as `manage.py up` starts the portal's, and stopped at the end."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from roi_portal import embedded, processes

PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Served:
    """A server of the run: its process and port."""

    pid: int
    port: int


@contextmanager
def gunicorn(application: str, settings: str, *, workers: int = 1) -> Iterator[Served]:
    """Web workers behind gunicorn with the portal's own settings of the server."""
    port = processes.free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "python:roi_portal.serving"]
    command += ["-w", str(workers), "-b", f"127.0.0.1:{port}", application]
    env = {"PYTHONPATH": str(embedded.ROOT), "DJANGO_SETTINGS_MODULE": settings}
    with served(application.partition(":")[0], command, port, env=env) as server:
        yield server


@contextmanager
def served(
    name: str, command: Sequence[str], port: int, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Served]:
    """Any server that listens on `port` of 127.0.0.1. Raises RuntimeError with its last words where it does not."""
    services = embedded.current()
    log = services.home / f"{name}.log"
    environment = embedded.child_environment(services, **(env or {}))
    running = processes.start(name, list(command), log=log, env=environment, cwd=cwd or embedded.ROOT)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while processes.port_is_free(port):
            if not running.is_alive or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start:\n{processes.last_lines(running.log)}")
            time.sleep(0.1)
        yield Served(running.process.pid, port)
    finally:
        processes.stop([running])


@contextmanager
def client_of(server: Served) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        yield client
    finally:
        client.close()


def post(
    client: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str], answers: Sequence[int]
) -> bytes:
    """The answer's body. Raises RuntimeError where the status is none of `answers`."""
    client.request("POST", path, body, dict(headers))
    response = client.getresponse()
    answer = response.read()
    if response.status not in answers:
        raise RuntimeError(f"{path} answered {response.status}: {answer[:500]!r}")
    return answer

"""Runs web, worker and scheduler: starts them, starts them again when they end, stops them in order.

A process that ends is started again after a pause that doubles up to half a minute. A server that ends
stops everything, since nothing works without it. Killed itself, the supervisor leaves nothing behind
(processes.py).
"""

from __future__ import annotations

import http.client
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from roi_portal import embedded, processes, progress
from roi_portal.embedded import ROOT, Services
from roi_portal.environment import StartRefused
from roi_portal.processes import Running

READY_SECONDS = 120
TRIES_BEFORE_READY = 3
LONGEST_PAUSE_SECONDS = 30
STEADY_SECONDS = 60  # who ran this long has recovered: the pauses begin anew
QUEUES = "pull,derive,send"


@dataclass(frozen=True, slots=True)
class Role:
    """One of the portal's own processes and how it is started."""

    name: str
    command: list[str]
    grace_seconds: float


def roles(port: int, folder: Path) -> list[Role]:
    """In the order of starting; stopped the other way round."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "roi_portal.celery"]
    listen = ["-c", "python:roi_portal.serving", "-b", f"127.0.0.1:{port}"]
    worker = ["-l", "WARNING", "-c", "2", "-Q", QUEUES, "-n", "worker@portal", "--without-mingle", "--without-gossip"]
    schedule = ["-l", "WARNING", "-s", str(folder / "schedule"), "--pidfile="]
    return [
        Role("web", [*python, "gunicorn", *listen, "roi_portal.asgi:application"], 8),
        Role("worker", [*celery, "worker", *worker], 20),
        Role("scheduler", [*celery, "beat", *schedule], 5),
    ]


class Child:
    """A role with its running process and its history of failures."""

    def __init__(self, role: Role, start: Callable[[Role], Running]) -> None:
        self.role = role
        self.failures = 0
        self._start = start
        self._again_at: float | None = None
        self.begin()

    def begin(self) -> None:
        self._again_at, self._begun = None, time.monotonic()
        self.running = self._start(self.role)

    def look_after(self) -> None:
        """Notice an end, say it, and start again when the pause is over."""
        if self.running.is_alive:
            return
        if self._again_at is None:
            self.failures = 1 if time.monotonic() - self._begun > STEADY_SECONDS else self.failures + 1
            pause = min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** (self.failures - 1))
            self._again_at = time.monotonic() + pause
            code = self.running.process.returncode
            progress.say(f"The {self.role.name} ended (code {code}) and is started again in {pause:g} s.")
            progress.say(processes.last_lines(self.running.log, 6))
        elif time.monotonic() >= self._again_at:
            self.begin()


class Supervisor:
    """The portal's processes on the given services. Use as a context: leaving it stops them."""

    def __init__(self, services: Services, *, port: int, host: str = "127.0.0.1") -> None:
        self.services, self.port, self.host = services, port, host
        self.folder, self.logs = services.home / "run", services.home / "log"
        self.children: list[Child] = []
        self._stopping = threading.Event()
        self._watching = False

    def __enter__(self) -> Supervisor:
        metrics = self.folder / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        for folder in (self.folder, metrics, self.logs):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.worker_ready.unlink(missing_ok=True)
        self._env = embedded.child_environment(
            self.services,
            PORT=str(self.port),
            PROMETHEUS_MULTIPROC_DIR=str(metrics),
            ROI_WORKER_READY_FILE=str(self.worker_ready),
            PYTHONUNBUFFERED="1",
        )
        # The scheduler only makes up for wake-ups that were lost: it comes last and takes no time from the others.
        *first, self._scheduler = roles(self.port, self.folder)
        self.children = [Child(role, self._start) for role in first]
        return self

    def __exit__(self, *_: object) -> None:
        processes.stop(child.running for child in reversed(self.children))

    @property
    def worker_ready(self) -> Path:
        return self.folder / "worker-ready"

    def _start(self, role: Role) -> Running:
        log = self.logs / f"{role.name}.log"
        if log.exists() and log.stat().st_size > 20_000_000:
            log.replace(log.with_suffix(".log.1"))
        lock = self.services.lock
        return processes.start(
            role.name,
            list(role.command),
            log=log,
            env=self._env,
            cwd=ROOT,
            grace_seconds=role.grace_seconds,
            keep_open=(lock,) if lock is not None else (),
        )

    def obey_signals(self) -> None:
        """Ctrl-C, a service manager's stop and a closed terminal all stop the portal in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, *_: object) -> None:
        """Before it is ready a stop interrupts whatever is going on; afterwards the watch sees it."""
        again = self._stopping.is_set()
        self._stopping.set()
        if not self._watching and not again:
            raise KeyboardInterrupt

    def wait_until_ready(self) -> None:
        """Until pages answer and tasks are taken. Refuses when a process keeps ending."""
        end = time.monotonic() + READY_SECONDS
        while not (self.worker_ready.exists() and self._answers()):
            self._look_after_all()
            failing = next((child for child in self.children if child.failures >= TRIES_BEFORE_READY), None)
            if failing or time.monotonic() > end:
                log = (failing or self.children[0]).running.log
                raise StartRefused(f"The portal did not start; the end of {log}:", processes.last_lines(log, 25))
            time.sleep(0.1)
        self.children.append(Child(self._scheduler, self._start))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def watch(self) -> int:
        """Until somebody asks to stop (0) or a server is lost (1)."""
        self._watching = True
        while not self._stopping.wait(0.25):
            lost = next((server for server in self.services.servers if not server.is_alive), None)
            if lost:
                progress.say(f"{lost.name} ended (code {lost.process.returncode}): the portal stops.")
                progress.say(processes.last_lines(lost.log))
                return 1
            self._look_after_all()
        return 0

    def _look_after_all(self) -> None:
        for child in self.children:
            child.look_after()

"""A real Prometheus with a real node exporter, for tests that pull from it or let it push."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from roi_portal import processes

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
{more}
scrape_configs:
  - job_name: machine
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""


@dataclass
class Server:
    """A Prometheus with its node exporter: both real, on free ports, with data in a folder of their own."""

    prometheus: Path
    exporter: Path
    home: Path
    port: int = field(default_factory=processes.free_port)
    exporter_port: int = field(default_factory=processes.free_port)
    more: str = ""  # of its configuration
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = self.home / "prometheus.yml"
        config.write_text(CONFIG.format(exporter=self.exporter_port, more=self.more))
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        self._run(str(self.exporter), f"--web.listen-address=127.0.0.1:{self.exporter_port}")
        self._run(str(self.prometheus), f"--config.file={config}", f"--storage.tsdb.path={self.home}/data", listen)
        eventually(self._is_ready, bool)

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(20)
        self.running.clear()

    def values(self, query: str, start: float, end: float, step: int) -> list[dict[str, Any]]:
        form = {"query": query, "start": start, "end": end, "step": step}
        return httpx.get(f"{self.address}/api/v1/query_range", params=form).json()["data"]["result"]

    def samples(self, query: str, at: float) -> list[dict[str, Any]]:
        """Series with their samples as they were scraped, of a query like `up[5m]`."""
        return httpx.get(f"{self.address}/api/v1/query", params={"query": query, "time": at}).json()["data"]["result"]

    def kill(self) -> None:
        for process in self.running:
            process.kill()
            process.wait(10)

    def _run(self, *command: str) -> None:
        with open(self.home / "log", "ab") as log:
            self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/-/ready").status_code == 200
        except httpx.TransportError:
            return False


def eventually(read: Callable[[], Any], ready: Callable[[Any], bool], *, seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not ready(found := read()) and time.monotonic() < until:
        time.sleep(0.1)
    assert ready(found), found
    return found

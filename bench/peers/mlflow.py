"""MLflow's tracking server: 1,000 metrics of a run in one `log-batch`, on SQLite and on the run's own PostgreSQL.

Installed from the package index into `var/bench`, outside the portal's environment; where that fails it is left out.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.db import connection

from bench.kit import serving
from bench.kit.serving import Served
from roi_portal import embedded, processes

PACKAGES = ("mlflow==3.17.2", "psycopg2-binary==2.9.13")
JSON = {"Content-Type": "application/json"}


class NotInstalled(Exception):
    """The package index is out of reach, or has no build for this machine."""


def installed() -> Path:
    """The `mlflow` command, brought when it is first asked for."""
    folder = embedded.ROOT / "var" / "bench" / PACKAGES[0]
    command = folder / "bin" / "mlflow"
    if not command.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
            subprocess.run(pip, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            raise NotInstalled(error.stderr.decode(errors="replace")[-500:]) from error
    return command


@contextmanager
def server(command: Path, store: str, *, workers: int = 1) -> Iterator[Served]:
    """store : `sqlite` or `postgresql`."""
    port = processes.free_port()
    home = embedded.current().home
    uri = f"sqlite:///{home}/mlflow.db" if store == "sqlite" else _database_of_its_own()
    arguments = ["server", "--backend-store-uri", uri, "--default-artifact-root", str(home / "mlflow")]
    arguments += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    # Its job runners outlive the server and take the second core.
    env = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_TRACKING_URI": ""}
    with serving.served(f"mlflow-{store}", [str(command), *arguments], port, env=env, cwd=home) as running:
        yield running


def new_run(client: http.client.HTTPConnection) -> str:
    """A run to send metrics to."""
    post = serving.post
    made = post(client, "/api/2.0/mlflow/experiments/create", b'{"name": "bench"}', JSON, [200])
    experiment = json.loads(made)["experiment_id"]
    body = json.dumps({"experiment_id": experiment, "start_time": 1}).encode()
    return str(json.loads(post(client, "/api/2.0/mlflow/runs/create", body, JSON, [200]))["run"]["info"]["run_id"])


def body(run_id: str, points: list[tuple[str, datetime, float]]) -> bytes:
    """A batch of metrics: key, time, value."""
    metrics = [
        {"key": key, "value": value, "timestamp": int(at.timestamp() * 1000), "step": int(at.timestamp()) // 60}
        for key, at, value in points
    ]
    return json.dumps({"run_id": run_id, "metrics": metrics}).encode()


def send(client: http.client.HTTPConnection, batch: bytes) -> None:
    serving.post(client, "/api/2.0/mlflow/runs/log-batch", batch, JSON, [200])


def _database_of_its_own() -> str:
    with connection.cursor() as cursor:
        cursor.execute("create database bench_mlflow")
    own = connection.get_connection_params()
    place = f"{own['host']}:{own['port']}"
    return f"postgresql+psycopg2://{own['user']}:{own['password']}@{place}/bench_mlflow"

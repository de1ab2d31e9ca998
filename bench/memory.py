"""Memory of the web server with two workers after it has answered all kinds of requests, shared pages counted once.

Beside it MLflow's tracking server with as many workers, after as many requests of its own.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench.kit import serving
from bench.kit.accounting import tree
from bench.kit.filling import roll_up_everything
from bench.kit.serving import Served
from bench.peers import mlflow

LIMIT_MIB = 220
WORKERS, TIMES = 2, 40
PAGES = ["/healthz", "/sign-in/", "/api/v1/schema/", "/metrics"]
READ = ["portfolio/", "initiatives/", "kpis/", "sources/", "benchmarks/"]


def run() -> dict[str, Any]:
    from kpis.access import tokens
    from kpis.definitions.models import Kpi
    from kpis.plumbing import clock

    call_command("migrate", verbosity=0)
    call_command("prepare_portal", "--json", stdout=StringIO(), verbosity=0)
    roll_up_everything()
    token = tokens.issue("bench", ["read", "ingest"], by=None, at=clock.now())[1]
    key, slug = Kpi.objects.values_list("key", "initiative__slug").first() or ("", "")
    figures, left_out = {}, {}
    with ExitStack() as stack:
        portal = stack.enter_context(
            serving.gunicorn("roi_portal.asgi:application", "roi_portal.settings", workers=WORKERS)
        )
        figures["portal, idle"] = _mebibytes(portal)
        _use(portal, token, key, slug)
        figures["portal, used"] = _mebibytes(portal)
        try:
            peer = stack.enter_context(mlflow.server(mlflow.installed(), "sqlite", workers=WORKERS))
            client = stack.enter_context(serving.client_of(peer))
            run_id = mlflow.new_run(client)
            for number in range(TIMES):
                points = [(f"k{n}", clock.now(), float(number + n)) for n in range(1000)]
                mlflow.send(client, mlflow.body(run_id, points))
            figures["MLflow, used"] = _mebibytes(peer)
        except mlflow.NotInstalled as error:
            left_out["MLflow"] = str(error)
    ratios = {f"the portal, used : {LIMIT_MIB} MiB": round(figures["portal, used"] / LIMIT_MIB, 2)}
    if "MLflow, used" in figures:
        ratios["the portal, used : MLflow, used"] = round(figures["portal, used"] / figures["MLflow, used"], 2)
    return {
        "ratios": ratios,
        "mebibytes": figures,
        "left_out": left_out,
        "workers": WORKERS,
        "postgresql": connection.pg_version,
    }


def _use(portal: Served, token: str, key: str, slug: str) -> None:
    """Every kind of request, on connections that both workers take."""
    bearer = {"Authorization": f"Bearer {token}"}
    paths = [f"/api/v1/{path}" for path in [*READ, f"initiatives/{slug}/roi/", f"kpis/{key}/intervals/"]]
    for time in range(TIMES):
        with serving.client_of(portal) as client:
            for path in [*PAGES, *paths]:
                client.request("GET", path, headers=bearer)
                response = client.getresponse()
                response.read()
                if response.status not in (200, 302):
                    raise RuntimeError(f"{path} answered {response.status}")
            at = [1_760_000_000_000 + time * 60_000_000 + n * 60_000 for n in range(1000)]
            body = json.dumps({"kpi": key, "at": at, "value": [1.5] * len(at)}).encode()
            serving.post(client, "/api/v1/measurements/", body, bearer | {"Content-Type": "application/json"}, [200])


def _mebibytes(server: Served) -> float:
    """Proportional set size of the process tree: a page that two processes share counts half in each."""
    kibibytes = 0
    for pid in tree([server.pid]):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kibibytes += int(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:")))
    return round(kibibytes / 1024, 1)

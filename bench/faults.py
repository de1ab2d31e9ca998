"""kill -9 of web, worker and PostgreSQL under load: is every acknowledged point there, once, and counted rightly?

Four senders keep a ledger outside the portal (`bench.kit.outside_ledger`). Again and again, 50 to 800 ms after the
portal has answered, one group of processes is killed at once and started again. Afterwards the stored rows are held
against the ledgers, and the interval values against a second implementation. `bench faults web=1000 worker=1000
postgresql=1000` is the full count; zero failures of n kills mean a rate below 3/n.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection

from bench.kit.accounting import tree
from bench.kit.outside_ledger import told_by, verdict_on
from bench.kit.senders import Answers, Sender
from roi_portal import embedded, processes
from roi_portal.supervisor import Supervisor
from tests.oracles import interval_values as oracle

SENDERS, KPIS = 4, 6
PORTAL_BACK_SECONDS, SETTLED_SECONDS = 60, 300


def run(web: int = 20, worker: int = 20, postgresql: int = 20, seed: int = 4) -> dict[str, Any]:
    rng = random.Random(seed)
    victims = ["web"] * web + ["worker"] * worker + ["postgresql"] * postgresql
    rng.shuffle(victims)
    services = embedded.current()
    call_command("migrate", verbosity=0)
    token, keys = _prepare()
    connection.close()
    port, answers = processes.free_port(), Answers()
    folder = services.home / "ledgers"
    folder.mkdir()
    with Supervisor(services, port=port) as supervisor:
        supervisor.wait_until_ready()
        senders = [Sender(n, port=port, token=token, kpis=keys, folder=folder, answers=answers) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        back = _kill_one_after_the_other(victims, supervisor, answers, rng)
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join(180)
        failed = [str(sender.failed or "still sending") for sender in senders if sender.failed or sender.is_alive()]
        settled = _wait_until_settled()
    return _result(victims, folder, answers, back, failed, settled, seed)


def _prepare() -> tuple[str, list[str]]:
    from kpis.access import tokens
    from kpis.definitions.models import Initiative, Kpi
    from kpis.plumbing import clock

    initiative = Initiative.objects.create(slug="faults", name="Faults")
    aggregations = ("mean", "sum", "count", "max", "last", "p90")
    keys = [f"faults.{aggregation}" for aggregation in aggregations]
    for key, aggregation in zip(keys, aggregations, strict=True):
        Kpi.objects.create(
            initiative=initiative,
            slug=aggregation,
            key=key,
            name=aggregation,
            category="efficiency",
            unit="s",
            direction="decrease",
            aggregation=aggregation,
            interval="hour" if aggregation == "p90" else "day",
        )
    return tokens.issue("faults", ["ingest"], by=None, at=clock.now())[1], keys


# -- killing --------------------------------------------------------------------------------------------------------


def _kill_one_after_the_other(
    victims: list[str], supervisor: Supervisor, answers: Answers, rng: random.Random
) -> list[float]:
    """Seconds from PostgreSQL's accepting connections again to the next acknowledged request, one for each kill."""
    back: list[float] = []
    for victim in victims:
        _answered_since(time.monotonic(), answers)
        time.sleep(rng.uniform(0.05, 0.8))
        if victim == "postgresql":
            accepting_since = _kill_postgresql(supervisor.services)
            back.append(_answered_since(accepting_since, answers) - accepting_since)
        else:
            child = next(child for child in supervisor.children if child.role.name == victim)
            os.killpg(child.running.process.pid, signal.SIGKILL)
            child.running.process.wait(30)
            child.begin()
    _answered_since(time.monotonic(), answers)
    return back


def _answered_since(instant: float, answers: Answers) -> float:
    until = time.monotonic() + PORTAL_BACK_SECONDS
    while answers.last_ok <= instant:
        if time.monotonic() > until:
            raise RuntimeError(f"No request was acknowledged for {PORTAL_BACK_SECONDS} s: {answers.statuses}")
        time.sleep(0.01)
    return answers.last_ok


def _kill_postgresql(services: embedded.Services) -> float:
    """All its processes at once; started again on the same data and port. When it accepts connections."""
    place, server = next((n, one) for n, one in enumerate(services.servers) if one.name == "PostgreSQL")
    rest = tree([server.process.pid]) - {server.process.pid}
    for pid in (server.process.pid, *rest):  # the first one first, or it begins to clean up
        _kill(pid)
    server.process.wait(30)
    until = time.monotonic() + 120
    while not _database_answers():
        if time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL does not start:\n{processes.last_lines(server.log)}")
        # It ends at once while a process that was just being born still holds the shared memory: a supervisor tries on.
        if not services.servers[place].is_alive:
            services.servers[place] = _started_again(server, services)
        time.sleep(0.02)
    return time.monotonic()


def _started_again(server: processes.Running, services: embedded.Services) -> processes.Running:
    return processes.start(
        server.name,
        list(server.process.args),  # type: ignore[arg-type]
        log=server.log,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C.UTF-8"},
        account=processes.server_account(),
        stop_signal=server.stop_signal,
        death_signal=signal.SIGINT,
        keep_open=(services.lock,) if services.lock is not None else (),
    )


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _database_answers() -> bool:
    try:
        with psycopg.connect(embedded.current().env["DATABASE_URL"], connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _when(ready: Callable[[], bool], *, seconds: float) -> float:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise RuntimeError(f"Not ready within {seconds:g} s: {ready.__name__}")
        time.sleep(0.02)
    return time.monotonic()


def _wait_until_settled() -> float:
    """Seconds until nothing that arrived is left to roll up."""
    from kpis.measurements.models import Arrival

    begun = time.monotonic()
    return _when(lambda: not Arrival.objects.exists(), seconds=SETTLED_SECONDS) - begun


# -- what came of it ------------------------------------------------------------------------------------------------

STORED = """
select k.key, (extract(epoch from m.at) * 1000)::bigint, m.event_id, m.value
from kpis_measurement m join kpis_series s on s.id = m.series_id join kpis_kpi k on k.id = s.kpi_id
"""


def _result(
    victims: list[str],
    folder: Path,
    answers: Answers,
    back: list[float],
    failed: list[str],
    settled: float,
    seed: int,
) -> dict[str, Any]:
    told = told_by(sorted(folder.glob("*.jsonl")))
    with connection.cursor() as cursor:
        cursor.execute(STORED)
        stored = cursor.fetchall()
        cursor.execute("select coalesce(sum(accepted), 0)::bigint from kpis_batch")
        receipts = cursor.fetchone()[0]
    verdict = verdict_on(told, stored)
    compared, wrong = _against_the_oracle(stored)
    return {
        "counts": {
            "kills": len(victims),
            "acknowledged points": len(told.acknowledged),
            "acknowledged points lost": verdict.lost,
            "points doubled or never sent": verdict.doubled,
            "requests half stored": verdict.half_stored,
            "stored points without a receipt": abs(len(stored) - int(receipts)),
            "interval values compared": compared,
            "interval values that are not the oracle's": wrong,
            "senders that failed": len(failed),
            "answers with status 500": answers.statuses.get("500", 0),
        },
        "kills": {name: victims.count(name) for name in ("web", "worker", "postgresql")},
        "requests_acknowledged": told.requests,
        "requests_given_up": len(told.unknown),
        "statuses": dict(sorted(answers.statuses.items())),
        "longest_seconds_from_database_to_answer": round(max(back, default=0.0), 2),
        "seconds_until_settled": round(settled, 1),
        "failures": failed,
        "seed": seed,
        "postgresql": connection.pg_version,
    }


def _against_the_oracle(stored: list[tuple[str, int, str, float]]) -> tuple[int, int]:
    """How many interval values were compared, and how many are not what plain arithmetic says."""
    from kpis.definitions import organisation
    from kpis.definitions.models import Kpi
    from kpis.plumbing import clock
    from kpis.rollups.series import interval_values

    calendar, now = organisation.calendar(), clock.now()
    points: dict[str, list[oracle.Point]] = {}
    for key, at_ms, event_id, value in stored:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        points.setdefault(key, []).append(oracle.Point(at, value, 1.0, event_id))
    every = [point.at for found in points.values() for point in found]
    margin = timedelta(days=100)
    first, last = (at.replace(hour=0, minute=0, second=0, microsecond=0) for at in (min(every), max(every)))
    first, last = first - margin, last + margin
    walk = oracle.walked(calendar.zone, first, last, fiscal_year_start=calendar.fiscal_year_start)
    compared = wrong = 0
    for kpi in Kpi.objects.filter(key__in=points):
        for granularity in oracle.GRANULARITIES:
            expected = oracle.by_interval(points[kpi.key], walk, granularity)
            found = {(one.start, one.end): one for one in interval_values(kpi, granularity, first, last, now=now)}
            wrong += len(expected.keys() ^ found.keys())
            for bounds in expected.keys() & found.keys():
                compared += 1
                exact = oracle.value_of(expected[bounds], kpi.aggregation)
                near = 0.0101 if kpi.aggregation in oracle.SHARES else 1e-9
                value = found[bounds].value
                same = value is not None and exact is not None and abs(value - exact) <= near * max(1, abs(exact))
                wrong += not (same and found[bounds].count == len(expected[bounds]))
    return compared, wrong

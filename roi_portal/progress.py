"""What a person sees while the portal is set up: one line a step, with its time.

On a terminal the line of the running step moves; elsewhere (logs, CI) each step prints plain lines.
Everything here goes to standard error: standard output belongs to the answers.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator

QUIET_SECONDS = 5  # how often a step that takes long says so where the line cannot move


class Step:
    """One running step. `now` tells what it is at; the line is drawn at most ten times a second."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.started = time.monotonic()
        self._moves = sys.stderr.isatty()
        self._drawn = self.started

    def now(self, detail: str) -> None:
        elapsed = time.monotonic() - self.started
        pause = 0.1 if self._moves else QUIET_SECONDS
        if time.monotonic() - self._drawn < pause:
            return
        self._drawn = time.monotonic()
        self._line(f"{self.what} … {detail}, {elapsed:.0f} s", ends=not self._moves)

    def done(self) -> None:
        self._line(f"{self.what:<44} {time.monotonic() - self.started:5.1f} s", ends=True)

    def _line(self, text: str, *, ends: bool) -> None:
        if not self._moves:
            print(text, file=sys.stderr, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\x1b[K" + text[:width] + ("\n" if ends else ""))
        sys.stderr.flush()


@contextlib.contextmanager
def step(what: str, *, shown: bool = True) -> Iterator[Step]:
    """Time one step; its line is printed when it has succeeded."""
    running = Step(what)
    yield running
    if shown:
        running.done()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

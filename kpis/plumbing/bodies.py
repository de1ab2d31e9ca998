"""Answers that this process has given, to give them again while nothing has changed; the least used go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

BYTES_AT_MOST = 32 * 1024 * 1024
LARGEST = 1024 * 1024


class Body(NamedTuple):
    """An answer of status 200."""

    content: bytes
    content_type: str


_bodies: OrderedDict[str, Body] = OrderedDict()
_held = 0
_lock = threading.Lock()


def get(key: str) -> Body | None:
    with _lock:
        if key in _bodies:
            _bodies.move_to_end(key)
        return _bodies.get(key)


def put(key: str, body: Body) -> None:
    """Hold it, unless it is larger than a megabyte."""
    global _held
    if len(body.content) > LARGEST:
        return
    with _lock:
        _held += len(body.content) - (len(_bodies[key].content) if key in _bodies else 0)
        _bodies[key] = body
        while _held > BYTES_AT_MOST:
            _, gone = _bodies.popitem(last=False)
            _held -= len(gone.content)


def clear() -> None:
    global _held
    with _lock:
        _bodies.clear()
        _held = 0

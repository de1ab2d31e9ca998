"""Wake a background task by its name, after the commit. A wake-up carries ids, never data.

The work itself always waits in a table, so a wake-up that is lost costs seconds until the next tick and nothing
else. That is why a broker out of reach is logged here and never reaches the person who saved something.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import partial

from celery import current_app
from django.db import transaction
from kombu import pools
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2  # for connecting, and for one answer of a broker that hangs
PAUSE_SECONDS = 10.0  # how long a broker that could not be reached is not asked again
# Once more, at once: the connection may be older than the broker's last restart. Kombu's own default waits 6 seconds.
ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
TOGETHER_SECONDS = 0.3
_asked_again_at = 0.0  # on the monotonic stopwatch
_gathering = threading.Lock()
_gathered_at: dict[str, float] = {}  # when each task was last woken, on the monotonic stopwatch
_waiting: set[str] = set()  # tasks that a timer of this process will wake


def after_commit(task_name: str, *args: int | str) -> None:
    """Send `task_name` once the running transaction has committed; at once where there is none."""
    transaction.on_commit(partial(_send, task_name, args), robust=True)


def gathered_after_commit(task_name: str) -> None:
    """As `after_commit`, but many commits within 0.3 seconds wake the task twice: at the first and at the end.

    For what every request of a busy sender would wake: a message costs as much as storing some hundred points.
    """
    transaction.on_commit(partial(_gather, task_name), robust=True)


def _gather(task_name: str) -> None:
    with _gathering:
        if task_name in _waiting:
            return
        rest = _gathered_at.get(task_name, 0.0) + TOGETHER_SECONDS - time.monotonic()
        if rest > 0:
            _waiting.add(task_name)
            timer = threading.Timer(rest, _send_gathered, [task_name])
            timer.daemon = True
            timer.start()
            return
        _gathered_at[task_name] = time.monotonic()
    _send(task_name, ())


def _send_gathered(task_name: str) -> None:
    with _gathering:  # from here on a commit is no longer covered by this message
        _waiting.discard(task_name)
        _gathered_at[task_name] = time.monotonic()
    _send(task_name, ())


def _forget_timers() -> None:
    """A forked process has no timers of its parent's."""
    global _gathering
    _gathering = threading.Lock()
    _waiting.clear()


os.register_at_fork(after_in_child=_forget_timers)


def _send(task_name: str, args: tuple[int | str, ...]) -> None:
    """A broker that hangs would hold up every request: after one failure nobody asks it for a while."""
    global _asked_again_at
    if time.monotonic() < _asked_again_at:
        return
    try:
        with _producers().acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
            current_app.send_task(
                task_name, args=args, producer=producer, retry=True, retry_policy=ONCE_MORE, ignore_result=True
            )
    except (OperationalError, OSError) as error:
        _asked_again_at = time.monotonic() + PAUSE_SECONDS
        log.warning("The broker is out of reach: %s waits for the next tick (%s).", task_name, error)


def _producers() -> pools.ProducerPool:
    """Connections of our own: the worker's wait patiently for messages, these must not."""
    options = dict(current_app.conf.broker_transport_options or {})
    if str(current_app.conf.broker_write_url).startswith(("redis", "valkey")):
        options |= {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    return pools.producers[current_app.connection_for_write(transport_options=options)]

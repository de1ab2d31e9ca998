"""Wake a background task by its name, after the commit. A wake-up carries ids, never data.

The work itself always waits in a table, so a wake-up that is lost costs seconds until the next tick and nothing
else. That is why a broker out of reach is logged here and never reaches the person who saved something.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0  # how long a broker that could not be reached is not asked again
_asked_again_at = 0.0  # on the monotonic stopwatch


def after_commit(task_name: str, *args: int | str) -> None:
    """Send `task_name` once the running transaction has committed; at once where there is none."""
    transaction.on_commit(partial(_send, task_name, args), robust=True)


def _send(task_name: str, args: tuple[int | str, ...]) -> None:
    """A broker that hangs would hold up every request: after one failure nobody asks it for a while."""
    global _asked_again_at
    if time.monotonic() < _asked_again_at:
        return
    try:
        current_app.send_task(task_name, args=args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _asked_again_at = time.monotonic() + PAUSE_SECONDS
        log.warning("The broker is out of reach: %s waits for the next tick (%s).", task_name, error)

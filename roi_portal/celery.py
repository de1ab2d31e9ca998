"""The queue: which tasks go where, and the few ticks of the scheduler.

A tick carries no data: it wakes a task that looks for due rows. A lost tick is made up by the next.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import structlog
from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_process_init, worker_ready
from django.conf import settings

from roi_portal import environment, processes

if not settings.configured:  # Celery itself has started this module
    environment.declare_process("worker")
    environment.use_settings()

app = Celery("roi_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # also for threads of the web process that wake a task

QUEUES = {
    "kpis.pull_*": {"queue": "pull"},
    "kpis.send_*": {"queue": "send"},
    "kpis.*": {"queue": "derive"},
}
TICKS = {
    "kpis.pull_due_sources": 5,
    "kpis.bring_up_to_date": 5,
    "kpis.map_received": 15,
    "kpis.send_due_digests": 30,
    "kpis.send_baseline_warnings": 3600,
    "kpis.send_outbox": 10,
    "kpis.trim_stamps": 60,
    "kpis.add_up_sent": 300,
    "kpis.remove_old_rows": 600,
    "kpis.tighten_months": 3600,
    "kpis.tidy_up": 3600,
}  # seconds

app.conf.task_routes = QUEUES
app.conf.beat_schedule = {
    # A tick that waited for longer than its own pause is dropped: the next one is already there.
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in TICKS.items()
}


@worker_process_init.connect(weak=False)
def follow_the_worker(**_: Any) -> None:
    """A pool process ends with its worker, also when that is killed."""
    processes.die_with_parent(signal.SIGKILL)


@worker_ready.connect(weak=False)
def tell_that_tasks_are_taken(**_: Any) -> None:
    """`up` says that the portal is ready when its worker is, too."""
    if settings.WORKER_READY_FILE:
        Path(settings.WORKER_READY_FILE).touch()


@task_prerun.connect(weak=False)
def name_the_task_in_log_lines(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@task_postrun.connect(weak=False)
def forget_the_task(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()

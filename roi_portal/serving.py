"""gunicorn's settings: `gunicorn -c python:roi_portal.serving roi_portal.asgi:application`."""

from __future__ import annotations

import gc
import signal
from typing import Any

import django
from django.urls import get_resolver
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from roi_portal import environment, processes

worker_class = "asgi"
workers = environment.whole_number("WEB_WORKERS", 2, at_least=1, at_most=64)
asgi_lifespan = "off"  # Django has none
preload_app = False  # a connection opened before the fork would give two workers each other's answers
graceful_timeout = 3  # open event streams do not hold up a stop: browsers come back by themselves
timeout = 60
keepalive = 15
control_socket_disable = True
loglevel = "warning"
proc_name = "roi-portal-web"


def on_starting(server: Any) -> None:
    """Load what pages and API need, once for all workers and before the port is open.

    Else the first visitor of each worker waits for it: seven seconds beside other starting processes. Modules only:
    connections, threads and handlers are made after the fork.
    """
    environment.declare_process("web")
    environment.use_settings()
    django.setup()
    _ = get_resolver().url_patterns
    processes.use_memory_sparingly()
    gc.collect()
    gc.freeze()  # what is loaded stays: a collection that looked at it would copy its pages into each worker


def post_fork(server: Any, worker: Any) -> None:
    """A worker ends with its arbiter, also when that is killed."""
    processes.die_with_parent(signal.SIGKILL)


def child_exit(server: Any, worker: Any) -> None:
    """Gauges of a process that is gone are no longer added up."""
    if values.ValueClass.__name__ == "MmapedValue":
        mark_process_dead(worker.pid)

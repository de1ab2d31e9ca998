"""What the portal says about itself: log lines with ids, and metrics for Prometheus.

Rooms of the domain define their own metrics with prometheus-client; the same registry exports them.
With PROMETHEUS_MULTIPROC_DIR set (as `up` does) the figures of all web and worker processes are added.
"""

from __future__ import annotations

import logging
import re
import resource
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass
from structlog.typing import Processor

REQUEST_SECONDS = Histogram(
    "roi_http_request_seconds",
    "Time from the first byte of a request to the answer being ready.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
IN_FLIGHT = Gauge("roi_http_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum")
MEMORY = Gauge("roi_process_memory_bytes", "Resident memory of all web processes.", multiprocess_mode="livesum")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
PAGE_BYTES = resource.getpagesize()

logger = logging.getLogger("roi_portal.requests")


class RequestMiddleware:
    """Gives each request an id that its log lines and its answer carry, and measures it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.memory_asked_at = 0.0  # on the monotonic stopwatch

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        with IN_FLIGHT.track_inprogress():
            response = self.get_response(request)
        match = request.resolver_match
        view = (match.view_name or match._func_path) if match else "none"
        method = request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        REQUEST_SECONDS.labels(view, method, str(response.status_code)).observe(time.perf_counter() - started)
        self._note_memory()
        response["X-Request-ID"] = request_id
        return response

    def _note_memory(self) -> None:
        """Once a second: asking the system costs more than all else here."""
        if time.monotonic() - self.memory_asked_at >= 1:
            self.memory_asked_at = time.monotonic()
            MEMORY.set(resident_bytes())


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


class DatabaseCollector:
    """Sizes that are asked when Prometheus asks; absent while the database is away."""

    def collect(self) -> Iterable[Metric]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_database_size(current_database()), count(*) from pg_stat_activity")
                size, sessions = cursor.fetchone()
        except DatabaseError:
            return
        yield GaugeMetricFamily("roi_database_bytes", "Size of the database on disk.", value=size)
        yield GaugeMetricFamily("roi_database_sessions", "Sessions open on the database server.", value=sessions)


def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format. Labels name views and states, never people or values."""
    registry = REGISTRY
    if ValueClass.__name__ == "MmapedValue":
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    body = generate_latest(registry)
    sizes = CollectorRegistry()
    sizes.register(DatabaseCollector())
    return HttpResponse(body + generate_latest(sizes), content_type=CONTENT_TYPE_LATEST)


# -- logs -------------------------------------------------------------------------------------------------------


def logging_settings(level: str) -> dict[str, Any]:
    """One JSON object a line on standard error, UTC, with the ids that are bound at that moment."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[*shared[:3], shared[4], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    render = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": shared, "processors": render}
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": level, "handlers": [], "propagate": True},
            "celery": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "axes": {"level": "WARNING"},
        },
    }

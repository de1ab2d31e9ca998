"""`/healthz`: this process is alive. `/readyz`: database, broker and migrations are in order.

Answered before anything else, so that a probe that knows only an address is not turned away for its host name.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from kombu import Connection
from kombu.exceptions import OperationalError

MIGRATIONS_TRUSTED_SECONDS = 30
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return HttpResponse("alive\n", content_type="text/plain")
        if request.path == "/readyz":
            return readiness()
        return self.get_response(request)


def readiness() -> HttpResponse:
    checks = {"database": database_trouble, "migrations": migrations_trouble, "broker": broker_trouble}
    troubles = {name: trouble for name, check in checks.items() if (trouble := check())}
    if not troubles:
        return JsonResponse({"status": "ready", "checks": dict.fromkeys(checks, "in order")})
    problem = {
        "type": "about:blank",
        "title": "Not ready",
        "status": 503,
        "detail": " ".join(troubles.values()),
        "errors": [{"code": name, "detail": trouble, "attr": None} for name, trouble in troubles.items()],
    }
    response = JsonResponse(problem, status=503, content_type="application/problem+json")
    response["Retry-After"] = "5"
    return response


def database_trouble() -> str:
    """Empty, or why the database cannot be relied on: out of reach, or it does not keep what it confirms."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select {', '.join(f'current_setting({name!r})' for name in DURABLE)}")
            off = [name for name, value in zip(DURABLE, cursor.fetchone(), strict=True) if value == "off"]
    except DatabaseError:
        connection.close()
        return "The database cannot be reached."
    if off and settings.DURABILITY_REQUIRED:
        return f"The database would lose what it has confirmed: {', '.join(off)} is off."
    return ""


_in_order_until = 0.0


def migrations_trouble() -> str:
    """Empty when every migration is applied. A good answer is trusted for a while: reading them all is slow."""
    global _in_order_until
    if time.monotonic() < _in_order_until:
        return ""
    try:
        if not MigrationRecorder(connection).has_table():
            return "The database has no tables yet: run `manage.py migrate`."
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "The migrations cannot be read while the database is away."
    if missing:
        return f"{len(missing)} migrations are not applied: run `manage.py migrate`."
    _in_order_until = time.monotonic() + MIGRATIONS_TRUSTED_SECONDS
    return ""


def broker_trouble() -> str:
    options = {"socket_connect_timeout": 2, "socket_timeout": 2} if settings.CELERY_BROKER_TRANSPORT_OPTIONS else {}
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=3)
            broker.default_channel.client.ping() if options else broker.default_channel
    except (OSError, OperationalError, *Connection(settings.CELERY_BROKER_URL).connection_errors):
        return "The broker cannot be reached."
    return ""

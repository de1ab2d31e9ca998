"""The web process: pages and API in threads (WSGI inside), the event stream on the event loop.

Plain ASGI Django was four to seven times slower here and kept connections until the database refused new ones.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from roi_portal import environment
from roi_portal.bridge import Bridge

THREADS = 8  # per process; each keeps at most one database connection

environment.declare_process("web")
environment.use_settings()
get_asgi_application()  # sets Django up, before anything imports a model

from kpis.api import events  # noqa: E402

_pages = Bridge(get_wsgi_application(), threads=THREADS, body_at_most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


async def application(scope: Any, receive: Any, send: Any) -> None:
    is_stream = scope["type"] == "http" and scope["path"] in ("/events", "/events/")
    await (events.stream if is_stream else _pages)(scope, receive, send)

"""The web process: pages and API in threads (WSGI inside), the event stream on the event loop.

Plain ASGI Django was four to seven times slower here and kept connections until the database refused new ones.
"""

from __future__ import annotations

from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from roi_portal import environment

THREADS = 8  # per process; each keeps at most one database connection

environment.declare_process("web")
environment.use_settings()
_stream = get_asgi_application()
_pages = WSGIMiddleware(get_wsgi_application(), workers=THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    inside = _stream if scope["type"] == "http" and scope["path"].startswith("/events") else _pages
    await inside(scope, receive, send)

"""For servers that speak WSGI only. The portal's own processes use asgi.py, which also streams events."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from roi_portal import environment

environment.declare_process("web")
environment.use_settings()
application = get_wsgi_application()

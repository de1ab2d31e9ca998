"""Middleware that only a browser's request needs: its session, its messages, its pages.

A request of a system carries a token and no cookie, and gets JSON; it passes by, and ingest with it. Who sends a token
in vain is refused by the API, session or not.
"""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django_htmx.middleware import HtmxMiddleware

API = "/api/"
BEARER = "bearer "


def comes_with_token(request: HttpRequest) -> bool:
    authorization: str = request.META.get("HTTP_AUTHORIZATION", "")
    return authorization[: len(BEARER)].lower() == BEARER and request.path_info.startswith(API)


def _for_browsers(middleware: type[Any]) -> type[Any]:
    """The same middleware, which lets requests with a token pass by."""

    def __call__(self: Any, request: HttpRequest) -> Any:
        return self.get_response(request) if comes_with_token(request) else middleware.__call__(self, request)

    return type(middleware.__name__, (middleware,), {"__call__": __call__})


ContentSecurityPolicy = _for_browsers(CSPMiddleware)
Sessions = _for_browsers(SessionMiddleware)
Authentication = _for_browsers(AuthenticationMiddleware)
Messages = _for_browsers(MessageMiddleware)
Htmx = _for_browsers(HtmxMiddleware)

"""`ETag` and `If-None-Match`: who asks again for figures that nothing has changed gets 304, or the answer as it was.

Mixed in before APIView. The tag holds who asks for what, in which language, the state version of all figures, and the
minute, since a figure becomes final or stale by time alone. Sign-in, rights and rate are checked before, each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.views import APIView

from kpis.access.models import Token
from kpis.api.permissions import asker
from kpis.plumbing import bodies, clock, stamps

Handler = Callable[..., HttpResponseBase]


class Conditional(APIView):
    """For a GET whose answer is made of interval values and definitions, not of measurements."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Inside a caller's transaction its own changes have no version yet.
        if request.method == "GET" and not connection.in_atomic_block:
            # REST framework looks the handler up right after this.
            self.get = _if_changed(self.get)  # type: ignore[has-type]


def _if_changed(handler: Handler) -> Handler:
    def answer(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        tag = f'W/"{_digest(request)}"'
        wanted = parse_etags(request.headers.get("If-None-Match", ""))
        if tag in wanted:
            return _marked(HttpResponse(status=304), tag)
        held = bodies.get(tag)
        if held is not None:
            return _marked(HttpResponse(held.content, content_type=held.content_type), tag)
        response = handler(request, *args, **kwargs)
        if response.status_code != 200 or not isinstance(response, HttpResponse):
            return response
        bodies.put(tag, bodies.Body(response.content, response.headers["Content-Type"]))
        return _marked(response, tag)

    return answer


def _marked(response: HttpResponse, tag: str) -> HttpResponse:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"  # keep it, and ask before each use
    patch_vary_headers(response, ["Authorization", "Cookie", "Accept-Language"])
    return response


def _digest(request: Request) -> str:
    who = asker(request)
    minute = int(clock.now().timestamp() // 60)
    parts = ["token" if isinstance(who, Token) else "user", str(who.pk), request.get_full_path(), request.get_host()]
    parts += [get_language() or "", stamps.state_version(), str(minute)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

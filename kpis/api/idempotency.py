"""`Idempotency-Key`: an unsafe request that is sent again gets the answer that it got, and is not done twice.

Mixed in before APIView. Answers of 5xx are not kept: the request was not carried out. Sign-in, rights and rate are
checked before, each time anew; so a revoked token gets no stored answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpis.access import audit
from kpis.api.permissions import asker
from kpis.api.refusal import Refusal
from kpis.plumbing import answers, clock

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
LONGEST_PATH = 400

Handler = Callable[..., HttpResponseBase]


class Idempotent(APIView):
    """`work_is_one_transaction = False`: for a view whose work commits by itself and may be done again unharmed."""

    work_is_one_transaction = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get(HEADER)
        if key is None or request.method in SAFE_METHODS or request.method is None:
            return
        if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
            raise Refusal(400, "invalid_idempotency_key", _("An Idempotency-Key is 1 to 200 printable characters."))
        name = request.method.lower()
        handler = getattr(self, name, self.http_method_not_allowed)
        # REST framework looks the handler up right after this; what it finds is the same one, done once.
        setattr(self, name, self._once(handler, key))

    def _once(self, handler: Handler, key: str) -> Handler:
        def answer_once(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asked = _asked(request, key)
            with answers.under_way(asked, in_transaction=self.work_is_one_transaction) as mine:
                if not mine:
                    sentence = _("A request with this Idempotency-Key is still under way.")
                    raise Refusal(409, "request_under_way", sentence, retry_after=1)
                return _replayed(asked) or self._work(handler, asked, request, *args, **kwargs)

        return answer_once

    def _work(
        self, handler: Handler, asked: answers.Asked, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        try:
            if self.work_is_one_transaction:
                with transaction.atomic():
                    response = handler(request, *args, **kwargs)
            else:
                response = handler(request, *args, **kwargs)
        except Exception as exc:  # the view's own handler decides; a refusal is an answer like any other
            response = self.handle_exception(exc)
        if response.status_code < 500:
            answers.keep(asked, self._answer_of(request, response), at=clock.now())
        return response

    def _answer_of(self, request: Request, response: HttpResponseBase) -> answers.Answer:
        if not isinstance(response, Response):
            content: bytes = response.content  # type: ignore[attr-defined]
            return answers.Answer(response.status_code, response.headers["Content-Type"], content)
        renderer = request.accepted_renderer
        rendered = b"" if response.data is None else renderer.render(response.data, renderer.media_type, {})
        body = rendered if isinstance(rendered, bytes) else rendered.encode()
        return answers.Answer(response.status_code, response.content_type or renderer.media_type, body)


def _asked(request: Request, key: str) -> answers.Asked:
    return answers.Asked(
        owner=audit.actor_of(asker(request)),  # type: ignore[arg-type]
        key=key,
        method=request.method or "",
        path=request.path[:LONGEST_PATH],
        fingerprint=answers.fingerprint(request.META.get("QUERY_STRING", ""), request.body),
    )


def _replayed(asked: answers.Asked) -> HttpResponse | None:
    try:
        answer = answers.stored(asked, at=clock.now())
    except answers.KeyReused as error:
        sentence = _("This Idempotency-Key was used for another request.")
        raise Refusal(422, "idempotency_key_reused", sentence) from error
    if answer is None:
        return None
    headers = {"Idempotent-Replayed": "true"}
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type, headers=headers)

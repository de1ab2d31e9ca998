"""Every error of the API is one problem document (RFC 9457), whoever raised it.

`{"type", "title", "status", "detail", "errors": [{"code", "detail", "attr"}]}`: `code` is stable and made for programs,
`detail` is a sentence made for people, `attr` names the member of the body, null where it is none. Refusals of the
domain carry their code and sentence; here they only get a status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_standardized_errors.formatter import flatten_errors
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kpis.access.tokens import TokenRefused
from kpis.api import constraints
from kpis.api.refusal import Refusal
from kpis.baselines.approving import ApprovalRefused
from kpis.baselines.readiness import BaselineNotReady
from kpis.benchmarks.rules import BenchmarkUnsound
from kpis.definitions.changing import ChangeRefused
from kpis.exports.proof.making import ProofRefused
from kpis.ledger.closing import ClosingNotAllowed, PeriodNotClosable
from kpis.planning.approving import CaseNotApprovable
from kpis.sources.configuring import SourceWrong

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
NO_ATTR = {None, "", "non_field_errors", "detail"}

# Which status a refusal of the domain has; each carries its own `code` and `detail`, some an `attr`.
REFUSALS: dict[type[Exception], int] = {
    TokenRefused: 400,
    ChangeRefused: 409,
    SourceWrong: 400,
    BenchmarkUnsound: 400,
    BaselineNotReady: 422,
    ApprovalRefused: 409,
    CaseNotApprovable: 409,
    ClosingNotAllowed: 403,
    PeriodNotClosable: 409,
    ProofRefused: 409,
}


class _Handler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        return as_api_exception(super().convert_known_exceptions(exc))

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        if exc.status_code == 500:
            return problem(500, [internal_error()])
        return problem(exc.status_code, errors_of(exc.detail))

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """Only what nobody foresaw is reported as our failure; a database out of reach is said by readiness."""
        if response.status_code == 500:
            super().report_exception(exc, response)

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        return Response(data, status=exc.status_code, headers=self.get_headers(exc), content_type=MEDIA_TYPE)


def as_problem(exc: Exception, context: ExceptionHandlerContext) -> Response | None:
    """REST framework's exception handler: what a view raised, as a problem. What nobody foresaw is logged, and 500."""
    return _Handler(exc, context).run()


def as_api_exception(exc: Exception) -> Exception:
    """What a database or a room of the domain says, with the status it has over HTTP; everything else as it is."""
    for kind, status in REFUSALS.items():
        if isinstance(exc, kind):
            return Refusal(status, exc.code, exc.detail, attr=getattr(exc, "attr", None))  # type: ignore[attr-defined]
    if isinstance(exc, RequestDataTooBig):
        return Refusal(413, "body_too_large", _("The body is larger than this portal accepts."))
    if isinstance(exc, SuspiciousOperation):
        return Refusal(400, "invalid_request", _("The request cannot be read."))
    if isinstance(exc, ProtectedError | RestrictedError):
        return Refusal(409, "in_use", _("Others still need it: %(who)s.") % {"who": constraints.those_in_the_way(exc)})
    return _as_storage_error(exc) if isinstance(exc, Error) else exc


def _as_storage_error(exc: Error) -> Exception:
    if isinstance(exc, IntegrityError):
        broken = constraints.broken_rule(exc)
        return Refusal(400, broken.code, broken.detail, attr=broken.attr)
    if isinstance(exc, DataError):
        return Refusal(400, "invalid_value", _("A value is out of the range that can be stored."))
    if isinstance(exc, OperationalError | InterfaceError):
        return Refusal(503, "storage_unavailable", storage_sentence(), retry_after=RETRY_SECONDS)
    return exc


def storage_sentence() -> str:
    return _("The database does not answer right now. Send the request again in a few seconds.")


def internal_error() -> dict[str, Any]:
    return error("internal_error", _("Something went wrong here; it has been logged with the id of this request."))


def error(code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    return {"code": code, "detail": detail, "attr": attr}


def errors_of(detail: Any) -> list[dict[str, Any]]:
    """REST framework's nested details as one flat list."""
    return [
        error(found.code, found.detail, None if found.attr in NO_ATTR else found.attr)
        for found in flatten_errors(detail)
    ]


def problem(status: int, errors: Sequence[dict[str, Any]], detail: str | None = None) -> dict[str, Any]:
    """The document. `detail` is the one error's own sentence unless another is given."""
    if detail is None:
        detail = errors[0]["detail"] if len(errors) == 1 else _("%(n)d things are not right.") % {"n": len(errors)}
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }


class ProblemMiddleware:
    """Turns what was answered outside of the API's views (other middleware, Django itself) into a problem as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        ours = request.path.startswith("/api/") and response.status_code >= 400
        if not ours or response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            return response
        return _replaced(response)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """A database out of reach is no error of the request: 503, also for pages' requests to the API."""
        known = as_api_exception(exc)
        if not request.path.startswith("/api/") or not isinstance(known, Refusal):
            return None
        return _document(problem(known.status_code, errors_of(known.detail)), retry_after=known.wait)


OUTSIDE = {
    400: ("invalid_request", gettext_noop("The request cannot be read.")),
    403: ("csrf_failed", gettext_noop("The session's request came without its CSRF token; send it as X-CSRFToken.")),
    404: ("not_found", gettext_noop("There is nothing at this address.")),
}


def _replaced(response: HttpResponseBase) -> HttpResponse:
    status = response.status_code
    if status >= 500:
        return _document(problem(status, [internal_error()]), retry_after=response.headers.get("Retry-After"))
    code, detail = OUTSIDE.get(status, (HTTPStatus(status).name.lower(), f"{HTTPStatus(status).phrase}."))
    return _document(problem(status, [error(code, _(detail))]), retry_after=response.headers.get("Retry-After"))


def _document(data: dict[str, Any], *, retry_after: float | str | None = None) -> HttpResponse:
    response = HttpResponse(json.dumps(data, ensure_ascii=False), status=data["status"], content_type=MEDIA_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


class UnknownAddress(APIView):
    """Whatever lies under /api/ and is no endpoint."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not request.path.endswith("/") and _exists(request.path + "/"):
            raise Refusal(404, "not_found", _("Addresses of this API end in a slash: %s/") % request.path)
        raise exceptions.NotFound(_("There is nothing at this address."))


def _exists(path: str) -> bool:
    try:
        return resolve(path).func.__dict__.get("cls") is not UnknownAddress
    except Resolver404:
        return False

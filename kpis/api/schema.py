"""The published schema, OpenAPI 3.1: written from the code, with every error, and examples that are themselves valid.

A body's example stands in its `Meta.example`. Views that are no definitions describe themselves with `extend_schema`.
"""

from __future__ import annotations

import inspect
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, AllowAny

from kpis.api.conditional import Conditional
from kpis.api.definitions import Definitions
from kpis.api.errors import MEDIA_TYPE
from kpis.api.idempotency import HEADER, LONGEST_KEY, Idempotent

VERBS = {
    "list": "List",
    "create": "Create",
    "retrieve": "Read",
    "update": "Replace",
    "partial_update": "Change",
    "destroy": "Delete",
    "approve": "Approve",
}
WHY = {
    "400": "The request is not as described; `errors` names each member.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The token lacks a scope, the role a right, or a session's request its CSRF token.",
    "404": "It does not exist, or this token or person may not see it.",
    "406": "Only JSON is answered.",
    "409": "It contradicts what is there, or a request with this Idempotency-Key is still under way.",
    "413": "The body is too large.",
    "415": "Another media type than described.",
    "422": "It cannot be done with these data, or the Idempotency-Key was used for another request.",
    "429": "Too many requests; `Retry-After` says in how many seconds to come again.",
    "500": "Our fault; it has been logged.",
    "503": "The database is out of reach; `Retry-After` says in how many seconds to come again.",
}
ALWAYS = ("401", "403", "406", "429", "500", "503")
WITH_BODY = ("400", "409", "413", "415", "422")
PROBLEM = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "This must be a whole number.",
    "errors": [{"code": "invalid", "detail": "This must be a whole number.", "attr": "horizon_months"}],
}


class ProblemErrorBody(serializers.Serializer):
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="A sentence, for people.")
    attr = serializers.CharField(allow_null=True, help_text="The member of the body; null where it is none.")


class ProblemBody(serializers.Serializer):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemErrorBody(many=True)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Adds to every operation what holds for all of them: a summary, problems, the Idempotency-Key, the example."""

    def get_summary(self) -> str:
        action = getattr(self.view, "action", None)
        if isinstance(self.view, Definitions) and action in VERBS:
            one, many = self.view.nouns
            return f"{VERBS[action]} {many if action == 'list' else one}"
        return (self.view.__doc__ or "").strip().split("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """The view's own words only: what it inherits is about the code."""
        return inspect.cleandoc(type(self.view).__dict__.get("__doc__") or "")

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_operation_id(self) -> str:
        action = getattr(self.view, "action", None)
        if action == "approve":
            return "kpis_baselines_approve"
        return super().get_operation_id()

    def get_examples(self) -> list[OpenApiExample]:
        if not isinstance(self.view, GenericAPIView):
            return []
        body = self.view.get_serializer_class()()
        example = getattr(getattr(body, "Meta", None), "example", None)
        return [] if example is None else self._split(body, example)

    def _split(self, body: Any, example: dict[str, Any]) -> list[OpenApiExample]:
        """In a request the members stay out that only the portal writes."""
        written = getattr(body.Meta, "example_sent", None) or {
            name: value for name, value in example.items() if not body.fields[name].read_only
        }
        return [
            OpenApiExample("To send", value=written, request_only=True),
            OpenApiExample("As answered", value=example, response_only=True, status_codes=["200", "201"]),
        ]

    def get_override_parameters(self) -> list[Any]:
        if isinstance(self.view, Conditional):
            asked = "The ETag of an earlier answer: 304 without a body where nothing has changed since."
            return [OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description=asked)]
        if not isinstance(self.view, Idempotent) or self.method in SAFE_METHODS:
            return []
        key = OpenApiParameter(
            HEADER,
            {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
            OpenApiParameter.HEADER,
            description="Sent again with the same key and body, the request gets the same answer; kept for 7 days.",
        )
        return [key]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            for media_type in getattr(self.view, "also_as", ()):
                bodies["200"]["content"][media_type] = {"schema": {"type": "string"}}
            if isinstance(self.view, Conditional):
                bodies["304"] = {"description": "Nothing has changed since the answer with this ETag."}
            for status in self._problems():
                bodies.setdefault(status, self._problem(status))
        return dict(sorted(bodies.items()))

    def _problems(self) -> list[str]:
        statuses = [*ALWAYS]
        if AllowAny in self.view.permission_classes:
            statuses = ["406", "500", "503"]
        if self.method not in SAFE_METHODS:
            statuses += ["400", "409", "422"]
        if self.method in ("POST", "PUT", "PATCH"):
            statuses += WITH_BODY
        if self._is_list_view() or self.method == "GET":
            statuses += ["400"]
        if self._is_list_view() or "{" in self.path or getattr(self.view, "is_paged", False):
            statuses += ["404"]
        return sorted(set(statuses))

    def _problem(self, status: str) -> dict[str, Any]:
        found = self._get_response_for_code(ProblemBody, status, media_types=[MEDIA_TYPE])
        found["description"] = WHY[status]
        return found


def with_closed_bodies(result: dict[str, Any], **_hook: Any) -> dict[str, Any]:
    """A body with a member that nobody knows is refused: the schema says so."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request") and component.get("type") == "object":
            component.setdefault("additionalProperties", False)
    return result


def with_problems_once(result: dict[str, Any], **_hook: Any) -> dict[str, Any]:
    """Each problem stands once among the components, and every operation refers to it."""
    shared = result["components"].setdefault("responses", {})
    for operation in (operation for path in result["paths"].values() for operation in path.values()):
        for status, response in operation.get("responses", {}).items():
            if MEDIA_TYPE in response.get("content", {}) and response.get("description") == WHY.get(status):
                shared[f"Problem{status}"] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
    if "ProblemBody" in result["components"]["schemas"]:
        result["components"]["schemas"]["ProblemBody"]["examples"] = [PROBLEM]
    return result


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "kpis.api.permissions.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "roi_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "kpis.api.permissions.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}

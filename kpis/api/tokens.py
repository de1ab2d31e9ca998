"""`tokens/`: bearer tokens of systems. The text is in the answer that makes one, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access import rights, tokens
from kpis.access.listing import tokens_seen_by
from kpis.access.models import Token
from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named
from kpis.api.permissions import answerable
from kpis.api.refusal import Refusal
from kpis.definitions.sight import initiatives_seen_by


class TokenBody(Definition):
    """`ingest` sends measurements, `read` reads, `manage` does what its maker may do."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Token.Scope.choices), min_length=1, max_length=3
    )
    initiatives = Named(
        "slug", rows=initiatives_seen_by, many=True, required=False, help_text="Slugs; none: as much as you see."
    )
    points_a_minute = serializers.IntegerField(
        min_value=1,
        max_value=2_000_000_000,
        required=False,
        allow_null=True,
        help_text="How many points a minute it may send; null: as INGEST_POINTS_PER_MINUTE says.",
    )
    created_by: Any = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Token
        example = {
            "id": 5,
            "name": "ticket system",
            "prefix": "roi_4fJq8LxT",
            "scopes": ["ingest"],
            "initiatives": ["support-triage"],
            "created_at": "2026-03-02T08:00:00Z",
            "created_by": "admin",
            "expires_at": None,
            "revoked_at": None,
            "last_used_at": None,
            "points_a_minute": None,
        }
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "initiatives",
            "created_at",
            "created_by",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "points_a_minute",
        ]
        read_only_fields = ["id", "prefix", "created_at", "created_by", "revoked_at", "last_used_at"]


class NewTokenBody(TokenBody):
    token = serializers.CharField(read_only=True, help_text="The text to send; shown this once.")

    class Meta(TokenBody.Meta):
        fields = [*TokenBody.Meta.fields, "token"]


class TokenLimitBody(TokenBody):
    """What may be changed of a token: all else would be another token."""

    class Meta(TokenBody.Meta):
        example = {"points_a_minute": 60_000}
        fields = ["points_a_minute"]
        read_only_fields: list[str] = []


class Tokens(Definitions):
    nouns = ("a token", "tokens")
    serializer_class = TokenBody
    reads = changes = Action.CHANGE_TOKENS
    filterset_fields = ("name",)
    ordering_fields = ("id", "name", "created_at", "last_used_at")

    def rows(self, who: Actor) -> QuerySet[Token]:
        return tokens_seen_by(who)

    @extend_schema(request=TokenBody, responses={201: NewTokenBody})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        body = NewTokenBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        token, text = self._issue(body.validated_data)
        answer = NewTokenBody(token, context=self.get_serializer_context()).data | {"token": text}
        return Response(answer, status=status.HTTP_201_CREATED)

    @extend_schema(request=TokenLimitBody, responses={200: TokenBody})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        body = TokenLimitBody(data=request.data, partial=True, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        if "points_a_minute" in body.validated_data:
            tokens.limit_points(self.get_object(), body.validated_data["points_a_minute"], **self.acting())
        return Response(self.get_serializer(self.get_object()).data)

    def _issue(self, fields: Mapping[str, Any]) -> tuple[Token, str]:
        """A token hands out no more than it has: neither scopes nor sight."""
        initiatives = list(fields.get("initiatives", ()))
        if isinstance(self.who, Token):
            beyond = sorted(set(fields["scopes"]) - set(self.who.scopes))
            if beyond:
                sentence = _("A token cannot give the scope %(scope)s, which it lacks.") % {"scope": beyond[0]}
                raise Refusal(400, "scope_beyond_own", sentence, attr="scopes")
            if not initiatives and rights.is_limited(self.who):
                initiatives = list(initiatives_seen_by(self.who))
        return tokens.issue(
            fields["name"],
            fields["scopes"],
            initiatives,
            by=answerable(self.request),
            at=self.acting()["at"],
            expires_at=fields.get("expires_at"),
            points_a_minute=fields.get("points_a_minute"),
        )

    def delete_row(self, row: Token, **who_and_when: Any) -> None:
        tokens.revoke(row, **who_and_when)

"""`digests/`: the weekly mail: when it comes, to whom; its editions and how each fared; one now for oneself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.models import User
from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named, Slug, Text
from kpis.api.permissions import answerable
from kpis.api.refusal import Refusal
from kpis.digests import changing, reading
from kpis.digests.models import Digest, Edition, Recipient

STATES = ["to_be_made", "not_made", "waiting", "sent", "file", "failed"]


def _people(_actor: Actor) -> QuerySet[User]:
    return User.objects.filter(is_active=True)


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["07:00"]})
class TimeOfDay(serializers.TimeField):
    """A time on the wall, as 07:00."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **options)

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) != 5:
            self.fail("invalid", format="HH:MM")
        return super().to_internal_value(value)


class People(Named):
    """Users by their names; a digest holds a row for each of them."""

    def to_representation(self, value: Any) -> str:
        return str((value.user if isinstance(value, Recipient) else value).get_username())


class DigestBody(Definition):
    """A weekly mail. Everybody is told only of the initiatives that they see in the portal."""

    slug = Slug(help_text="How everything addresses the digest. Given once, it stays.")
    at = TimeOfDay(required=False, help_text="In its zone. Default 07:00.")
    zone = Text(max_length=64, help_text="By its name, as Europe/Berlin; daylight saving is followed.")
    language = serializers.ChoiceField(
        choices=["en", "de"], required=False, help_text="For those who have not chosen one themselves."
    )
    recipients = People("username", rows=_people, many=True, required=False, help_text="User names.")

    class Meta:
        model = Digest
        example: dict[str, Any] = {
            "slug": "steering-committee",
            "name": "Steering committee",
            "weekday": 0,
            "at": "07:00",
            "zone": "Europe/Berlin",
            "language": "en",
            "enabled": True,
            "recipients": ["admin"],
            "next_due_at": "2026-03-02T06:00:00Z",
            "is_sample": False,
        }
        fields = [
            "slug",
            "name",
            "weekday",
            "at",
            "zone",
            "language",
            "enabled",
            "recipients",
            "next_due_at",
            "is_sample",
        ]
        read_only_fields = ["next_due_at", "is_sample"]
        extra_kwargs = {"weekday": {"help_text": "0 Monday … 6 Sunday. Default 0.", "min_value": 0, "max_value": 6}}


class EditionBody(serializers.ModelSerializer):
    """One mail to one person: whether it arrived, and why not. What it says is read in the portal."""

    user: Any = serializers.SlugRelatedField("username", read_only=True)
    state = serializers.SerializerMethodField()
    sent_at = serializers.DateTimeField(source="mail.sent_at", read_only=True, allow_null=True, default=None)
    attempts = serializers.SerializerMethodField()
    error_code = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    message_id = serializers.CharField(source="mail.message_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Edition
        example: dict[str, Any] = {
            "id": 7,
            "user": "admin",
            "due_at": "2026-03-02T06:00:00Z",
            "as_of": "2026-03-02T06:00:11Z",
            "missed": 0,
            "on_request": False,
            "state": "sent",
            "sent_at": "2026-03-02T06:00:14Z",
            "attempts": 1,
            "error_code": "",
            "error": "",
            "message_id": "<5f0c…@roi.company.example>",
        }
        fields = list(example)
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": STATES})
    def get_state(self, row: Edition) -> str:
        return reading.fate_of(row).state

    def get_attempts(self, row: Edition) -> int:
        return row.mail.attempts if row.mail else row.attempts

    def get_error_code(self, row: Edition) -> str:
        return reading.fate_of(row).error_code

    def get_error(self, row: Edition) -> str:
        return reading.fate_of(row).error


class Digests(Definitions):
    """Weekly mails."""

    nouns = ("a digest", "digests")
    serializer_class = DigestBody
    changes = Action.CHANGE_DIGESTS
    lookup_field = "slug"
    filterset_fields = ("enabled",)
    ordering_fields = ("slug", "name", "next_due_at")

    def rows(self, who: Actor) -> QuerySet[Digest]:
        return reading.digests_seen_by(who).prefetch_related("recipients__user")

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Digest:
        given, people = _parted(fields)
        return changing.create_digest(given, recipients=people or (), **who_and_when)

    def change_row(self, row: Digest, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        given, people = _parted(fields)
        changing.change_digest(row, given, recipients=people, **who_and_when)

    def delete_row(self, row: Digest, **who_and_when: Any) -> None:
        changing.delete_digest(row, **who_and_when)


def _parted(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[User] | None]:
    given = {name: value for name, value in fields.items() if name != "recipients"}
    return given, fields.get("recipients")


class _OfOneDigest(Definitions):
    changes = Action.CHANGE_DIGESTS

    def digest(self) -> Digest:
        return get_object_or_404(reading.digests_seen_by(self.who), slug=self.kwargs["slug"])


class Editions(_OfOneDigest):
    """The mails of a digest, the newest first; whoever may not change digests sees their own."""

    nouns = ("an edition", "the editions of a digest")
    serializer_class = EditionBody
    filterset_fields = ("on_request",)

    def rows(self, who: Actor) -> QuerySet[Edition]:
        return reading.editions_seen_by(who).filter(digest=self.digest())


class DigestSend(_OfOneDigest):
    """Send an edition now, to the person behind the request."""

    nouns = ("a digest", "digests")
    serializer_class = EditionBody

    def rows(self, who: Actor) -> QuerySet[Edition]:
        return reading.editions_seen_by(who)

    @extend_schema(request=None, responses={202: EditionBody})
    def send(self, request: Request, **_named: Any) -> Response:
        person = answerable(request)
        if person is None:
            raise Refusal(409, "nobody_to_send_to", _("The person behind this token has left."))
        row = changing.request_edition(self.digest(), for_whom=person, **self.acting())
        return Response(self.get_serializer(row).data, status=status.HTTP_202_ACCEPTED)

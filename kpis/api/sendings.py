"""`tokens/{id}/` and `sources/{slug}/`, below them `sendings/`, `rejections/`, `rejections/replay/`: what was sent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.listing import tokens_seen_by
from kpis.access.models import Token
from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.refusal import Refusal
from kpis.api.source_bodies import RejectionBody
from kpis.definitions import organisation
from kpis.exports import rejections as files
from kpis.ingest import rejections
from kpis.ingest.models import Rejection
from kpis.plumbing import clock
from kpis.sources import health, senders

FORMAT = OpenApiParameter(
    "format", {"type": "string", "enum": list(files.MEDIA_TYPES)}, description="The newest thousand as a file instead."
)


class CountBody(serializers.Serializer):
    """Requests and their points; `size` is bytes as sent."""

    start = serializers.DateTimeField()
    requests = serializers.IntegerField()
    received = serializers.IntegerField()
    accepted = serializers.IntegerField()
    replaced = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    size = serializers.IntegerField()


class SpanBody(serializers.Serializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    total = CountBody()
    points_a_minute = serializers.FloatField(help_text="On average over the span.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Rejected points by code.")
    refused = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Requests that were refused as a whole, by code; `requests` does not count them.",
    )
    counts = CountBody(many=True, help_text="Those without a request are absent.")


class SampleBody(serializers.Serializer):
    """The start of a body; `code` and `detail` where it was refused as a whole."""

    at = serializers.DateTimeField()
    form = serializers.CharField()
    text = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class LastBody(serializers.Serializer):
    arrived_at = serializers.DateTimeField()
    newest_at = serializers.DateTimeField(allow_null=True, help_text="The newest good point's own time.")
    form = serializers.CharField(help_text="json, ndjson, csv; empty where it came in no such body.")
    lag_seconds = serializers.FloatField(allow_null=True, help_text="From the newest point's own time to its arrival.")


class SendingsBody(serializers.Serializer):
    last = LastBody(allow_null=True, help_text="The newest batch; null where nothing was ever sent.")
    hour = SpanBody(help_text="By minute.")
    month = SpanBody(help_text="Thirty days and today, by day in the organisation's zone.")
    points_a_minute_at_most = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")
    samples = SampleBody(many=True)

    class Meta:
        model = Rejection


class ReplayedBody(serializers.Serializer):
    """What became of the points that were sent once more."""

    stored = serializers.IntegerField(help_text="They are measurements now.")
    there = serializers.IntegerField(help_text="Came by themselves meanwhile; the newer value stays.")
    rejected = serializers.IntegerField(help_text="Still rejected, perhaps for another reason.")
    left = serializers.IntegerField(help_text="Cannot be sent again: no point with a kpi.")


class _OfASender(Definitions):
    """Says whose: a token or a source, in the asker's sight."""

    serializer_class: Any = RejectionBody

    def sender(self, who: Actor) -> senders.Sender:
        raise NotImplementedError

    def rows(self, who: Actor) -> QuerySet[Rejection]:
        return senders.rejections_of(self.sender(who))


class _OfAToken(_OfASender):
    reads = changes = Action.CHANGE_TOKENS

    def sender(self, who: Actor) -> Token:
        return get_object_or_404(tokens_seen_by(who), pk=self.kwargs["pk"])


class _OfASource(_OfASender):
    changes = Action.CHANGE_SOURCES

    def sender(self, who: Actor) -> senders.Sender:
        return get_object_or_404(health.sources_seen_by(who), slug=self.kwargs["slug"])


class _Sendings(_OfASender):
    nouns = ("what a sender sent", "what a sender sent")
    serializer_class = SendingsBody

    @extend_schema(responses={200: SendingsBody})
    def show(self, request: Request, **_named: Any) -> Response:
        found = senders.report(self.sender(self.who), now=clock.now(), zone=organisation.current().zone)
        return Response(SendingsBody(found).data)


class _Rejections(_OfASender):
    nouns = ("a rejected point", "the rejected points of a sender")
    filterset_fields = ("code",)
    also_as = tuple(media_type.partition(";")[0] for media_type in files.MEDIA_TYPES.values())

    @extend_schema(parameters=[FORMAT])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        form = request.query_params.get("format")
        if form is None:
            return super().list(request, *args, **kwargs)
        if form not in files.MEDIA_TYPES:
            sentence = _("Known formats are: %(names)s.") % {"names": ", ".join(files.MEDIA_TYPES)}
            raise Refusal(400, "invalid_format", sentence, attr="format")
        content = files.as_file(self.get_queryset()[: rejections.KEPT_OF_A_SENDER], form)
        headers = {"Content-Disposition": f'attachment; filename="rejections.{form}"'}
        return HttpResponse(content, content_type=files.MEDIA_TYPES[form], headers=headers)


class _Replay(_OfASender):
    nouns = ("a rejected point", "the rejected points of a sender")
    work_is_one_transaction = False

    @extend_schema(request=None, responses={200: ReplayedBody})
    def replay(self, request: Request, **_named: Any) -> Response:
        replayed = senders.replay(self.sender(self.who), **self.acting())
        return Response(ReplayedBody(replayed).data)


class TokenSendings(_OfAToken, _Sendings):
    """Read what a token sent in the last hour and in thirty days, and what became of it."""


class SourceSendings(_OfASource, _Sendings):
    """Read what came from a source in the last hour and in thirty days, and what became of it."""


class TokenRejections(_OfAToken, _Rejections):
    """The points of a token that were not stored, as they were sent, the newest first."""


class SourceRejections(_OfASource, _Rejections):
    """The points of a source that were not stored, as they were sent, the newest first."""


class TokenReplay(_OfAToken, _Replay):
    """Send the rejected points of a token once more; those that are stored now leave the list."""


class SourceReplay(_OfASource, _Replay):
    """Send the rejected points of a source once more; those that are stored now leave the list."""

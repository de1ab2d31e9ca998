"""`sources/`: connectors and their feeds, how they stand, their runs, what was rejected; run now, try out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named, Slug, Text
from kpis.api.permissions import initiative_limited
from kpis.api.source_bodies import FeedBody, HealthBody, Overlap, PullBody, TrialsBody, plan_of
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.plumbing import clock
from kpis.sources import configuring, health, trying
from kpis.sources.models import DataSource, Pull


class SourceBody(Definition):
    slug = Slug(help_text="How everything addresses the source. Given once, it stays.")
    initiative = Named("slug", rows=initiatives_seen_by, required=False, allow_null=True, help_text="Its slug.")
    overlap = Overlap(
        required=False, allow_null=True, help_text="Asked again each time, so that late samples are not lost."
    )
    auth_header = Text(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=4200,
        help_text='As "Authorization: Bearer …". Kept encrypted and never shown; "" removes it.',
    )
    has_auth_header = serializers.SerializerMethodField()
    feeds = FeedBody(many=True, required=False)
    health = serializers.SerializerMethodField()

    class Meta:
        model = DataSource
        fields = [
            "slug",
            "name",
            "kind",
            "initiative",
            "address",
            "auth_header",
            "has_auth_header",
            "every",
            "overlap",
            "stale_after",
            "enabled",
            "feeds",
            "next_due_at",
            "health",
            "is_sample",
        ]
        read_only_fields = ["next_due_at", "is_sample"]
        example: dict[str, Any] = {
            "slug": "service-desk",
            "name": "Service desk",
            "kind": "http_json",
            "initiative": None,
            "address": "https://desk.company.example/api",
            "has_auth_header": True,
            "every": "P0DT00H05M00S",
            "overlap": "P1DT00H00M00S",
            "stale_after": None,
            "enabled": True,
            "feeds": [],
            "next_due_at": "2026-03-02T09:05:00Z",
            "health": {"state": "flowing", "since": None, "newest_at": "2026-03-02T08:59:10Z"},
            "is_sample": False,
        }

    def get_has_auth_header(self, row: DataSource) -> bool:
        return row.auth_header is not None

    @extend_schema_field(HealthBody)
    def get_health(self, row: DataSource) -> HealthBody:
        found = getattr(row, "health", None) or health.health_of(row, now=clock.now())
        return HealthBody(found).data  # type: ignore[return-value]


class Sources(Definitions):
    """Sources that the portal pulls, and names of those that push."""

    nouns = ("a source", "sources")
    serializer_class = SourceBody
    changes = Action.CHANGE_SOURCES
    lookup_field = "slug"
    filterset_fields = ("kind", "enabled")
    ordering_fields = ("slug", "name", "kind")

    def rows(self, who: Actor) -> QuerySet[DataSource]:
        return health.sources_seen_by(who).prefetch_related("feeds__kpi")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return health.with_health(page or [], now=clock.now())

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> DataSource:
        given, feeds, header = _parted(fields)
        self._refuse_out_of_sight(given.get("initiative"))
        return configuring.create_source(given, feeds=feeds or (), header=header or "", **who_and_when)

    def change_row(self, row: DataSource, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        given, feeds, header = _parted(fields)
        self._refuse_out_of_sight(given.get("initiative", row.initiative))
        configuring.change_source(row, given, feeds=feeds, header=header, **who_and_when)

    def delete_row(self, row: DataSource, **who_and_when: Any) -> None:
        configuring.delete_source(row, **who_and_when)

    def _refuse_out_of_sight(self, initiative: Initiative | None) -> None:
        """A source of no initiative may feed every KPI: only those who see all have one."""
        if initiative is None and initiative_limited(self.who):
            sentence = _("Name one of the initiatives that you see.")
            raise ValidationError({"initiative": [ErrorDetail(sentence, "initiative_needed")]})


def _parted(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[configuring.FeedPlan] | None, str | None]:
    given = {name: value for name, value in fields.items() if name not in ("feeds", "auth_header")}
    feeds = [plan_of(feed) for feed in fields["feeds"]] if "feeds" in fields else None
    return given, feeds, fields.get("auth_header")


class _OfOneSource(Definitions):
    changes = Action.CHANGE_SOURCES

    def source(self, who: Actor) -> DataSource:
        return get_object_or_404(health.sources_seen_by(who), slug=self.kwargs["slug"])


class Pulls(_OfOneSource):
    """The runs of a source, the newest first."""

    nouns = ("a run of a source", "the runs of a source")
    serializer_class = PullBody
    filterset_fields = ("state",)

    def rows(self, who: Actor) -> QuerySet[Pull]:
        return health.runs_of(self.source(who))


class SourceRun(_OfOneSource):
    """Pull a source now, whatever its rhythm."""

    nouns = ("a source", "sources")
    serializer_class = SourceBody
    lookup_field = "slug"

    def rows(self, who: Actor) -> QuerySet[DataSource]:
        return health.sources_seen_by(who)

    @extend_schema(request=None, responses={202: SourceBody})
    def run(self, request: Request, **_named: Any) -> Response:
        source = self.get_object()
        configuring.run_now(source, **self.acting())
        return Response(self.get_serializer(self.get_object()).data, status=status.HTTP_202_ACCEPTED)


class SourceTest(_OfOneSource):
    """Ask a source as a run would and store nothing: what would come, and what would become of it."""

    nouns = ("a source", "sources")
    serializer_class = SourceBody
    work_is_one_transaction = False

    @extend_schema(request=None, responses={200: TrialsBody})
    def test(self, request: Request, **_named: Any) -> Response:
        trials = trying.try_out(self.source(self.who), at=clock.now())
        return Response(TrialsBody({"results": [asdict(trial) for trial in trials]}).data)

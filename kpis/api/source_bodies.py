"""The bodies around a source: its feeds, its health, its runs, rejected points and trials."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from kpis.api.members import Body, Duration, Named, Number, Text
from kpis.definitions.sight import kpis_seen_by
from kpis.ingest.models import Rejection
from kpis.sources.configuring import FeedPlan
from kpis.sources.models import Pull


class Overlap(Duration):
    """A length of time that may be none at all."""

    def to_internal_value(self, data: Any) -> timedelta:
        if data in ("PT0S", "P0D", "P0DT00H00M00S"):
            return timedelta(0)
        return super().to_internal_value(data)


class Instant(serializers.DateTimeField):
    """A time with its offset (RFC 3339)."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("invalid", format="RFC 3339 with an offset")
        return super().enforce_timezone(value)


class FeedBody(Body):
    """Which part of a source becomes measurements of which KPI."""

    kpi = Named("key", rows=kpis_seen_by, help_text="The KPI's key.")
    query = Text(
        required=False, allow_blank=True, max_length=4000, help_text="PromQL, an expression over a page, or a path."
    )
    points = Text(required=False, allow_blank=True, max_length=1000, help_text="http_json: jmespath to the rows.")
    fields = serializers.DictField(  # type: ignore[assignment]  # a member of the body; REST framework keeps its own
        required=False,
        help_text="http_json: jmespaths of at and value (or begun and ended), weight, id, labels, next.",
    )
    keep_labels = serializers.ListField(child=Text(max_length=64), required=False, max_length=16)
    factor = Number(
        required=False, max_digits=24, decimal_places=12, help_text="Multiplies a value into the KPI's unit. Default 1."
    )
    step = Duration(required=False, allow_null=True, help_text="prometheus: between two samples. Default an hour.")
    begin_at = Instant(
        required=False, allow_null=True, write_only=True, help_text="From when on to ask a new feed. Default: from now."
    )
    until = serializers.DateTimeField(read_only=True, help_text="Pulled up to here.")


class HealthBody(serializers.Serializer):
    """flowing, partial, silent, failing, waiting or paused; since when; the newest point's own time."""

    state = serializers.ChoiceField(choices=["flowing", "partial", "silent", "failing", "waiting", "paused"])
    since = serializers.DateTimeField(allow_null=True)
    newest_at = serializers.DateTimeField(allow_null=True)


class RemarkBody(serializers.Serializer):
    kpi = serializers.CharField(help_text="Empty: the whole source.")
    code = serializers.CharField()
    detail = serializers.CharField()


class PullBody(serializers.ModelSerializer):
    remarks = RemarkBody(many=True, help_text="Each feed that failed or warned.")

    class Meta:
        model = Pull
        fields = [
            "due_at",
            "started_at",
            "finished_at",
            "state",
            "asked_from",
            "asked_until",
            "received",
            "accepted",
            "replaced",
            "unchanged",
            "rejected",
            "left_out",
            "error_code",
            "error_detail",
            "remarks",
        ]


class RejectionBody(serializers.ModelSerializer):
    arrived_at = serializers.DateTimeField(source="batch.arrived_at")

    class Meta:
        model = Rejection
        fields = ["arrived_at", "index", "code", "detail", "attr", "point"]


class RejectedBody(serializers.Serializer):
    index = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class TrialBody(serializers.Serializer):
    """What one feed would have brought; `code` is empty where it got through."""

    kpi = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()
    received = serializers.IntegerField()
    storable = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="Samples that are no number.")
    first = serializers.ListField(child=serializers.DictField(), help_text="The first five as they came.")
    rejected = RejectedBody(many=True, help_text="The first five that would be rejected.")
    warnings = serializers.ListField(child=serializers.CharField())


class TrialsBody(serializers.Serializer):
    results = TrialBody(many=True)


def plan_of(feed: Mapping[str, Any]) -> FeedPlan:
    """A checked body as what the room asks for."""
    given: dict[str, Any] = dict(feed)
    if "factor" in given:
        given["factor"] = float(given["factor"])
    return FeedPlan(**given)

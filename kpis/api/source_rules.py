"""`sources/{slug}/rules/` and `sources/{slug}/series/`: which received series feed which KPI."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Body, Definition, Named, Number, Text, Whole
from kpis.definitions.sight import kpis_seen_by
from kpis.ingest.named import LONGEST_LABEL_NAME, as_text
from kpis.sources import arranging, health, previewing, received, rules
from kpis.sources.models import DataSource, MappingRule, ReceivedSeries


class MatcherBody(Body):
    """As in PromQL: `=`, `!=`, `=~` and `!~` (regular expressions, anchored at both ends)."""

    label = Text(  # type: ignore[assignment]  # a member of the body; REST framework keeps its own
        max_length=LONGEST_LABEL_NAME, help_text="`__name__` is the metric's own name."
    )
    op = serializers.ChoiceField(choices=list(rules.OPERATORS))
    value = Text(max_length=rules.LONGEST_PATTERN, allow_blank=True, trim_whitespace=False)


class RuleBody(Definition):
    kpi = Named("key", rows=kpis_seen_by, help_text="The KPI's key.")
    position = Whole(
        required=False, min_value=1, max_value=arranging.MOST_RULES, help_text="From 1; the first decides."
    )
    matchers = MatcherBody(many=True, help_text="All must hold; an absent label counts as empty.")
    keep_labels = serializers.ListField(
        child=Text(max_length=LONGEST_LABEL_NAME),
        required=False,
        max_length=arranging.MOST_KEPT,
        help_text='These become labels of the KPI; "*" is all of them. Default: none.',
    )
    drop_labels = serializers.ListField(
        child=Text(max_length=LONGEST_LABEL_NAME), required=False, max_length=64, help_text='Less these, beside "*".'
    )
    rename_labels = serializers.DictField(
        child=Text(max_length=64), required=False, help_text="A label's name as sent, and as the KPI has it."
    )
    factor = Number(
        required=False, max_digits=24, decimal_places=12, help_text="Multiplies a value into the KPI's unit. Default 1."
    )
    series_taken = serializers.IntegerField(read_only=True, help_text="How many received series it maps.")

    class Meta:
        model = MappingRule
        fields = [
            "id",
            "position",
            "kpi",
            "matchers",
            "kind",
            "keep_labels",
            "drop_labels",
            "rename_labels",
            "factor",
            "series_taken",
        ]
        example: dict[str, Any] = {
            "id": 1,
            "position": 1,
            "kpi": "support.tickets",
            "matchers": [{"label": "__name__", "op": "=", "value": "desk_tickets_total"}],
            "kind": "counter",
            "keep_labels": ["team"],
            "drop_labels": [],
            "rename_labels": {},
            "factor": 1,
            "series_taken": 3,
        }


class ReceivedSeriesBody(serializers.ModelSerializer):
    series = serializers.SerializerMethodField(help_text="As Prometheus writes it.")
    kind = serializers.ChoiceField(choices=["counter", "gauge", "delta", "unknown"], help_text="As its sender says.")
    labels = serializers.DictField(child=serializers.CharField())
    kpi = serializers.CharField(source="rule.kpi.key", default=None, allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    last_value = serializers.SerializerMethodField(help_text="null where the series has ended.")

    class Meta:
        model = ReceivedSeries
        fields = ["id", "series", "name", "labels", "kind", "rule", "kpi", "first_seen_at", "last_at", "last_value"]

    def get_series(self, row: ReceivedSeries) -> str:
        return as_text(arranging.labels_of(row))

    def get_last_value(self, row: ReceivedSeries) -> float | None:
        value: float | None = row.last_value  # type: ignore[attr-defined]
        return None if value is None or math.isnan(value) else value


class PointBody(serializers.Serializer):
    at = serializers.DateTimeField()
    value = serializers.FloatField()
    weight = serializers.FloatField()


class PreviewBody(serializers.Serializer):
    series = serializers.CharField()
    kpi = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    id = serializers.CharField()
    decided_by = serializers.IntegerField(allow_null=True, help_text="An earlier rule that gets it instead.")
    points = PointBody(many=True, help_text="The last five that would be stored.")


class RuleTrialBody(serializers.Serializer):
    matched = serializers.IntegerField()
    decided_earlier = serializers.IntegerField(help_text="How many of them earlier rules get.")
    results = PreviewBody(many=True, help_text="The first twenty.")


class _OfOneSource(Definitions):
    changes = Action.CHANGE_SOURCES

    def source(self, who: Actor) -> DataSource:
        return get_object_or_404(health.sources_seen_by(who), slug=self.kwargs["slug"])


class Rules(_OfOneSource):
    """The rules of a source that pushes, in their order: the first that takes a series decides which KPI it feeds."""

    nouns = ("a rule of a source", "the rules of a source")
    serializer_class = RuleBody

    def rows(self, who: Actor) -> QuerySet[MappingRule]:
        return received.rules_of(self.source(who))

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> MappingRule:
        made = arranging.create_rule(self.source(self.who), plan_of(fields), **who_and_when)
        return self.rows(self.who).get(pk=made.pk)

    def change_row(self, row: MappingRule, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        arranging.change_rule(row, arranging.plan_of(row, **_members(fields)), **who_and_when)

    def delete_row(self, row: MappingRule, **who_and_when: Any) -> None:
        arranging.delete_rule(row, **who_and_when)


class RuleTest(_OfOneSource):
    """Try a rule on the series that were received last, and save nothing: what it takes, and what it would store."""

    nouns = ("a rule of a source", "the rules of a source")
    serializer_class = RuleBody

    @extend_schema(request=RuleBody, responses={200: RuleTrialBody})
    def test(self, request: Request, **_named: Any) -> Response:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        trial = previewing.try_rule(self.source(self.who), plan_of(body.validated_data))
        return Response(RuleTrialBody(asdict(trial)).data)


class SeriesFilter(django_filters.FilterSet):
    mapped = django_filters.BooleanFilter(field_name="rule", lookup_expr="isnull", exclude=True)

    class Meta:
        model = ReceivedSeries
        fields = ["name"]


class ReceivedSeriesList(_OfOneSource):
    """The series that a pushing source has sent, with the rule that maps each and its last sample."""

    nouns = ("a received series", "the series that a source sends")
    serializer_class = ReceivedSeriesBody
    filterset_class = SeriesFilter

    def rows(self, who: Actor) -> QuerySet[ReceivedSeries]:
        return received.series_of(self.source(who))


def plan_of(fields: Mapping[str, Any]) -> arranging.RulePlan:
    """A checked body as what the room asks for."""
    return arranging.RulePlan(**_members(fields))


def _members(fields: Mapping[str, Any]) -> dict[str, Any]:
    return dict(fields) | ({"factor": float(fields["factor"])} if "factor" in fields else {})

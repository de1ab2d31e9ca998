"""`kpis/` by `{initiative}.{kpi}`, and the target path of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ChoiceField, IntegerField, ModelSerializer, SerializerMethodField
from rest_framework.views import APIView

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named, Number, Slug, Text
from kpis.api.permissions import Read, asker
from kpis.baselines import versions
from kpis.calculations import units
from kpis.definitions import changing, organisation
from kpis.definitions.models import Kpi, KpiVersion, Target
from kpis.definitions.sight import initiatives_seen_by, kpis_seen_by, targets_of
from kpis.definitions.versions import versions_of
from kpis.ledger import changing as money
from kpis.measurements import retention
from kpis.rollups import rolling

REASON = "change_reason"


class Unit(Text):
    """UCUM style: `min`, `h`, `%`, `1`, `EUR`, `{ticket}`, `min/{ticket}`."""

    default_error_messages = {"unknown_unit": gettext_lazy("This is no unit: {why}")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            units.parse(text)
        except units.UnknownUnit as error:
            self.fail("unknown_unit", why=str(error))
        return text


class KpiBody(Definition):
    """What is measured, in which unit, and which way is better."""

    key = CharField(read_only=True, help_text="`{initiative}.{slug}`: how measurements address the KPI.")
    initiative = Named("slug", rows=initiatives_seen_by, help_text="Its slug.")
    slug = Slug(help_text="Given once, it stays.")
    unit = Unit(max_length=40, help_text="UCUM style: min, h, %, 1, EUR, {ticket}, min/{ticket}.")
    interval = ChoiceField(
        choices=Kpi.Interval.choices,
        required=False,
        help_text="Default by category: efficiency day, quality week, cost month, innovation quarter.",
    )

    change_reason = Text(
        max_length=300, required=False, allow_blank=True, write_only=True, help_text="Kept with the new version."
    )
    rows_kept_for = IntegerField(
        min_value=31,
        max_value=36_600,
        allow_null=True,
        required=False,
        help_text="Days after which measurements go; interval values stay. Null: they are kept for ever.",
    )
    rows_from = SerializerMethodField(help_text="Measurements before are gone; null: all of them are there.")

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_rows_from(self, kpi: Kpi) -> str | None:
        standing = getattr(kpi, "retention", None)
        return standing.rows_from.isoformat() if standing else None

    class Meta:
        model = Kpi
        example = {
            "key": "support-triage.handling-time",
            "initiative": "support-triage",
            "slug": "handling-time",
            "name": "Handling time",
            "description": "From opening a ticket to its answer.",
            "category": "efficiency",
            "unit": "min/{ticket}",
            "direction": "decrease",
            "aggregation": "mean",
            "interval": "day",
            "stale_after": "P2DT00H00M00S",
            "rows_kept_for": None,
            "rows_from": None,
            "workdays_only": True,
            "is_context": False,
            "version": 1,
        }
        fields = [
            "key",
            "initiative",
            "slug",
            "name",
            "description",
            "category",
            "unit",
            "direction",
            "aggregation",
            "interval",
            "stale_after",
            "rows_kept_for",
            "rows_from",
            "workdays_only",
            "is_context",
            "version",
            "change_reason",
        ]
        read_only_fields = ["version"]
        validators: list[Any] = []  # that a slug stands once in an initiative is the database's to say


class KpiVersionBody(ModelSerializer):
    """How the KPI is measured since `valid_from`; null: from the beginning."""

    class Meta:
        model = KpiVersion
        fields = [
            "version",
            "unit",
            "direction",
            "aggregation",
            "interval",
            "zone",
            "fiscal_year_start",
            "valid_from",
            "actor",
            "reason",
        ]
        read_only_fields = fields


class KpiVersions(APIView):
    """List the versions of a KPI's definition

    Newest first: one for each change of unit, direction, aggregation, interval, or of the organisation's calendar.
    Interval values follow the newest; what a closed period booked stays as it was.
    """

    permission_classes = [Read]

    @extend_schema(
        operation_id="kpis_versions_list",
        responses={200: inline_serializer("KpiVersionList", {"results": KpiVersionBody(many=True)})},
    )
    def get(self, request: Request, key: str) -> Response:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        found = versions_of(kpi, organisation.current())
        return Response({"results": KpiVersionBody(found, many=True).data})


class KpiFilters(FilterSet):
    initiative = CharFilter(field_name="initiative__slug", help_text="Its slug.")

    class Meta:
        model = Kpi
        fields = ["category", "direction", "aggregation", "interval", "is_context"]


class Kpis(Definitions):
    nouns = ("a KPI", "KPIs")
    serializer_class = KpiBody
    changes = Action.CHANGE_KPIS
    lookup_field = "key"
    filterset_class = KpiFilters
    ordering_fields = ("key", "name", "category", "position")

    def rows(self, who: Actor) -> QuerySet[Kpi]:
        return kpis_seen_by(who).select_related("retention")

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Kpi:
        return changing.create_kpi({name: fields[name] for name in fields if name != REASON}, **who_and_when)

    def change_row(self, row: Kpi, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        given, reason = {name: fields[name] for name in fields if name != REASON}, fields.get(REASON, "")
        with transaction.atomic():
            versions.refuse_other_measure(row, given)
            money.refuse_other_unit(row, given)
            retention.refuse_what_needs_rows(row, given)
            changed = changing.change_kpi(row, given, **who_and_when, reason=reason)
            if changed & changing.DEFINES_THE_MEASURE:
                rolling.recompute([row.pk])
            if changed:
                money.numbers_moved([row.pk], row.initiative)

    def delete_row(self, row: Kpi, **who_and_when: Any) -> None:
        money.remove_kpi(row, **who_and_when)


class TargetBody(Definition):
    """One point of the path: `step` holds until the next, `linear` leads to it."""

    value = Number(max_digits=24, decimal_places=9, help_text="In the KPI's unit.")

    class Meta:
        model = Target
        example = {"on": "2026-06-01", "value": 10.5, "shape": "step"}
        fields = ["on", "value", "shape"]


class Targets(Definitions):
    """The points of one KPI's target path, each by its day."""

    nouns = ("a target", "targets")
    serializer_class = TargetBody
    changes = Action.CHANGE_KPIS
    lookup_field = "on"

    def rows(self, who: Actor) -> QuerySet[Target]:
        return targets_of(self.kpi(who))

    def kpi(self, who: Actor) -> Kpi:
        return get_object_or_404(kpis_seen_by(who), key=self.kwargs["key"])

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Target:
        return changing.create_target(self.kpi(self.who), fields, **who_and_when)

    def change_row(self, row: Target, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        changing.change(row, fields, **who_and_when)

    def delete_row(self, row: Target, **who_and_when: Any) -> None:
        changing.delete(row, **who_and_when)

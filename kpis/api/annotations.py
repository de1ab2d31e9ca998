"""`annotations/`: dated events that may explain a movement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter, FilterSet

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named
from kpis.definitions import changing
from kpis.definitions.models import Annotation
from kpis.definitions.sight import annotations_seen_by, initiatives_seen_by


class AnnotationBody(Definition):
    """A dated event: shown on every time axis, listed as a rival explanation."""

    initiative = Named("slug", rows=initiatives_seen_by, help_text="Its slug.")

    class Meta:
        model = Annotation
        example = {
            "id": 3,
            "initiative": "support-triage",
            "on": "2026-03-02",
            "until": None,
            "kind": "go_live",
            "text": "Go-live for all teams",
        }
        fields = ["id", "initiative", "on", "until", "kind", "text"]
        read_only_fields = ["id"]
        extra_kwargs = {"until": {"help_text": "Last day, inclusive; null: one day."}}


class AnnotationFilters(FilterSet):
    initiative = CharFilter(field_name="initiative__slug", help_text="Its slug.")

    class Meta:
        model = Annotation
        fields = ["kind"]


class Annotations(Definitions):
    nouns = ("an annotation", "annotations")
    serializer_class = AnnotationBody
    changes = Action.CHANGE_ANNOTATIONS
    filterset_class = AnnotationFilters
    ordering_fields = ("id", "on", "kind")

    def rows(self, who: Actor) -> QuerySet[Annotation]:
        return annotations_seen_by(who)

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Annotation:
        return changing.create_annotation(fields, **who_and_when)

    def change_row(self, row: Annotation, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        changing.change_annotation(row, fields, **who_and_when)

    def delete_row(self, row: Annotation, **who_and_when: Any) -> None:
        changing.delete(row, **who_and_when)

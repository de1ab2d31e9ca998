"""`audit-events/`: who changed what, when. Read only, and whole only for whose sight is not limited."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter, DateTimeFilter, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kpis.access.listing import audit_events_seen_by
from kpis.access.models import AuditEvent
from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{64}$"})
class Hex(serializers.Field):
    def to_representation(self, value: Any) -> str:
        return bytes(value).hex()


class AuditEventBody(serializers.ModelSerializer):
    """One row of the chain: its digest covers the row before."""

    details = serializers.DictField(read_only=True)
    previous = Hex(read_only=True, help_text="Digest of the row before.")
    digest = Hex(read_only=True, help_text="SHA-256 over the one before and this row.")

    class Meta:
        model = AuditEvent
        fields = ["sequence", "at", "actor", "what", "subject", "details", "previous", "digest"]
        read_only_fields = fields


class AuditFilters(FilterSet):
    subject = CharFilter(lookup_expr="startswith", help_text="Begins with, for example baseline:support.")
    at_from = DateTimeFilter(field_name="at", lookup_expr="gte")
    at_to = DateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEvent
        fields = ["what", "actor"]


class AuditEvents(Definitions):
    nouns = ("an audit event", "audit events")
    serializer_class = AuditEventBody
    reads = changes = Action.READ_AUDIT
    lookup_field = "sequence"
    filterset_class = AuditFilters

    def rows(self, who: Actor) -> QuerySet[AuditEvent]:
        return audit_events_seen_by(who)

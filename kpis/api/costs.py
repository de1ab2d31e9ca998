"""`costs/`: money spent on an initiative, once or recurring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter, DateFilter, FilterSet

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Currency, Definition, Money, Named
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import spending
from kpis.ledger.models import CostEntry
from kpis.ledger.sight import costs_seen_by


class CostBody(Definition):
    """Money spent, once or on the same day of each month, quarter or year."""

    initiative = Named("slug", rows=initiatives_seen_by, help_text="Its slug.")
    amount = Money(help_text="Of one payment; below zero where money came back.")
    currency = Currency(
        required=False, help_text="The initiative's where none is given; others are converted by `exchange-rates/`."
    )

    class Meta:
        model = CostEntry
        example = {
            "id": 12,
            "initiative": "support-triage",
            "name": "Licences",
            "cost_category": "licence",
            "amount": "1250.00",
            "currency": "EUR",
            "on": "2026-03-02",
            "recurrence": "monthly",
            "until": "2027-03-01",
            "kind": "actual",
            "settlement": "invoiced",
            "reference": "invoice 4711, line 2",
        }
        fields = [
            "id",
            "initiative",
            "name",
            "cost_category",
            "amount",
            "currency",
            "on",
            "recurrence",
            "until",
            "kind",
            "settlement",
            "reference",
        ]
        read_only_fields = ["id"]
        extra_kwargs = {
            "on": {"help_text": "Day of the payment, of the first one where it recurs."},
            "until": {"help_text": "Last day of a recurring cost, inclusive."},
            "reference": {"help_text": "What the line of a bill is known by; once an initiative."},
        }


class CostFilters(FilterSet):
    initiative = CharFilter(field_name="initiative__slug", help_text="Its slug.")
    on_from = DateFilter(field_name="on", lookup_expr="gte", help_text="On this day or later.")
    on_to = DateFilter(field_name="on", lookup_expr="lt", help_text="Before this day.")

    class Meta:
        model = CostEntry
        fields = ["cost_category", "recurrence", "kind", "settlement"]


class Costs(Definitions):
    nouns = ("a cost entry", "cost entries")
    serializer_class = CostBody
    changes = Action.CHANGE_COSTS
    filterset_class = CostFilters
    ordering_fields = ("id", "on", "name", "amount")

    def rows(self, who: Actor) -> QuerySet[CostEntry]:
        return costs_seen_by(who)

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> CostEntry:
        return spending.create_cost(fields, **who_and_when)

    def change_row(self, row: CostEntry, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        spending.change_cost(row, fields, **who_and_when)

    def delete_row(self, row: CostEntry, **who_and_when: Any) -> None:
        spending.delete_cost(row, **who_and_when)

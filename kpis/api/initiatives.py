"""`initiatives/`: one AI use case with its owner, phase, go-live date and currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.serializers import ChoiceField

from kpis.access import rights
from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Currency, Definition, Number, Slug, Whole
from kpis.baselines import versions
from kpis.definitions import changing
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import changing as money
from kpis.phases import entering


class InitiativeBody(Definition):
    """One AI use case. All its money is in its `currency`."""

    slug = Slug(help_text="How everything addresses the initiative. Given once, it stays.")
    currency = Currency(required=False, help_text="Of all its money; the organisation's where none is given.")
    phase = ChoiceField(choices=Initiative.Phase.choices, required=False)
    discount_rate = Number(
        required=False, max_digits=6, decimal_places=4, help_text="A year, as a share: 0.08 is 8 %. Default 0.08."
    )
    horizon_months = Whole(required=False, min_value=1, max_value=600, help_text="Default 36.")

    class Meta:
        model = Initiative
        example = {
            "slug": "support-triage",
            "name": "Support triage",
            "description": "Sorts incoming tickets and drafts the first answer.",
            "business_unit": "Service",
            "owner": "Dana Owner",
            "industry": "manufacturing",
            "business_function": "customer_support",
            "technology": "language model",
            "vendor": "",
            "phase": "integration",
            "currency": "EUR",
            "started_on": "2026-01-05",
            "go_live_on": "2026-03-02",
            "discount_rate": 0.08,
            "horizon_months": 36,
            "is_sample": False,
        }
        fields = [
            "slug",
            "name",
            "description",
            "business_unit",
            "owner",
            "industry",
            "business_function",
            "technology",
            "vendor",
            "phase",
            "currency",
            "started_on",
            "go_live_on",
            "discount_rate",
            "horizon_months",
            "is_sample",
        ]
        read_only_fields = ["is_sample"]


class Initiatives(Definitions):
    nouns = ("an initiative", "initiatives")
    serializer_class = InitiativeBody
    changes = Action.CHANGE_INITIATIVES
    lookup_field = "slug"
    filterset_fields = ("business_unit", "phase", "owner", "industry", "business_function", "vendor")
    ordering_fields = ("slug", "name", "started_on", "go_live_on", "phase")

    def rows(self, who: Actor) -> QuerySet[Initiative]:
        return initiatives_seen_by(who)

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Initiative:
        if not rights.may(self.who, Action.CREATE_INITIATIVES):
            raise PermissionDenied
        with transaction.atomic():
            initiative = changing.create_initiative(fields, **who_and_when)
            entering.note_phase(initiative, at=who_and_when["at"])
        return initiative

    def change_row(self, row: Initiative, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        versions.refuse_go_live_within(row, fields.get("go_live_on", row.go_live_on))
        with transaction.atomic():
            if "phase" in money.change_initiative(row, fields, **who_and_when):
                entering.note_phase(row, at=who_and_when["at"])

    def delete_row(self, row: Initiative, **who_and_when: Any) -> None:
        money.remove_initiative(row, **who_and_when)

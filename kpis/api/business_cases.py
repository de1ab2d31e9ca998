"""`initiatives/{slug}/business-cases/`: what was promised, and its approval; beside it what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.rights import Action, Actor
from kpis.api import plan_forms
from kpis.api.as_of import AS_OF, asked_as_of
from kpis.api.conditional import Conditional
from kpis.api.definitions import Definitions
from kpis.api.members import Body, Day, Definition, Money, Named, Number, Text, Whole
from kpis.api.permissions import May, Read, asker
from kpis.api.plan_forms import as_json
from kpis.api.roi import refuse_unknown
from kpis.api.statements import answered
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import CostEntry
from kpis.ledger.sight import drivers_seen_by
from kpis.planning import approving, drafting
from kpis.planning.drafting import Draft
from kpis.planning.models import BusinessCase
from kpis.roi.against_plan import against_plan
from kpis.roi.flows import flows_of


@extend_schema_field({"type": "integer", "minimum": 1})
class DriverId(Named):
    """A value driver by its id, if the asker sees it; else it does not exist."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        found = self.get_queryset().filter(pk=data).select_related("kpi").first() if 0 < data < 2**63 else None
        return found or self.fail("does_not_exist", slug_name=self.field_name, value=data)


class BenefitBody(Body):
    """A planned benefit: `effect` in the KPI's unit, above 0 where better, or `effect_share` of `reference`."""

    driver = DriverId(
        "pk", rows=drivers_seen_by, required=False, allow_null=True, help_text="Id of the value driver that brings it."
    )
    name = Text(max_length=120, required=False, help_text="Default: the driver's.")
    unit = Text(max_length=40, required=False, allow_blank=True)
    volume_per_month = Number(max_digits=18, decimal_places=6, min_value=Decimal(0), help_text="At full adoption.")
    effect = Number(max_digits=24, decimal_places=9, required=False, allow_null=True)
    effect_share = Number(max_digits=9, decimal_places=6, required=False, allow_null=True)
    reference = Number(max_digits=24, decimal_places=9, required=False, allow_null=True)
    unit_factor = Number(max_digits=24, decimal_places=15, required=False, help_text="Default: the driver's, or 1.")
    unit_value = Number(max_digits=18, decimal_places=6, help_text="In the initiative's currency.")
    realised = Number(
        max_digits=7,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=Decimal(1),
        required=False,
        help_text="Realisation times attribution. Default 1.",
    )
    from_month = Whole(min_value=1, max_value=600, required=False, help_text="Since go-live; 1 is the first.")
    to_month = Whole(min_value=1, max_value=600, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("driver") and not attrs.get("name"):
            raise serializers.ValidationError({"name": self.fields["name"].error_messages["required"]})
        to_month = attrs.get("to_month")
        if to_month is not None and to_month < attrs.get("from_month", 1):
            raise serializers.ValidationError({"to_month": plan_forms.NOT_BEFORE})
        return attrs


class PlannedCostBody(Body):
    name = Text(max_length=160)
    cost_category = serializers.ChoiceField(CostEntry.Category.choices)
    amount = Money()
    on = Day()
    recurrence = serializers.ChoiceField(CostEntry.Recurrence.choices, required=False)
    until = Day(required=False, allow_null=True)
    stated = serializers.CharField(read_only=True, help_text="How a copied cost stood in its own currency.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until = attrs.get("until")
        if until is not None and (until < attrs["on"] or attrs.get("recurrence", "none") == "none"):
            raise serializers.ValidationError({"until": plan_forms.ONLY_RECURRING})
        return attrs


class CaseBody(Definition):
    """Written as a draft; the planned costs that the initiative has are copied into it. Approved, it never changes."""

    ramp: Any = serializers.ListField(
        child=Number(max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1)),
        required=False,
        max_length=120,
        help_text="Adopted share in the first, second, … month since go-live; the last one stays.",
    )
    go_live_on = Day(help_text="As planned.")
    benefits = BenefitBody(many=True, required=False)
    costs = PlannedCostBody(many=True, required=False)
    author: Any = serializers.SlugRelatedField("username", read_only=True, allow_null=True)
    approved_by: Any = serializers.SlugRelatedField("username", read_only=True, allow_null=True)

    class Meta:
        model = BusinessCase
        example = plan_forms.CASE_EXAMPLE
        example_sent = plan_forms.CASE_SENT
        fields = [
            "version", "currency", "go_live_on", "ramp", "owner", "source", "note", "benefits", "costs", "author",
            "created_at", "approved_by", "approved_at", "self_approved",
        ]  # fmt: skip
        read_only_fields = ["version", "currency", "created_at", "approved_at", "self_approved"]
        extra_kwargs = {"note": {"max_length": 2000}}


class BusinessCases(Definitions):
    """Versions are written, read, approved; a draft may be withdrawn; nothing is changed."""

    nouns = ("a business case", "business cases")
    serializer_class = CaseBody
    changes = Action.WRITE_BUSINESS_CASES
    lookup_field = "version"
    ordering_fields = ("version",)

    def initiative(self, who: Actor) -> Initiative:
        return get_object_or_404(initiatives_seen_by(who), slug=self.kwargs["slug"])

    def rows(self, who: Actor) -> QuerySet[BusinessCase]:
        return approving.cases_of(self.initiative(who))

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> BusinessCase:
        return drafting.write_draft(self.initiative(self.who), Draft(**fields), **who_and_when)

    def delete_row(self, row: BusinessCase, **who_and_when: Any) -> None:
        drafting.withdraw(row, **who_and_when)


class CaseApproval(BusinessCases):
    """Approve by another than the author, while another may; a token approves as the person who made it."""

    permission_classes = [May(Action.APPROVE_BUSINESS_CASES)]

    @extend_schema(request=None, operation_id="initiatives_business_cases_approve")
    def approve(self, request: Request, **_named: Any) -> Response:
        approving.approve(self.get_object(), **self.acting())
        return Response(self.get_serializer(self.get_object()).data)


class PlanAgainstActual(Conditional):
    """Read plan against actual

    Planned and actual net of the same full months since the start, and the bridge between them: delay, not booked,
    volume, effect, price, not planned, cost, rest, to the cent. Null members have a reason.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="initiatives_plan", parameters=[AS_OF], responses={200: plan_forms.PLAN})
    @organisation.read_once()
    def get(self, request: Request, slug: str) -> HttpResponse:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        refuse_unknown(request, {"as_of"})
        as_of, calendar, reasons = asked_as_of(request), organisation.calendar(), dict[str, str]()
        case = approving.approved_cases([initiative], as_of=as_of).get(initiative.pk)
        flows = flows_of([initiative], as_of=as_of)[0]
        found = against_plan(flows, case, as_of=as_of, calendar=calendar, reasons=reasons)
        return answered(as_json(found, currency=flows.currency, reasons=reasons))

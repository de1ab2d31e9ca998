"""`initiatives/{slug}/scale/`: from pilot to scale, on what was measured. Nothing is stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kpis.api.idempotency import Idempotent
from kpis.api.members import Body, Money, Number, Whole
from kpis.api.permissions import Read, asker
from kpis.api.statement_forms import COUNT, MONEY, REASONS, SHARE, TEXT, closed
from kpis.api.statements import money
from kpis.calculations.money import cents
from kpis.calculations.scaling import LONGEST, MOST_USERS, PARTS, CostStep, Rollout
from kpis.definitions.sight import initiatives_seen_by
from kpis.plumbing import clock
from kpis.roi.at_scale import AtScale, at_scale
from kpis.roi.statement import roi_statement

BASES = ("user_month", "new_user", "month", "block_month", "once")
NOT_FEWER = gettext_lazy("Users at scale are at least those of today.")
MONTH = closed(
    {
        "month": COUNT,
        "users": COUNT,
        "measured": {"type": "boolean", "description": "As many users as these were measured."},
        **dict.fromkeys(("benefit_low", "benefit", "benefit_high", "cost", "net_low", "net", "net_high"), MONEY),
    }
)
SCALE = closed(
    {
        "currency": TEXT,
        "scenario": TEXT,
        "measured_months": {"type": "array", "items": {"type": "string", "format": "date"}},
        "months": {"type": "array", "items": MONTH, "description": "`net…`: cumulative, at the end of the month."},
        "evidence_ends": {"type": ["integer", "null"], "description": "First month with more users than measured."},
        "pays_from_users": {"type": ["integer", "null"]},
        "cost_ratio": SHARE | {"description": "Cost of the last month by a running month of the pilot."},
        "missing_costs": {"type": "array", "items": {"type": "string", "enum": list(PARTS)}},
        "reasons": REASONS,
    }
)


class StepBody(Body):
    part = serializers.ChoiceField(PARTS)
    basis = serializers.ChoiceField(BASES)
    amount = Money(min_value=Decimal(0))
    block = Whole(min_value=1, max_value=MOST_USERS, required=False, help_text="Users in one block, for block_month.")


class ScaleQuestion(Body):
    """How many use it today and at scale, in how many months, and what later users keep of the measured benefit."""

    users_now = Whole(min_value=1, max_value=MOST_USERS)
    users_at_scale = Whole(min_value=1, max_value=MOST_USERS)
    months_to_scale = Whole(min_value=1, max_value=LONGEST)
    months = Whole(min_value=1, max_value=LONGEST, required=False, help_text="Default: the initiative's horizon.")
    kept = Number(max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1))
    users_by_month = serializers.ListField(
        child=Whole(min_value=0, max_value=MOST_USERS),
        required=False,
        max_length=LONGEST,
        help_text="Instead of the logistic curve; the last one stays.",
    )
    costs = StepBody(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["users_at_scale"] < attrs["users_now"]:
            raise serializers.ValidationError({"users_at_scale": NOT_FEWER})
        return attrs


class Scale(Idempotent):
    """Project a pilot to scale

    What the last three full months brought for each user, carried to more users by a logistic curve or stated numbers,
    against costs by user, block and month. `evidence_ends` says from when on it is an assumption. Nothing is stored.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="initiatives_scale", request=ScaleQuestion, responses={200: SCALE})
    def post(self, request: Request, slug: str) -> HttpResponse:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        body = ScaleQuestion(data=request.data)
        body.is_valid(raise_exception=True)
        statement, reasons = roi_statement(initiative, as_of=clock.now()), dict[str, str]()
        asked = body.validated_data
        rollout, costs = _rollout(asked, initiative.horizon_months), _costs(asked)
        found = at_scale(statement, rollout, costs, kept=float(asked["kept"]), reasons=reasons)
        answer = {"currency": statement.currency, "scenario": "pilot_to_scale", **_told(found), "reasons": reasons}
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def _rollout(asked: dict[str, Any], horizon: int) -> Rollout:
    return Rollout(
        users_now=asked["users_now"],
        users_at_scale=asked["users_at_scale"],
        months_to_scale=asked["months_to_scale"],
        months=asked.get("months") or min(horizon, LONGEST),
        stated=tuple(asked.get("users_by_month") or ()),
    )


def _costs(asked: dict[str, Any]) -> list[CostStep]:
    return [
        CostStep(step["part"], step["basis"], float(step["amount"]), step.get("block", 1))
        for step in asked.get("costs") or ()
    ]


def _told(found: AtScale | None) -> dict[str, Any]:
    if found is None:
        return {
            "measured_months": [],
            "months": [],
            "evidence_ends": None,
            "pays_from_users": None,
            "cost_ratio": None,
            "missing_costs": [],
        }
    ahead = found.projection
    rows = zip(ahead.months, ahead.cumulative_net(), strict=True)
    return {
        "measured_months": found.pilot.months,
        "months": [
            {
                "month": month.month,
                "users": month.users,
                "measured": month.is_measured,
                "benefit_low": money(cents(month.benefit[0])),
                "benefit": money(cents(month.benefit[1])),
                "benefit_high": money(cents(month.benefit[2])),
                "cost": money(cents(month.cost)),
                "net_low": money(cents(net[0])),
                "net": money(cents(net[1])),
                "net_high": money(cents(net[2])),
            }
            for month, net in rows
        ],
        "evidence_ends": ahead.evidence_ends,
        "pays_from_users": ahead.pays_from,
        "cost_ratio": found.cost_ratio,
        "missing_costs": ahead.missing,
    }

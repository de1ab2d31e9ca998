"""`pools/`: hours or money on which several value drivers draw, what they hold, and what counts of each claim."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from kpis.access.rights import Action, Actor
from kpis.api import pool_forms, spans
from kpis.api.conditional import Conditional
from kpis.api.definitions import Definitions
from kpis.api.idempotency import Idempotent
from kpis.api.members import Body, Currency, Day, Definition, Money, Number, Text, Whole, YesNo
from kpis.api.permissions import Read, ReadOrManage, asker
from kpis.api.pool_claims import claims_shown
from kpis.api.statements import answered
from kpis.ledger.pools import reading, stating
from kpis.ledger.pools.models import Capacity, Pool
from kpis.ledger.pools.stating import StatedCapacity
from kpis.plumbing import clock

REASON = "Why; kept in the trail. Every change needs one: it moves what counts."


class CapacityShown(Definition):
    """What the pool holds from the month of `since` on."""

    quantity = Money()

    class Meta:
        model = Capacity
        fields = ["since", "quantity", "owner", "source"]


class PoolBody(Definition):
    """The usual rule is `best_evidence`: the same hours, of which the better evidence counts."""

    currency = Currency(required=False, allow_blank=True, help_text="Of a pool of money.")
    share = Number(
        max_digits=4,
        decimal_places=3,
        required=False,
        allow_null=True,
        min_value=Decimal("0.001"),
        max_value=Decimal(1),
        help_text="How much of the capacity may be claimed; null: the usual, of hours 0.8, of money 1.",
    )
    capacities = CapacityShown(many=True, read_only=True)
    reason = Text(max_length=300, required=False, write_only=True, help_text=REASON)

    class Meta:
        model = Pool
        example = {
            "id": 3,
            "slug": "service hours",
            "name": "Hours of the service agents",
            "unit": "hours",
            "currency": "",
            "share": None,
            "rule": "best_evidence",
            "capacities": [
                {"since": "2026-01-01", "quantity": "9240.00", "owner": "Head of Service", "source": "Payroll"}
            ],
        }
        fields = ["id", "slug", "name", "unit", "currency", "share", "rule", "capacities", "reason"]
        read_only_fields = ["id"]
        extra_kwargs = {
            "slug": {"help_text": "How value drivers name it, in whatever case."},
            "name": {"required": False},
        }
        validators: list[Any] = []


class PoolFilters(FilterSet):
    slug = CharFilter(lookup_expr="iexact", help_text="Its slug.")

    class Meta:
        model = Pool
        fields = ["unit", "rule"]


class Pools(Definitions):
    nouns = ("a pool", "pools")
    serializer_class = PoolBody
    changes = Action.CHANGE_POOLS
    filterset_class = PoolFilters
    ordering_fields = ("id", "slug", "name")

    def rows(self, who: Actor) -> QuerySet[Pool]:
        return reading.pools_seen_by(who)

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Pool:
        return stating.create_pool({k: v for k, v in fields.items() if k != "reason"}, **who_and_when)

    def change_row(self, row: Pool, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        given = dict(fields)
        stating.change_pool(row, given, reason=given.pop("reason", ""), **who_and_when)


class PoolClaims(Conditional):
    """Read the claims on a pool

    Who claims what of it, what counts, month by month, and what is not in order. Only initiatives in sight are named.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="pools_claims", responses={200: pool_forms.CLAIMS})
    def get(self, request: Request, pk: int) -> HttpResponse:
        spans.refuse_unknown(request, set())
        return answered(claims_shown(reading.account_of(_seen(request, pk), asker(request))))


class CapacityBody(Body):
    since = Day(help_text="From the month of this day on, until a later statement.")
    quantity = Money(help_text="Paid hours a month, or money, as a decimal string.", min_value=Decimal(0))
    owner = Text(max_length=120)
    source: Any = Text(max_length=300)
    reason = Text(max_length=300, help_text=REASON)


class PoolCapacities(Idempotent):
    """State the capacity of a pool

    From a month on; a statement of the same month is replaced. Claims are counted anew, in closed months as
    adjustments.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CHANGE_POOLS

    @extend_schema(operation_id="pools_state_capacity", request=CapacityBody, responses={200: PoolBody})
    def post(self, request: Request, pk: int) -> HttpResponse:
        pool, body = _seen(request, pk), CapacityBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        reason = given.pop("reason")
        stating.state_capacity(pool, StatedCapacity(**given), by=asker(request), at=clock.now(), reason=reason)  # type: ignore[arg-type]
        return answered(PoolBody(_seen(request, pk)).data)


class ApartBody(Body):
    first = Whole(help_text="Id of a value driver.")
    second = Whole(help_text="Id of another one of the same pool.")
    apart = YesNo(help_text="True: different hours, both count. False: the same hours after all.")
    reason = Text(max_length=300, help_text=REASON)


class PoolApart(Idempotent):
    """Decide that two claims are different hours

    Or take it back. Both then count, up to the capacity.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CHANGE_POOLS

    @extend_schema(operation_id="pools_set_apart", request=ApartBody, responses={200: pool_forms.CLAIMS})
    def post(self, request: Request, pk: int) -> HttpResponse:
        pool, body = _seen(request, pk), ApartBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        drivers = reading.account_of(pool, asker(request)).drivers_named(given["first"], given["second"])
        chosen = {"apart": given["apart"], "reason": given["reason"]}
        stating.decide_apart(*drivers, by=asker(request), at=clock.now(), **chosen)  # type: ignore[arg-type]
        return answered(claims_shown(reading.account_of(_seen(request, pk), asker(request))))


def _seen(request: Request, pk: int) -> Pool:
    return get_object_or_404(reading.pools_seen_by(asker(request)), pk=pk)

"""`calculators/`: the engine of the product on numbers that are sent along. Nothing is stored.

What they take is bounded, so that each answer takes a bounded time: at most `MOST_FLOWS` flows, `MOST_VALUES` values
a list, cycles of at most `LONGEST_SEASON` intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from kpis.api.calculator_bodies import EffectQuestion, InvestmentQuestion, PositionQuestion
from kpis.api.calculator_effect import effect_of
from kpis.api.calculator_forms import INVESTMENT, MEASURED_EFFECT, POSITION
from kpis.api.calculator_investment import investment_of
from kpis.api.calculator_position import position_of
from kpis.api.idempotency import Idempotent
from kpis.api.permissions import Read


class Calculator(Idempotent):
    """Asks its question, answers it, keeps nothing. Every reader may ask."""

    permission_classes = [Read]
    question: type[BaseSerializer]

    def post(self, request: Request) -> HttpResponse:
        body = self.question(data=request.data)
        body.is_valid(raise_exception=True)
        return HttpResponse(msgspec.json.encode(self.answer(body.validated_data)), content_type="application/json")

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


class Investment(Calculator):
    """Calculate NPV, IRR, ROI and payback of cash flows

    Dated flows are discounted by actual/365 at a rate a year, from the first date on; flows without dates stand at
    t = 0, 1, 2, … at a rate a period. All internal rates are listed: a flow that changes its sign twice can have two.
    """

    question = InvestmentQuestion

    @extend_schema(operation_id="calculators_investment", request=InvestmentQuestion, responses={200: INVESTMENT})
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return investment_of(asked)


class MeasuredEffect(Calculator):
    """Calculate the effect of a change on values before and after

    The lists are interval values in order of time; null is an interval without a value. The verdict is that of the
    interval for one look, `low` to `high`; `monitoring` stays valid though one looks again and again.
    """

    question = EffectQuestion

    @extend_schema(operation_id="calculators_effect", request=EffectQuestion, responses={200: MEASURED_EFFECT})
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return effect_of(asked)


class BenchmarkPosition(Calculator):
    """Calculate where a value stands beside published figures

    Either quantiles, or mean and standard deviation, or one point with its interval, or a range. A percentile is
    given only for the first two.
    """

    question = PositionQuestion

    @extend_schema(operation_id="calculators_benchmark_position", request=PositionQuestion, responses={200: POSITION})
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return position_of(asked)

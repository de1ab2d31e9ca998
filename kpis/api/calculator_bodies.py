"""What the calculators take, and where they end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from kpis.api.members import Body, Whole, YesNo
from kpis.api.numbers import LARGEST, Figure, Figures
from kpis.definitions.models import Kpi

MOST_FLOWS: Final = 1200  # a hundred years of months
MOST_VALUES: Final = 2000  # five years of days
MOST_QUANTILES: Final = 1000
LONGEST_SEASON: Final = 53  # weeks of a year
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
MONEY = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

AMOUNT_FORM = {"oneOf": [{"type": "number", "minimum": -LARGEST, "maximum": LARGEST}, {"type": "string", "pattern": f"^{MONEY.pattern}$"}]}  # fmt: skip # noqa: E501
DATED_FORM = {
    "type": "object",
    "required": ["on", "amount"],
    "additionalProperties": False,
    "properties": {"on": {"type": "string", "format": "date"}, "amount": AMOUNT_FORM},
}
Flow = tuple[date | None, float]


@extend_schema_field(
    {
        "oneOf": [
            {"type": "array", "items": DATED_FORM, "maxItems": MOST_FLOWS},
            {"type": "array", "items": AMOUNT_FORM, "maxItems": MOST_FLOWS},
        ]
    }
)
class CashFlows(serializers.Field):
    """Dated flows, or amounts at t = 0, 1, …; costs are negative. An amount is a number or a decimal string."""

    default_error_messages = {
        "not_a_list": gettext_lazy("This must be a list of flows."),
        "too_many": gettext_lazy("At most {most} flows are taken."),
        "mixed": gettext_lazy("Either every flow has a date, or none has."),
    }

    def to_internal_value(self, data: Any) -> list[Flow]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) > MOST_FLOWS:
            self.fail("too_many", most=MOST_FLOWS)
        dated = [isinstance(flow, dict) for flow in data]
        if any(dated) and not all(dated):
            self.fail("mixed")
        return [_flow(flow, str(index)) for index, flow in enumerate(data)]

    def to_representation(self, value: Any) -> Any:
        return value


def _flow(flow: Any, place: str) -> Flow:
    if not isinstance(flow, dict):
        return None, _amount(flow, place)
    if set(flow) != {"on", "amount"}:
        raise _refused(place, "invalid_flow", _("A dated flow has the members on and amount, and no other."))
    return _day(flow["on"], f"{place}.on"), _amount(flow["amount"], f"{place}.amount")


def _amount(value: Any, place: str) -> float:
    if isinstance(value, str):
        if not MONEY.fullmatch(value):
            raise _refused(place, "not_a_number", _("An amount is a JSON number or a decimal string."))
        value = Decimal(value)
    try:
        return Figure().to_internal_value(value)
    except ValidationError as error:
        raise ValidationError({place: error.detail}) from error


def _day(value: Any, place: str) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None or not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise _refused(place, "invalid_date", _("A date as YYYY-MM-DD, from 1900 to 2200."))
    return found


def _refused(place: str, code: str, sentence: str) -> ValidationError:
    return ValidationError({place: [ErrorDetail(sentence, code)]})


class InvestmentQuestion(Body):
    """Cash flows and the rate at which they are discounted."""

    cash_flows = CashFlows(help_text="Dated flows, or amounts at t = 0, 1, …; costs are negative.")
    discount_rate = Figure(
        required=False,
        allow_null=True,
        least=-0.99,
        most=1000,
        help_text="A year where flows are dated, else a period.",
    )


class ControlBody(Body):
    """The control group, interval by interval beside the others."""

    baseline = Figures(most=MOST_VALUES)
    actual = Figures(most=MOST_VALUES)


class EffectQuestion(Body):
    """Interval values before and after, in order of time; null is an interval without a value."""

    direction = serializers.ChoiceField(choices=Kpi.Direction.choices, help_text="Which way is better.")
    baseline = Figures(most=MOST_VALUES, help_text="Before.")
    actual = Figures(most=MOST_VALUES, help_text="After.")
    control = ControlBody(required=False, allow_null=True)
    method = serializers.ChoiceField(choices=["auto", "welch", "ar1", "its", "did"], required=False)
    season = Whole(
        required=False,
        allow_null=True,
        min_value=2,
        max_value=LONGEST_SEASON,
        help_text="Length of a cycle, in intervals.",
    )
    confidence = Figure(required=False, least=0.5, most=0.999, help_text="Default 0.95.")

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        control = attrs.get("control")
        measured = control and any(value is not None for value in control["baseline"])
        if attrs.get("method") == "did" and not measured:
            raise _refused("control", "required", _("Difference-in-differences needs a control group."))
        for name in ("baseline", "actual"):
            if control and len(control[name]) != len(attrs[name]):
                raise _refused(f"control.{name}", "unequal_lengths", _("Both groups need as many intervals."))
        return attrs


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MOST_QUANTILES,
        "items": {
            "type": "object",
            "required": ["p", "value"],
            "additionalProperties": False,
            "properties": {"p": {"type": "number", "minimum": 0, "maximum": 1}, "value": {"type": "number"}},
        },
    }
)
class Quantiles(serializers.Field):
    """Published quantiles; p is the share at or below the value. Their order is free."""

    default_error_messages = {
        "not_a_list": gettext_lazy("This must be a list of quantiles."),
        "too_many": gettext_lazy("At most {most} quantiles are taken."),
        "empty": gettext_lazy("A list of quantiles has one at least."),
    }

    def to_internal_value(self, data: Any) -> list[tuple[float, float]]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if not data:
            self.fail("empty")
        if len(data) > MOST_QUANTILES:
            self.fail("too_many", most=MOST_QUANTILES)
        return [_quantile(step, str(index)) for index, step in enumerate(data)]

    def to_representation(self, value: Any) -> Any:
        return value


def _quantile(step: Any, place: str) -> tuple[float, float]:
    if not isinstance(step, dict) or set(step) != {"p", "value"}:
        raise _refused(place, "invalid_quantile", _("A quantile has the members p and value, and no other."))
    try:
        return Figure(least=0, most=1).to_internal_value(step["p"]), Figure().to_internal_value(step["value"])
    except ValidationError as error:
        raise ValidationError({place: error.detail}) from error


class PositionQuestion(Body):
    """The own value with its range, and what is published: one of four forms."""

    value = Figure()
    value_low = Figure(required=False, allow_null=True)
    value_high = Figure(required=False, allow_null=True)
    direction = serializers.ChoiceField(choices=Kpi.Direction.choices, help_text="Which way is better.")
    quantiles = Quantiles(required=False, allow_null=True)
    mean = Figure(required=False, allow_null=True)
    sd = Figure(required=False, allow_null=True)
    point = Figure(required=False, allow_null=True, help_text="One figure; low and high are its interval.")
    low = Figure(required=False, allow_null=True, help_text="With high and without a point: a range.")
    high = Figure(required=False, allow_null=True)
    is_share = YesNo(required=False, help_text="With mean and sd: the values are shares between 0 and 1.")

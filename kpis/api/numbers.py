"""Numbers of calculators and published figures: doubles, finite, of a size that arithmetic holds; lists with an end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

LARGEST = 1e15


@extend_schema_field({"type": "number", "minimum": -LARGEST, "maximum": LARGEST})
class Figure(serializers.Field):
    """A JSON number between `least` and `most`."""

    default_error_messages = {
        "not_a_number": gettext_lazy("This must be a JSON number."),
        "number_out_of_range": gettext_lazy("This number must be between {least} and {most}."),
    }

    def __init__(self, *, least: float = -LARGEST, most: float = LARGEST, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float | Decimal):
            self.fail("not_a_number")
        number = float(data)
        if not (math.isfinite(number) and self.least <= number <= self.most):
            self.fail("number_out_of_range", least=f"{self.least:g}", most=f"{self.most:g}")
        return number

    def to_representation(self, value: Any) -> float:
        return float(value)


@extend_schema_field({"type": "array", "items": {"type": ["number", "null"], "minimum": -LARGEST, "maximum": LARGEST}})
class Figures(serializers.Field):
    """A list of numbers; null is an interval without a value. Its length is checked before its members."""

    default_error_messages = {
        "not_a_list": gettext_lazy("This must be a list of numbers."),
        "too_many": gettext_lazy("At most {most} numbers are taken."),
    }

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> list[float | None]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) > self.most:
            self.fail("too_many", most=self.most)
        return figures_in(data, allow_null=True)

    def to_representation(self, value: Any) -> Any:
        return value


def figures_in(data: Sequence[Any], *, allow_null: bool = False) -> list[float | None]:
    """Each number, up to the first that is none: that one is refused by its place, and the rest is not looked at."""
    one = Figure()
    found: list[float | None] = []
    for index, item in enumerate(data):
        if item is None and allow_null:
            found.append(None)
            continue
        try:
            found.append(one.to_internal_value(item))
        except ValidationError as refused:
            detail = refused.detail[0] if isinstance(refused.detail, list) else ErrorDetail("", "invalid")
            raise ValidationError({str(index): [detail]}) from refused
    return found

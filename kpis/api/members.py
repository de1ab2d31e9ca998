"""The members that bodies are made of: each takes exactly what the schema says, and refuses the rest in words."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.duration import duration_iso_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from kpis.access.rights import Actor
from kpis.definitions.keys import SLUG


class Text(serializers.CharField):
    """A text, and only a text: a number is not silently turned into one. No control characters but line breaks."""

    default_error_messages = {"control_characters": gettext_lazy("A text has no control characters.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in text) or "\x7f" in text:
            self.fail("control_characters")
        return text


@extend_schema_field({"type": "string", "pattern": f"^{SLUG.pattern}$", "maxLength": 80})
class Slug(Text):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=80, trim_whitespace=False, **kwargs)

    default_error_messages = {"invalid_slug": gettext_lazy("Small letters, digits and single hyphens only.")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not SLUG.fullmatch(text):
            self.fail("invalid_slug")
        return text


class Currency(Text):
    default_error_messages = {"invalid_currency": gettext_lazy("A currency is three capital letters, as EUR.")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
            self.fail("invalid_currency")
        return text


class _Decimal(serializers.DecimalField):
    """Read with a fixed number of places and digits, never through a double."""

    default_error_messages = {
        "max_digits": gettext_lazy("The number has more than {max_digits} digits."),
        "max_decimal_places": gettext_lazy("The number has more than {max_decimal_places} decimal places."),
        "max_whole_digits": gettext_lazy("The number has more than {max_whole_digits} digits before the point."),
    }


@extend_schema_field({"type": "string", "pattern": r"^-?\d{1,16}(\.\d{1,2})?$", "examples": ["1250.00"]})
class Money(_Decimal):
    """An amount as a decimal string with at most two places; a JSON number may have lost digits before it came here."""

    default_error_messages = {
        "money_must_be_a_string": gettext_lazy('Money is a decimal string, as "1250.00".'),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("money_must_be_a_string")
        if not data.isascii() or not data.removeprefix("-").replace(".", "", 1).isdigit():
            self.fail("invalid")
        return super().to_internal_value(data)

    def to_representation(self, value: Decimal) -> str:
        return f"{Decimal(value):.2f}"


@extend_schema_field({"type": "string", "pattern": r"^\d{1,10}(\.\d{1,10})?$", "examples": ["0.9234"]})
class Rate(_Decimal):
    """A rate as a decimal string with at most ten places, given back without the zeros at its end."""

    default_error_messages = {
        "rate_must_be_a_string": gettext_lazy('An exchange rate is a decimal string, as "0.9234".'),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=10, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("rate_must_be_a_string")
        if not data.isascii() or not data.replace(".", "", 1).isdigit():
            self.fail("invalid")
        return super().to_internal_value(data)

    def to_representation(self, value: Decimal) -> str:
        text = f"{Decimal(value):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


@extend_schema_field(OpenApiTypes.DOUBLE)
class Number(_Decimal):
    """A JSON number: a share, a rate, a value in the KPI's unit. 0.15 is 15 %."""

    default_error_messages = {"not_a_number": gettext_lazy("This must be a JSON number.")}

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("not_a_number")
        return super().to_internal_value(self.rounded(Decimal(data)))

    def rounded(self, number: Decimal) -> Decimal:
        """A double's long tail (0.1 + 0.2) is no precision; only what cannot be stored beyond the places is cut."""
        _sign, digits, exponent = number.as_tuple()
        if self.decimal_places is None or not isinstance(exponent, int) or -exponent <= self.decimal_places:
            return number
        if len(digits) > 15:
            return round(number, self.decimal_places)
        return number

    def to_representation(self, value: Any) -> float | int:  # type: ignore[override]
        number = float(value)
        return int(number) if number.is_integer() and math.fabs(number) < 2**53 else number


class Whole(serializers.IntegerField):
    default_error_messages = {"invalid": gettext_lazy("This must be a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesNo(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Day(serializers.DateField):
    """A date as YYYY-MM-DD."""

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) != 10:
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


@extend_schema_field({"type": "string", "format": "duration", "examples": ["P2DT00H00M00S", "PT36H"]})
class Duration(serializers.Field):
    """A length of time as ISO 8601 (`PT36H`, `P2D`), above zero and up to ten years."""

    default_error_messages = {
        "invalid": gettext_lazy("A length of time is written as in ISO 8601, for example PT36H or P2D."),
        "out_of_range": gettext_lazy("A length of time here is above zero and at most ten years."),
    }

    def to_internal_value(self, data: Any) -> timedelta:
        if not isinstance(data, str) or not data.startswith("P") or len(data) > 40:
            self.fail("invalid")
        try:
            found = serializers.DurationField().to_internal_value(data)
        except (ValidationError, OverflowError):
            self.fail("invalid")
        if not timedelta(0) < found <= timedelta(days=3660):
            self.fail("out_of_range")
        return found

    def to_representation(self, value: timedelta) -> str:
        return duration_iso_string(value)


@extend_schema_field(OpenApiTypes.STR)
class Named(serializers.SlugRelatedField):
    """A row of another resource by its slug or key, if the asker sees it; else it does not exist.

    rows : which rows an actor sees, for example `sight.kpis_seen_by`.
    """

    default_error_messages = {"does_not_exist": gettext_lazy("There is no {slug_name} “{value}”.")}

    def __init__(self, slug_field: str, *, rows: Callable[[Actor], models.QuerySet[Any]], **kw: Any) -> None:
        self.rows = rows
        super().__init__(slug_field=slug_field, **kw)

    def get_queryset(self) -> models.QuerySet[Any]:
        return self.rows(self.context["asker"])

    def use_pk_only_optimization(self) -> bool:
        return False

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return self.get_queryset().get(**{self.slug_field: data})
        except self.get_queryset().model.DoesNotExist:
            self.fail("does_not_exist", slug_name=self.field_name, value=data[:200])


class Definition(serializers.ModelSerializer):
    """A body that follows a model: strict members, and no member that nobody knows (a mistyped one would be lost)."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: Text,
        models.TextField: Text,
        models.DecimalField: Number,
        models.PositiveSmallIntegerField: Whole,
        models.PositiveIntegerField: Whole,
        models.BooleanField: YesNo,
        models.DateField: Day,
        models.DurationField: Duration,
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


class Body(serializers.Serializer):
    """A body of its own making, as strict as a definition's."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


def refuse_unknown(data: Mapping[Any, Any], known: Mapping[str, Any]) -> None:
    """Refuses (ValidationError) members that are not known, with the name that was probably meant."""
    refusals = {}
    for name in data:
        if name in known:
            continue
        close = difflib.get_close_matches(str(name)[:100], list(known), n=1)
        sentence = (
            _("There is no such member; did you mean %(name)s?") % {"name": close[0]}
            if close
            else _("There is no such member.")
        )
        refusals[str(name)] = [ErrorDetail(sentence, "unknown_member")]
    if refusals:
        raise ValidationError(refusals)

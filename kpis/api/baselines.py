"""`kpis/{key}/baselines/`: the frozen reference of a KPI, measured or declared, and its approval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Number, Text
from kpis.api.permissions import May
from kpis.baselines import approving, declaring, measuring, versions
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by

ONLY = {
    Baseline.Method.MEASURED: ("window_start", "window_end", "treated", "control", "transition_until"),
    Baseline.Method.DECLARED: ("value", "low", "high", "source"),
}
NEEDED = {
    Baseline.Method.MEASURED: ("window_start", "window_end"),
    Baseline.Method.DECLARED: ("value", "source"),
}


@extend_schema_field({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
class DayOrInstant(serializers.Field):
    """A date, meaning the local midnight with which it begins, or an RFC 3339 time with its offset."""

    default_error_messages = {
        "invalid_time": gettext_lazy("This is a date (YYYY-MM-DD) or a time with its offset (RFC 3339)."),
    }

    def to_internal_value(self, data: Any) -> date | datetime:
        found: date | datetime | None = None
        if isinstance(data, str) and len(data) <= 40:
            try:
                found = parse_date(data) if len(data) == 10 else parse_datetime(data)
            except ValueError:
                found = None
        if found is None or (isinstance(found, datetime) and found.tzinfo is None) or not 1990 <= found.year <= 2200:
            self.fail("invalid_time")
        return found

    def to_representation(self, value: datetime) -> str:
        return value.isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"variant": "a"}]})
class LabelMatcher(serializers.DictField):
    """Labels that a series must have: `{"variant": "control"}`."""

    child = Text(max_length=200)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (len(data) > 16 or any(not 0 < len(str(name)) <= 64 for name in data)):
            sentence = _("At most 16 labels, with names of 1 to 64 characters.")
            raise ValidationError([ErrorDetail(sentence, "invalid_labels")])
        return super().to_internal_value(data)


class BaselineBody(Definition):
    """`measured`: give a window, the portal measures. `declared`: give a value and its source."""

    window_start = DayOrInstant(required=False, allow_null=True, help_text="Measured: first instant of the window.")
    window_end = DayOrInstant(required=False, allow_null=True, help_text="Measured: end of the window, not in it.")
    transition_until = DayOrInstant(
        required=False,
        allow_null=True,
        help_text="Measured: end of the roll-out; until then nothing counts for the effect.",
    )
    treated = LabelMatcher(required=False, help_text="Labels of the series that the initiative treats.")
    control = LabelMatcher(required=False, allow_null=True, help_text="Labels of the control group, if there is one.")
    value = Number(max_digits=24, decimal_places=9, required=False, help_text="Declared: in the KPI's unit.")
    low = Number(max_digits=24, decimal_places=9, required=False, allow_null=True)
    high = Number(max_digits=24, decimal_places=9, required=False, allow_null=True)
    control_value = Number(max_digits=24, decimal_places=9, read_only=True, allow_null=True)
    author: Any = serializers.SlugRelatedField("username", read_only=True, allow_null=True)
    approved_by: Any = serializers.SlugRelatedField("username", read_only=True, allow_null=True)

    class Meta:
        model = Baseline
        example = {
            "version": 1,
            "method": "measured",
            "window_start": "2025-12-31T23:00:00Z",
            "window_end": "2026-02-28T23:00:00Z",
            "treated": {},
            "control": None,
            "transition_until": None,
            "value": 12.5,
            "low": None,
            "high": None,
            "source": "",
            "note": "Two winter months, without the holidays.",
            "spread": 1.5,
            "intervals": 59,
            "reconstructed_intervals": 0,
            "control_value": None,
            "method_choice": "ar1",
            "choice_reason": "No control group, no trend.",
            "author": "dana",
            "created_at": "2026-03-01T09:00:00Z",
            "approved_by": "carla",
            "approved_at": "2026-03-01T10:00:00Z",
            "self_approved": False,
        }
        example_sent = {
            "method": "measured",
            "window_start": "2026-01-01",
            "window_end": "2026-03-01",
            "note": "Two winter months, without the holidays.",
        }
        fields = [
            "version",
            "method",
            "window_start",
            "window_end",
            "treated",
            "control",
            "transition_until",
            "value",
            "low",
            "high",
            "source",
            "note",
            "spread",
            "intervals",
            "reconstructed_intervals",
            "control_value",
            "method_choice",
            "choice_reason",
            "author",
            "created_at",
            "approved_by",
            "approved_at",
            "self_approved",
        ]
        read_only_fields = [
            "version",
            "spread",
            "intervals",
            "reconstructed_intervals",
            "method_choice",
            "choice_reason",
            "created_at",
            "approved_at",
            "self_approved",
        ]
        extra_kwargs = {
            "note": {"max_length": 2000},
            "reconstructed_intervals": {
                "help_text": "Of `intervals` those that hold only data that arrived after go-live: the mark "
                "“reconstructed”."
            },
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        method = Baseline.Method(attrs["method"])
        other = next(m for m in ONLY if m is not method)
        wrong = [name for name in ONLY[other] if attrs.get(name)]
        missing = [name for name in NEEDED[method] if attrs.get(name) in (None, "")]
        refusals = {name: [ErrorDetail(_("A %s baseline needs it.") % method.value, "required")] for name in missing}
        refusals |= {
            name: [ErrorDetail(_("Not for a %s baseline.") % method.value, "not_for_method")] for name in wrong
        }
        if refusals:
            raise ValidationError(refusals)
        return attrs


class Baselines(Definitions):
    """Versions are written, read, approved; a draft may be withdrawn; nothing is changed."""

    nouns = ("a baseline", "baselines")
    serializer_class = BaselineBody
    changes = Action.WRITE_BASELINES
    lookup_field = "version"
    ordering_fields = ("version",)

    def kpi(self, who: Actor) -> Kpi:
        return get_object_or_404(kpis_seen_by(who), key=self.kwargs["key"])

    def rows(self, who: Actor) -> QuerySet[Baseline]:
        return versions.versions_of(self.kpi(who))

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Baseline:
        given = {name: value for name, value in fields.items() if name != "method"}
        if fields["method"] == Baseline.Method.DECLARED:
            for name in ONLY[Baseline.Method.MEASURED]:
                given.pop(name, None)
            return declaring.declare(self.kpi(self.who), **given, **who_and_when)
        for name in ONLY[Baseline.Method.DECLARED]:
            given.pop(name, None)
        return measuring.measure(self.kpi(self.who), **given, **who_and_when)

    def delete_row(self, row: Baseline, **who_and_when: Any) -> None:
        versions.withdraw(row, **who_and_when)


class BaselineApproval(Definitions):
    """Approve by another than the author, while another may; a token approves as the person who made it."""

    nouns = ("a baseline", "baselines")
    serializer_class = BaselineBody
    permission_classes = [May(Action.APPROVE_BASELINES)]
    lookup_field = "version"

    def rows(self, who: Actor) -> QuerySet[Baseline]:
        return versions.versions_of(get_object_or_404(kpis_seen_by(who), key=self.kwargs["key"]))

    @extend_schema(request=None)
    def approve(self, request: Request, **_named: Any) -> Response:
        approving.approve(self.get_object(), **self.acting())
        return Response(self.get_serializer(self.get_object()).data)

"""`value-drivers/`: the written-down rule that turns one KPI's effect into money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import Field, SerializerMethodField

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Definition, Named, Number, Text, refuse_unknown
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by, kpis_seen_by
from kpis.ledger import changing, kinds, versions
from kpis.ledger.assuming import assumptions_seen_by
from kpis.ledger.changing import Stated
from kpis.ledger.models import Assumption, ValueDriver
from kpis.ledger.sight import drivers_seen_by
from kpis.ledger.versions import ROLES
from kpis.plumbing import clock

NUMBERS = ("low", "likely", "high")
LONGEST = {"owner": 120, "source": 300}


def _range_schema(number: dict[str, Any]) -> dict[str, Any]:
    texts = {name: {"type": "string", "maxLength": longest} for name, longest in LONGEST.items()}
    properties = dict.fromkeys(NUMBERS, number) | texts
    whole = {"type": "object", "properties": properties, "required": list(NUMBERS), "additionalProperties": False}
    shared = {"type": "object", "properties": {"assumption": {"type": "integer"}}, "required": ["assumption"]}
    return {"oneOf": [number, whole, shared | {"additionalProperties": False}]}


SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PRICE = {"anyOf": [{"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,6})?$"}, {"type": "number"}]}


class _Range(Field):
    """A number taken as certain, `{low, likely, high}` with its owner and source, or `{assumption}`: the id of one that
    stands already. Answered as the second."""

    default_error_messages = {
        "not_a_range": gettext_lazy("This is a number, or an object with low, likely and high."),
        "not_a_number": gettext_lazy("{name} is missing or is no number with at most six decimal places."),
        "no_such_assumption": gettext_lazy("There is no assumption {value} that could stand here."),
        "not_in_order": gettext_lazy("Low, likely and high must be in this order."),
        "not_a_share": gettext_lazy("A share lies within 0 and 1."),
        "not_a_text": gettext_lazy("{name} is a text of at most {longest} characters."),
    }
    is_share = True

    def to_internal_value(self, data: Any) -> Stated | Assumption:
        if isinstance(data, Mapping) and "assumption" in data:
            return self._shared(data)
        if isinstance(data, Mapping):
            refuse_unknown(data, dict.fromkeys((*NUMBERS, *LONGEST)))
            low, likely, high = (self._number(data.get(name), name) for name in NUMBERS)
            texts = {name: self._text(data.get(name, ""), name) for name in LONGEST}
        else:
            low = likely = high = self._number(data, self.field_name)
            texts = {}
        if not low <= likely <= high:
            self.fail("not_in_order")
        if self.is_share and not 0 <= low <= high <= 1:
            self.fail("not_a_share")
        return Stated(low, likely, high, **texts)

    def _shared(self, data: Mapping[str, Any]) -> Assumption:
        """One that stands already, by its id: it is drawn once for all drivers that rest on it."""
        refuse_unknown(data, {"assumption": None})
        key = data["assumption"]
        seen = assumptions_seen_by(self.context["asker"]).filter(is_share=self.is_share)
        found = seen.filter(pk=key).first() if isinstance(key, int) and not isinstance(key, bool) else None
        if found is None:
            self.fail("no_such_assumption", value=str(key)[:40])
        return found

    def _number(self, data: Any, name: str | None) -> Decimal:
        allowed = (int, Decimal) if self.is_share else (int, Decimal, str)
        if isinstance(data, bool) or not isinstance(data, allowed):
            self.fail("not_a_number" if name in NUMBERS else "not_a_range", name=name)
        try:
            number = Decimal(data)
        except InvalidOperation:
            self.fail("not_a_number", name=name)
        if not number.is_finite() or abs(number) >= 10**12 or number != round(number, 6):
            self.fail("not_a_number", name=name)
        return number

    def _text(self, data: Any, name: str) -> str:
        if not isinstance(data, str) or len(data) > LONGEST[name]:
            self.fail("not_a_text", name=name, longest=LONGEST[name])
        return Text(allow_blank=True).run_validation(data)

    def to_representation(self, value: Assumption) -> dict[str, Any]:
        holds = value.on(self._today())
        numbers = {name: self._shown(getattr(holds, name)) for name in NUMBERS}
        return numbers | {"owner": holds.owner, "source": holds.source}

    def _today(self) -> date:
        """Asked for once an answer, however many drivers are in it."""
        asked = cast(dict[str, Any], self.context)
        if "today" not in asked:
            asked["today"] = organisation.calendar().local_date(clock.now())
        today: date = asked["today"]
        return today

    def _shown(self, number: Decimal) -> Any:
        return float(number)


@extend_schema_field(PRICE)
class AssumedNumber(_Range):
    """One of low, likely and high by itself; `is_share` in the context says what it is."""

    def to_internal_value(self, data: Any) -> Decimal:  # type: ignore[override]
        self.is_share = self.context["is_share"]
        return self._number(data, self.field_name)


@extend_schema_field(_range_schema(SHARE))
class ShareRange(_Range):
    pass


@extend_schema_field(_range_schema(PRICE))
class PriceRange(_Range):
    """In the initiative's currency: decimal strings; a JSON number is taken digit by digit."""

    is_share = False

    def _shown(self, number: Decimal) -> Any:
        return f"{number.normalize():f}"


@extend_schema_field({"type": "string", "maxLength": 80})
class PoolName(Text):
    """The pool by its slug, in whatever case; an unknown one comes to be with the driver. Empty: none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=80, allow_blank=True, required=False, **kwargs)

    def get_attribute(self, instance: ValueDriver) -> str:
        return instance.pool.slug if instance.pool is not None else ""


class ValueDriverBody(Definition):
    """amount = ±(counterfactual − actual) · volume · unit_factor · unit_value · realisation · attribution."""

    initiative = Named("slug", rows=initiatives_seen_by, help_text="Its slug.")
    kpi = Named("key", rows=kpis_seen_by, help_text="Key of the KPI whose effect is priced.")
    volume_kpi = Named(
        "key", rows=kpis_seen_by, required=False, allow_null=True, help_text="Key of the KPI that counts the volume."
    )
    volume_per_interval = Number(
        max_digits=18, decimal_places=6, required=False, allow_null=True, help_text="Instead of a volume KPI."
    )
    unit_factor = Number(
        max_digits=24,
        decimal_places=15,
        required=False,
        help_text="Turns KPI unit times volume into what unit_value prices: minutes to hours 1/60. Follows from the "
        "units where `kind` or `priced_unit` says what is priced; else 1.",
    )
    priced_unit = Text(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="What one unit_value is paid for: h, {ticket}, EUR. Usual of its kind where it is not given.",
    )
    conversion = SerializerMethodField(
        help_text="From what is measured to what is priced: `min × ticket → h: 1/60`; null where units do not say it."
    )
    assumptions = SerializerMethodField(help_text="Ids of its assumptions in `assumptions/`.")
    unit_value = PriceRange(help_text="Price of one unit, in the initiative's currency.")
    realisation = ShareRange(help_text="How much of the saving becomes real.")
    attribution = ShareRange(help_text="How much of it is this initiative's.")
    pool = PoolName(help_text="The hours or money that it draws on: what others claim of them as well counts once.")
    captured_by = Named(
        "key",
        rows=kpis_seen_by,
        required=False,
        allow_null=True,
        help_text="Key of the follow-up KPI that shows where the freed time went: of the same initiative, in units of"
        " time or money, measured no more often. `initiatives/{slug}/captured/` lists what it shows.",
    )

    class Meta:
        model = ValueDriver
        example = {
            "id": 7,
            "initiative": "support-triage",
            "name": "Handling time saved",
            "kind": "time",
            "kpi": "support-triage.handling-time",
            "volume_kpi": "support-triage.tickets",
            "volume_per_interval": None,
            "priced_unit": "h",
            "unit_factor": 0.016666666666667,
            "unit_value": {
                "low": "48",
                "likely": "52",
                "high": "56",
                "owner": "Carla Controller",
                "source": "Cost accounting 2026",
            },
            "realisation": {"low": 0.6, "likely": 0.7, "high": 0.8, "owner": "Dana Owner", "source": "Pilot, 12 teams"},
            "attribution": {"low": 0.9, "likely": 0.9, "high": 0.9, "owner": "", "source": ""},
            "benefit_type": "direct",
            "is_freed_time": True,
            "pool": "service hours",
            "captured_by": None,
            "valid_from": "2026-03-02",
            "valid_to": None,
            "owner": "Dana Owner",
            "source": "Business case 4",
            "version": 1,
            "conversion": "min × ticket → h: 1/60",
            "assumptions": {"unit_value": 1, "realisation": 2, "attribution": 3},
        }
        fields = [
            "id",
            "initiative",
            "name",
            "kind",
            "kpi",
            "volume_kpi",
            "volume_per_interval",
            "priced_unit",
            "unit_factor",
            "unit_value",
            "realisation",
            "attribution",
            "benefit_type",
            "is_freed_time",
            "pool",
            "captured_by",
            "valid_from",
            "valid_to",
            "owner",
            "source",
            "version",
            "conversion",
            "assumptions",
        ]
        read_only_fields = ["id", "version", "conversion", "assumptions"]
        extra_kwargs = {
            "is_freed_time": {"help_text": "A time saving: in the books as far as a follow-up KPI traces it."}
        }
        validators: list[Any] = []

    @extend_schema_field({"type": ["string", "null"]})
    def get_conversion(self, driver: ValueDriver) -> str | None:
        found = kinds.conversion_of(driver)
        return found.text if found else None

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_assumptions(self, driver: ValueDriver) -> dict[str, int]:
        return {role: getattr(driver, f"{role}_id") for role in ROLES}


class ValueDriverFilters(FilterSet):
    initiative = CharFilter(field_name="initiative__slug", help_text="Its slug.")
    kpi = CharFilter(field_name="kpi__key", help_text="Its key.")
    pool = CharFilter(field_name="pool__slug", lookup_expr="iexact", help_text="Its slug.")

    class Meta:
        model = ValueDriver
        fields = ["benefit_type"]


class ValueDrivers(Definitions):
    nouns = ("a value driver", "value drivers")
    serializer_class = ValueDriverBody
    changes = Action.CHANGE_DRIVERS
    filterset_class = ValueDriverFilters
    ordering_fields = ("id", "name", "valid_from")

    def rows(self, who: Actor) -> QuerySet[ValueDriver]:
        return drivers_seen_by(who)

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        if page:
            versions.attach(page)
        return page

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> ValueDriver:
        return changing.create_driver(fields, **who_and_when)

    def change_row(self, row: ValueDriver, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        changing.change_driver(row, fields, **who_and_when)

    def delete_row(self, row: ValueDriver, **who_and_when: Any) -> None:
        changing.delete_driver(row, **who_and_when)

"""`exchange-rates/`: what a currency was worth in another from a day on, with its source."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DateFilter, FilterSet

from kpis.access.rights import Action, Actor
from kpis.api.definitions import Definitions
from kpis.api.members import Currency, Definition, Rate
from kpis.ledger import exchange
from kpis.ledger.models import ExchangeRate


class ExchangeRateBody(Definition):
    """A published rate. It holds from its day until a newer one comes, for 35 days at most."""

    currency = Currency(help_text="Of which one unit is priced.")
    into = Currency(help_text="In which it is priced; the other way round is divided.")
    rate = Rate(help_text="As a decimal string, so that no digit is lost.", min_value=Decimal("0.0000000001"))

    class Meta:
        model = ExchangeRate
        example = {
            "id": 4,
            "currency": "USD",
            "into": "EUR",
            "on": "2026-03-02",
            "rate": "0.9234",
            "source": "European Central Bank, reference rate",
        }
        fields = ["id", "currency", "into", "on", "rate", "source"]
        read_only_fields = ["id"]
        extra_kwargs = {"on": {"help_text": "The day from which it holds."}, "source": {"help_text": "Who says so."}}


class ExchangeRateFilters(FilterSet):
    on_from = DateFilter(field_name="on", lookup_expr="gte", help_text="On this day or later.")
    on_to = DateFilter(field_name="on", lookup_expr="lt", help_text="Before this day.")

    class Meta:
        model = ExchangeRate
        fields = ["currency", "into"]


class ExchangeRates(Definitions):
    nouns = ("an exchange rate", "exchange rates")
    serializer_class = ExchangeRateBody
    changes = Action.CHANGE_COSTS
    filterset_class = ExchangeRateFilters
    ordering_fields = ("id", "on", "currency", "into")

    def rows(self, who: Actor) -> QuerySet[ExchangeRate]:
        return exchange.rates_seen_by(who)

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> ExchangeRate:
        return exchange.create_rate(fields, **who_and_when)

    def change_row(self, row: ExchangeRate, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        exchange.change_rate(row, fields, **who_and_when)

    def delete_row(self, row: ExchangeRate, **who_and_when: Any) -> None:
        exchange.delete_rate(row, **who_and_when)

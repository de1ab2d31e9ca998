"""The forms of a pool: what it holds, its rule, and which claims are different hours. Each asks for the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from kpis.ledger.models import ValueDriver
from kpis.ledger.pools.models import Pool
from kpis.ledger.pools.reading import PoolAccount
from kpis.ledger.pools.stating import StatedCapacity
from kpis.wording.pools import rules_of


class Reasoned(forms.Form):
    """`attr` of a refusal is the field to blame."""

    def field_order_with_reason_last(self) -> None:
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
        help_text=gettext_lazy("It moves what counts, also in closed months as an adjustment, and stays in the trail."),
    )


class CapacityForm(Reasoned):
    since = forms.DateField(
        label=gettext_lazy("From the month of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    quantity = forms.DecimalField(label=gettext_lazy("Capacity a month"), min_value=0, max_digits=16, decimal_places=2)
    owner = forms.CharField(label=gettext_lazy("Owner"), max_length=120)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.field_order_with_reason_last()

    def stated(self) -> StatedCapacity:
        given = self.cleaned_data
        since: date = given["since"]
        return StatedCapacity(since, given["quantity"], given["owner"], given["source"])


class RuleForm(Reasoned):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    rule = forms.ChoiceField(label=gettext_lazy("What counts"))
    share = forms.DecimalField(
        label=gettext_lazy("Share that may be claimed"),
        min_value=0,
        max_value=1,
        max_digits=4,
        decimal_places=3,
        required=False,
        help_text=gettext_lazy("Between 0 and 1; empty: the usual, of hours 0.8, of money 1."),
    )

    def __init__(self, *args: Any, pool: Pool, **kwargs: Any) -> None:
        kwargs["initial"] = {"name": pool.name, "rule": pool.rule, "share": pool.share}
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["rule"]
        chosen.choices = list(rules_of(pool.unit).items())
        self.field_order_with_reason_last()

    def fields_of(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "rule", "share")}


class ApartForm(Reasoned):
    """Two drivers of the pool whose claims are different hours."""

    first = forms.TypedChoiceField(label=gettext_lazy("The claim"), coerce=int)
    second = forms.TypedChoiceField(label=gettext_lazy("is of other hours than"), coerce=int)

    def __init__(self, *args: Any, account: PoolAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drivers = {claimant.driver.pk: claimant.driver for claimant in account.claimants}
        choices = [(pk, f"{driver.initiative.name}: {driver.name}") for pk, driver in self.drivers.items()]
        for name, order in (("first", choices[::-1]), ("second", choices)):
            chosen: Any = self.fields[name]
            chosen.choices = order
        self.field_order_with_reason_last()

    def pair(self) -> tuple[ValueDriver, ValueDriver]:
        return self.drivers[self.cleaned_data["first"]], self.drivers[self.cleaned_data["second"]]

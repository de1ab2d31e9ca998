"""The form in which an assumption is changed: values, who answers for them, from when, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.ledger.assuming import Wanted
from kpis.ledger.models import Assumption

NUMBERS = ("low", "likely", "high")


def _day(label: Any, hint: Any = "") -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, help_text=hint, required=False, widget=widget)


def _number(label: Any) -> forms.DecimalField:
    widget = forms.NumberInput(attrs={"step": "any"})
    return forms.DecimalField(label=label, max_digits=18, decimal_places=6, widget=widget)


class AssumptionForm(forms.Form):
    """Works without scripts; what is wrong stands beside its field."""

    low = _number(gettext_lazy("Low"))
    likely = _number(gettext_lazy("Likely"))
    high = _number(gettext_lazy("High"))
    valid_from = _day(
        gettext_lazy("From which day"),
        gettext_lazy("With a day it is a further value: what began before keeps the old one. Empty: a correction."),
    )
    valid_to = _day(gettext_lazy("Holds until"))
    review_on = _day(gettext_lazy("Look at it again on"))
    owner = forms.CharField(label=gettext_lazy("Owner"), max_length=120, required=False)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=300, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Why it is changed; it stays with the assumption."),
    )

    @classmethod
    def of(cls, assumption: Assumption, data: Any, *, today: datetime) -> AssumptionForm:
        """Filled with what holds today."""
        holds = assumption.on(organisation.calendar().local_date(today))
        initial = {name: getattr(holds, name) for name in ("owner", "source", "valid_to", "review_on")}
        initial |= {name: getattr(holds, name).normalize() for name in NUMBERS}
        return cls(data, initial={name: f"{v:f}" if name in NUMBERS else v for name, v in initial.items()})

    def wanted(self) -> Wanted:
        return Wanted(**{name: self.cleaned_data[name] for name in Wanted.__dataclass_fields__})

    def blame(self, refusal: ChangeRefused) -> None:
        self.add_error(refusal.attr if refusal.attr in self.fields else None, refusal.detail)

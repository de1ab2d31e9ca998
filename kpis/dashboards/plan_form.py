"""The form of a business case: a row for each value driver, filled with its own terms; further costs below."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.definitions.models import Initiative
from kpis.ledger.models import CostEntry, ValueDriver
from kpis.planning.drafting import Draft
from kpis.wording.verdicts import COST_CATEGORIES, RECURRENCES

COST_ROWS = 4
DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class CaseForm(forms.Form):
    """Works without scripts; what is wrong stands beside its field. Planned costs come by themselves."""

    go_live_on = forms.DateField(label=gettext_lazy("Planned go-live"), widget=DAY)
    ramp = forms.CharField(
        label=gettext_lazy("Adoption by month since go-live, in percent"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("For example 25, 50, 80, 90; the last one stays. Empty: all at once."),
    )
    owner = forms.CharField(label=gettext_lazy("Owner"), max_length=120)
    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=300, help_text=gettext_lazy("Where it was decided or written down.")
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initiative = initiative
        self.drivers = list(
            initiative.value_drivers.select_related("kpi", "unit_value", "realisation", "attribution").order_by("pk")
        )
        self.fields["go_live_on"].initial = initiative.go_live_on
        for driver in self.drivers:
            self._benefit_fields(driver)
        for k in range(COST_ROWS):
            self._cost_fields(k)

    def clean_ramp(self) -> list[Decimal]:
        """Percentages between commas or spaces, as shares."""
        shares = []
        for text in self.cleaned_data["ramp"].replace(";", " ").replace(", ", " ").replace("%", " ").split():
            try:
                share = Decimal(text.strip(",").replace(",", ".")) / 100
            except ArithmeticError:
                raise forms.ValidationError(_("“%(text)s” is no percentage.") % {"text": text}) from None
            if not (share.is_finite() and 0 <= share <= 1):
                raise forms.ValidationError(_("Adoption lies between 0 and 100 percent."))
            shares.append(round(share, 4))
        return shares

    def benefits(self) -> Iterator[tuple[ValueDriver, list[Any]]]:
        """Each driver with its fields, for the page."""
        for driver in self.drivers:
            yield driver, [self[f"{name}_{driver.pk}"] for name in ("volume", "effect", "price", "realised")]

    def cost_rows(self) -> Iterator[list[Any]]:
        for k in range(COST_ROWS):
            yield [self[f"cost_{name}_{k}"] for name in ("name", "category", "amount", "on", "recurrence")]

    def draft(self) -> Draft:
        """What was entered; rows without a volume or an amount are left out."""
        given = self.cleaned_data
        plain = {name: given[name] for name in ("go_live_on", "ramp", "owner", "source", "note")}
        return Draft(**plain, benefits=list(self._planned()), costs=list(self._costs()))

    def _planned(self) -> Iterator[dict[str, Any]]:
        for driver in self.drivers:
            volume, effect, price, realised = (
                self.cleaned_data.get(f"{name}_{driver.pk}") for name in ("volume", "effect", "price", "realised")
            )
            if volume is not None and effect is not None:
                yield {
                    "driver": driver,
                    "volume_per_month": volume,
                    "effect": effect,
                    "unit_value": price if price is not None else driver.unit_value.likely,
                    "realised": Decimal(1) if realised is None else realised / 100,
                }

    def _costs(self) -> Iterator[dict[str, Any]]:
        for k in range(COST_ROWS):
            row: dict[str, Any] = {
                name: self.cleaned_data.get(f"cost_{name}_{k}")
                for name in ("name", "category", "amount", "on", "recurrence")
            }
            if row["amount"] is not None and row["on"] is not None:
                category = row.pop("category")
                yield row | {"cost_category": category, "name": row["name"] or CostEntry.Category(category).label}

    def _benefit_fields(self, driver: ValueDriver) -> None:
        realised = driver.realisation.likely * driver.attribution.likely * 100
        for name, label, places, initial in (
            ("volume", _("Volume a month"), 6, None),
            ("effect", _("Improvement of each"), 9, None),
            ("price", _("Unit value"), 6, driver.unit_value.likely.normalize()),
            ("realised", _("Realised, percent"), 4, round(realised, 4).normalize()),
        ):
            field = forms.DecimalField(
                label=f"{label}: {driver.name}",
                required=False,
                max_digits=15,
                decimal_places=places,
                initial=None if initial is None else f"{initial:f}",
                min_value=0 if name in {"volume", "realised"} else None,
                max_value=100 if name == "realised" else None,
            )
            self.fields[f"{name}_{driver.pk}"] = field

    def _cost_fields(self, k: int) -> None:
        labelled = {"number": k + 1}
        self.fields[f"cost_name_{k}"] = forms.CharField(
            label=_("Name of cost %(number)d") % labelled, required=False, max_length=160
        )
        self.fields[f"cost_category_{k}"] = forms.ChoiceField(
            label=_("Kind of cost %(number)d") % labelled, choices=_categories, required=False
        )
        self.fields[f"cost_amount_{k}"] = forms.DecimalField(
            label=_("Amount of cost %(number)d") % labelled, required=False, max_digits=18, decimal_places=2
        )
        self.fields[f"cost_on_{k}"] = forms.DateField(
            label=_("First day of cost %(number)d") % labelled, required=False, widget=DAY
        )
        self.fields[f"cost_recurrence_{k}"] = forms.ChoiceField(
            label=_("Rhythm of cost %(number)d") % labelled, choices=_recurrences, required=False
        )


def _categories() -> list[tuple[str, Any]]:
    return list(COST_CATEGORIES.items())


def _recurrences() -> list[tuple[str, Any]]:
    return list(RECURRENCES.items())

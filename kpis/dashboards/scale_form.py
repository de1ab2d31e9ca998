"""The question of a roll-out, as fields of an address: nothing is stored, and a link keeps the answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.calculations.scaling import LONGEST, MOST_USERS, Basis, CostStep, Rollout

STEPS: tuple[tuple[str, Basis, Any], ...] = (
    ("licence", "user_month", gettext_lazy("Licences, a user and month")),
    ("infrastructure", "block_month", gettext_lazy("Infrastructure and usage, a block of users and month")),
    ("integration", "once", gettext_lazy("Integration, once")),
    ("training", "new_user", gettext_lazy("Training, each new user")),
    ("support", "user_month", gettext_lazy("Support, a user and month")),
    ("governance", "month", gettext_lazy("Governance and review, a month")),
)


def _whole(label: Any, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=most, **more)


class ScaleForm(forms.Form):
    """Works without scripts; a cost that is left empty is named as missing."""

    users_now = _whole(gettext_lazy("Users today"), MOST_USERS)
    users_at_scale = _whole(gettext_lazy("Users at scale"), MOST_USERS)
    months_to_scale = _whole(gettext_lazy("Months until 95% of them use it"), LONGEST, initial=12)
    months = _whole(gettext_lazy("Months to look ahead"), LONGEST)
    kept = forms.DecimalField(
        label=gettext_lazy("What later users keep of the measured benefit, percent"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text=gettext_lazy(
            "Pilots choose willing users and easy cases; 100 means that later ones are no different."
        ),
    )
    block = _whole(gettext_lazy("Users in one block of infrastructure"), MOST_USERS, initial=100, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part, _basis, label in STEPS:
            self.fields[part] = forms.DecimalField(
                label=label, required=False, min_value=0, max_digits=14, decimal_places=2
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        now, scale = given.get("users_now"), given.get("users_at_scale")
        if now and scale and scale < now:
            self.add_error("users_at_scale", _("Users at scale are at least those of today."))
        return given

    def cost_fields(self) -> list[Any]:
        return [self[part] for part, _basis, _label in STEPS]

    def rollout(self) -> Rollout:
        given = self.cleaned_data
        return Rollout(given["users_now"], given["users_at_scale"], given["months_to_scale"], given["months"])

    def costs(self) -> list[CostStep]:
        given, block = self.cleaned_data, self.cleaned_data.get("block") or 1
        return [CostStep(part, basis, float(given[part]), block) for part, basis, _label in STEPS if given.get(part)]

    def kept_share(self) -> float:
        return float(self.cleaned_data["kept"]) / 100

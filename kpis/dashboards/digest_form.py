"""The form of a digest: a name, when it comes, in which language, to whom. The rules are `digests.changing`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils import dateformat
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.access.models import User
from kpis.definitions.changing import ChangeRefused
from kpis.digests.models import Digest

A_MONDAY = date(2024, 1, 1)
PLACES = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/", "UTC")


def weekdays() -> list[tuple[int, str]]:
    return [(k, dateformat.format(A_MONDAY + timedelta(days=k), "l")) for k in range(7)]


class People(forms.ModelMultipleChoiceField):
    """Each with the address to which the mail goes."""

    def label_from_instance(self, obj: User) -> str:
        name = obj.get_full_name() or obj.get_username()
        return f"{name}, {obj.email}" if obj.email else f"{name} ({_('no address yet')})"


class DigestForm(forms.Form):
    """Works without scripts; what is wrong stands beside its field."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    weekday = forms.TypedChoiceField(label=gettext_lazy("Weekday"), coerce=int, choices=weekdays)
    at = forms.TimeField(label=gettext_lazy("Time"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=lambda: [(z, z) for z in sorted(available_timezones()) if z.startswith(PLACES)],
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("For those who have not chosen one themselves."),
    )
    recipients = People(
        label=gettext_lazy("Recipients"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Everybody is told only of the initiatives that they see in the portal."),
    )
    enabled = forms.BooleanField(label=gettext_lazy("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, digest: Digest | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.digest = digest
        people = User.objects.filter(is_active=True).order_by("last_name", "first_name", "username")
        self.fields["recipients"].queryset = people  # type: ignore[attr-defined]

    @staticmethod
    def values_of(digest: Digest) -> dict[str, Any]:
        names = ("name", "weekday", "at", "zone", "language", "enabled")
        people = list(digest.recipients.values_list("user_id", flat=True))
        return {name: getattr(digest, name) for name in names} | {"recipients": people}

    def fields_of(self) -> dict[str, Any]:
        """What `digests.changing` is given; a new digest gets a slug from its name."""
        given = {name: self.cleaned_data[name] for name in ("name", "weekday", "at", "zone", "language", "enabled")}
        return given if self.digest else {"slug": _free_slug(given["name"]), **given}

    def people(self) -> list[User]:
        return list(self.cleaned_data["recipients"])

    def blame(self, refusal: ChangeRefused) -> None:
        self.add_error(refusal.attr if refusal.attr in self.fields else None, refusal.detail)


def _free_slug(name: str) -> str:
    """The name in small letters; with a number behind it where that is taken."""
    wished = slugify(name)[:70] or "digest"
    taken = {"new"} | set(Digest.objects.filter(slug__startswith=wished).values_list("slug", flat=True))
    return next(s for k in range(1, 10_000) if (s := wished if k == 1 else f"{wished}-{k}") not in taken)

"""`/exchange-rates/`: which rates are known, by whom, and for what one is missing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import CURRENCY
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import exchange
from kpis.plumbing import clock
from kpis.roi.unconverted import unconverted_of

RATES_A_PAGE = 60


class RateForm(forms.Form):
    """One published rate; what is wrong stands beside its field."""

    currency = forms.CharField(label=gettext_lazy("One unit of"), max_length=3, validators=[CURRENCY])
    into = forms.CharField(label=gettext_lazy("is worth in"), max_length=3, validators=[CURRENCY])
    rate = forms.DecimalField(
        label=gettext_lazy("Rate"),
        max_digits=20,
        decimal_places=10,
        min_value=0,
        widget=forms.NumberInput({"step": "any"}),
    )
    on = forms.DateField(
        label=gettext_lazy("From which day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=300,
        help_text=gettext_lazy("Who publishes it, so that it can be looked up."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("currency") and given.get("currency") == given.get("into"):
            self.add_error("into", _("One currency in itself needs no rate."))
        if given.get("rate") == 0:
            self.add_error("rate", _("A rate is above zero."))
        return given

    def blame(self, refusal: ChangeRefused) -> None:
        self.add_error(refusal.attr if refusal.attr in self.fields else None, refusal.detail)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """The rates, newest first, what is missing, and a form for one more."""
    may_change = rights.may(request.user, Action.CHANGE_COSTS)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = RateForm(request.POST or None, initial={"on": clock.now().date()})
    if request.method == "POST" and form.is_valid() and _added(request, form):
        messages.success(request, _("The rate is added. What it converts is in the sums from now on."))
        return redirect("exchange-rates")
    context = {
        "rates": Paginator(exchange.rates_seen_by(request.user), RATES_A_PAGE).get_page(request.GET.get("page")),
        "missing": unconverted_of(list(initiatives_seen_by(request.user)), as_of=clock.now()),
        "form": form,
        "may_change": may_change,
        "days": exchange.STALE_AFTER.days,
    }
    return page(request, "dashboards/exchange_rates.html", context, current="periods")


def _added(request: HttpRequest, form: RateForm) -> bool:
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    try:
        with transaction.atomic():
            exchange.create_rate(form.cleaned_data, by=request.user, at=clock.now())
    except ChangeRefused as refusal:
        form.blame(refusal)
    except IntegrityError:
        form.add_error("on", _("A rate of these currencies from this day is there already."))
    return not form.errors

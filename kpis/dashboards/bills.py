"""`/initiatives/{slug}/bills/`: a bill as a file becomes costs; what was taken, and why a row was not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.bills import taking
from kpis.ledger.bills.lines import BillUnreadable
from kpis.plumbing import clock

LARGEST_FILE = 10 * 2**20  # as over HTTP
SHOWN = 50


class BillForm(forms.Form):
    """A file; read here and forgotten, what stays are the costs."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=gettext_lazy("CSV in UTF-8: FOCUS 1.0 to 1.2, or the columns reference, name, amount, on."),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(
                _("A bill has at most %(most)d bytes; send several files.") % {"most": LARGEST_FILE}
            )
        return bytes(file.read())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a file in, or only look at what would become of it."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    if not rights.may(request.user, Action.CHANGE_COSTS):
        raise PermissionDenied
    form = BillForm(request.POST or None, request.FILES or None)
    found = _taken(request, initiative, form) if request.method == "POST" and form.is_valid() else {}
    context = {"initiative": initiative, "form": form, "sample": initiative.is_sample, "shown": SHOWN} | found
    return page(request, "dashboards/bills.html", context, current="portfolio")


def _taken(request: HttpRequest, initiative: Initiative, form: BillForm) -> dict[str, Any]:
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    look = "look" in request.POST
    try:
        taken = taking.take_in(form.cleaned_data["file"], initiative, dry_run=look, by=request.user, at=clock.now())
    except BillUnreadable as unreadable:
        return {"troubles": unreadable.troubles}
    return {"taken": taken, "looked": look}

"""`/sample/`: what the made-up company consists of, and the way to be rid of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from kpis.access.models import User
from kpis.dashboards.frame import may_remove_sample, page
from kpis.definitions.changing import ChangeRefused
from kpis.plumbing import clock
from kpis.sample import removing


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest) -> HttpResponse:
    """Asks first and says what goes and what stays; then removes all of it at once, or nothing."""
    if not may_remove_sample(request.user):
        raise PermissionDenied
    if request.method == "POST":
        assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
        try:
            gone = removing.remove_sample(by=request.user, at=clock.now())
        except ChangeRefused as refusal:
            messages.error(request, refusal.detail)
            return redirect("sample")
        if gone:
            said = ngettext("The sample is gone: %(n)d initiative.", "The sample is gone: %(n)d initiatives.", gone)
            messages.success(request, said % {"n": gone})
        return redirect("portfolio")
    planted = removing.planted()
    if not planted.initiatives:
        messages.info(request, _("There is no sample here."))
        return redirect("portfolio")
    return page(request, "dashboards/sample.html", {"planted": planted, "sample": True}, current="")

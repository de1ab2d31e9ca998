"""What every page has around its content: the organisation's clock, the navigation, nobody's cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from kpis.access import rights
from kpis.access.rights import Action
from kpis.dashboards.navigation import navigation
from kpis.definitions import organisation
from kpis.plumbing import clock


def page(request: HttpRequest, template: str, context: Mapping[str, Any], *, current: str) -> HttpResponse:
    """The rendered page, its times in the organisation's zone; what one person sees is kept in no cache."""
    with timezone.override(organisation.current().zone):
        around: dict[str, Any] = {"navigation": navigation(current), "now": clock.now()}
        if context.get("sample") and may_remove_sample(request.user):
            around["sample_remove_url"] = reverse("sample")
        response = render(request, template, around | dict(context))
    add_never_cache_headers(response)
    return response


def may_remove_sample(actor: Any) -> bool:
    """The sample belongs to the whole organisation: who may change that may remove it."""
    return rights.may(actor, Action.CHANGE_ORGANISATION)

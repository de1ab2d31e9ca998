"""What every page has around its content: the organisation's clock, the navigation, nobody's cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from kpis.dashboards.navigation import navigation
from kpis.definitions import organisation
from kpis.plumbing import clock


def page(request: HttpRequest, template: str, context: Mapping[str, Any], *, current: str) -> HttpResponse:
    """The rendered page, its times in the organisation's zone; what one person sees is kept in no cache."""
    with timezone.override(organisation.current().zone):
        around = {"navigation": navigation(current), "now": clock.now()}
        response = render(request, template, around | dict(context))
    add_never_cache_headers(response)
    return response

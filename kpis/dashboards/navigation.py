"""The pages in the head of every page, in the order in which people ask: what, how good, from where, to whom."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

PAGES = (
    ("portfolio", _("Portfolio")),
    ("periods", _("Periods")),
    ("assumptions", _("Assumptions")),
    ("pools", _("Pools")),
    ("benchmarks", _("Benchmarks")),
    ("sources", _("Sources")),
    ("digests", _("Digests")),
)


def navigation(current: str) -> list[dict[str, object]]:
    """{name, href, current} of each page that has an address; `current` is the address' name."""
    found = []
    for page, name in PAGES:
        try:
            found.append({"name": name, "href": reverse(page), "current": page == current})
        except NoReverseMatch:
            continue  # not built yet
    return found

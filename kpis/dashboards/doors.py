"""Where a figure opens: the addresses of *How was this computed?*, by the name that sentences and statements use."""

from __future__ import annotations

from django.urls import reverse

from kpis.definitions.models import Initiative

MEMBERS = ("invested", "benefit", "captured", "freed", "indirect", "net", "without_declared", "roi")


def doors_of_portfolio(query: str = "") -> dict[str, str]:
    """`query`: the filters of the page, so that the proof is of the figure that was clicked."""
    suffix = f"?{query}" if query else ""
    return {member: reverse("how-portfolio", args=[member]) + suffix for member in MEMBERS}


def doors_of_initiative(initiative: Initiative) -> dict[str, str]:
    return {member: reverse("how-initiative", args=[initiative.slug, member]) for member in MEMBERS}

"""Keys: how integrators name a KPI. `{initiative}.{kpi}`, both slugs, so the one dot divides them."""

from __future__ import annotations

import re

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 80


def key_of(initiative_slug: str, kpi_slug: str) -> str:
    return f"{initiative_slug}.{kpi_slug}"


def parts_of(key: str) -> tuple[str, str]:
    """The slugs of initiative and KPI. Refuses (ValueError) what is no key."""
    initiative_slug, dot, kpi_slug = key.partition(".")
    if not dot or not is_slug(initiative_slug) or not is_slug(kpi_slug):
        raise ValueError("A KPI's key is the initiative's slug, a dot and the KPI's slug.")
    return initiative_slug, kpi_slug


def is_slug(text: str) -> bool:
    return len(text) <= LONGEST_SLUG and SLUG.fullmatch(text) is not None

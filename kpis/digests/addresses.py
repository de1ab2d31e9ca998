"""Where the links of a mail lead: always below PUBLIC_URL, never what a request claimed.

Written out rather than asked of Django's URLs: the worker that makes mails need not load every page for them. A test
compares them with the pages' own addresses.
"""

from __future__ import annotations

from django.conf import settings


def portfolio() -> str:
    return f"{settings.PUBLIC_URL}/"


def initiative(slug: str) -> str:
    return f"{settings.PUBLIC_URL}/initiatives/{slug}/"


def kpi(key: str) -> str:
    return f"{settings.PUBLIC_URL}/kpis/{key}/"


def source(slug: str) -> str:
    return f"{settings.PUBLIC_URL}/sources/{slug}/"


def digest(slug: str) -> str:
    return f"{settings.PUBLIC_URL}/digests/{slug}/"


def edition(slug: str, pk: int) -> str:
    return f"{settings.PUBLIC_URL}/digests/{slug}/editions/{pk}/"


def assumption(pk: str) -> str:
    return f"{settings.PUBLIC_URL}/assumptions/{pk}/"


def pool(pk: str) -> str:
    return f"{settings.PUBLIC_URL}/pools/{pk}/"


def page(kind: str, name: str) -> str:
    """By the kind that `alerts.told.page_of` gives."""
    pages = {"initiative": initiative, "kpi": kpi, "source": source, "assumption": assumption, "pool": pool}
    return pages[kind](name) if name else portfolio()

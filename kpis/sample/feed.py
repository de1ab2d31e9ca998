"""The one real thing beside the sample company: the portal measures itself, read from its own `/metrics`.

Real data about a real system, from the first minute on; no money, no sample mark, and it stays after *Remove sample*.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from kpis.access import people
from kpis.definitions import changing, organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.sources import configuring
from kpis.sources.configuring import FeedPlan
from kpis.sources.models import DataSource

SLUG = "portal"
RHYTHM = timedelta(seconds=15)
KPIS: tuple[tuple[dict[str, Any], str, float], ...] = (  # definition, expression, factor into the unit
    (
        {
            "slug": "page-time",
            "name": "Page time",
            "description": "How long 95 of 100 requests take at most, of every quarter minute.",
            "category": "efficiency",
            "unit": "ms",
            "direction": "decrease",
            "aggregation": "p95",
        },
        'histogram_quantile(0.95, roi_http_request_seconds{view!="metrics"})',
        1000.0,
    ),
    (
        {
            "slug": "ingest-time",
            "name": "Ingest time",
            "description": "How long 95 of 100 batches wait for their answer at most, commit included.",
            "category": "quality",
            "unit": "s",
            "direction": "decrease",
            "aggregation": "p95",
        },
        "histogram_quantile(0.95, roi_ingest_request_seconds)",
        1.0,
    ),
    (
        {
            "slug": "rejected-share",
            "name": "Rejected points",
            "description": "Share of points that were sent and could not be stored.",
            "category": "quality",
            "unit": "%",
            "direction": "decrease",
            "aggregation": "mean",
        },
        'increase(roi_ingest_points_total{outcome="rejected"}) / increase(roi_ingest_points_total)',
        100.0,
    ),
    (
        {
            "slug": "storage",
            "name": "Storage",
            "description": "Size of the database on disk.",
            "category": "cost",
            "unit": "GBy",
            "direction": "decrease",
            "aggregation": "last",
        },
        "roi_database_bytes",
        1e-9,
    ),
)


def ensure_portal_initiative(*, at: datetime) -> bool:
    """The portal as its own initiative with its feed; later starts follow a new address. True where made."""
    by = people.first_administrator()
    address = settings.PUBLIC_URL.rstrip("/") + "/metrics"
    existing = DataSource.objects.filter(slug=SLUG).first()
    if existing is not None:
        if existing.address != address:
            configuring.change_source(existing, {"address": address}, by=by, at=at)
        return False
    if Initiative.objects.filter(slug=SLUG).exists():
        return False
    today = organisation.calendar().local_date(at)
    initiative = changing.create_initiative(
        {
            "slug": SLUG,
            "name": "The portal itself",
            "description": "Real figures of this installation, read from its own metrics.",
            "business_unit": "IT",
            "phase": "proof_of_concept",
            "started_on": today,
            "go_live_on": today,
        },
        by=by,
        at=at,
    )
    feeds = [_feed(initiative, position, *plan, at=at) for position, plan in enumerate(KPIS)]
    fields = {
        "slug": SLUG,
        "name": "The portal's own metrics",
        "kind": "scrape",
        "initiative": initiative,
        "address": address,
        "every": RHYTHM,
        "overlap": timedelta(0),
    }
    configuring.create_source(fields, feeds=feeds, by=by, at=at)
    return True


def _feed(
    initiative: Initiative, position: int, definition: dict[str, Any], query: str, factor: float, *, at: datetime
) -> FeedPlan:
    fields = definition | {"initiative": initiative, "position": position}
    kpi: Kpi = changing.create_kpi(fields, by=people.first_administrator(), at=at)
    return FeedPlan(kpi=kpi, query=query, factor=factor)

"""From feeds to orders, and from what a source says to the KPI's unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from kpis.ingest.columns import Columns
from kpis.sources.fetching import Order
from kpis.sources.models import DataSource, Feed

# No KPI is measured more often than hourly. A step that divides an hour never straddles the end of an interval.
DEFAULT_STEP = timedelta(hours=1)


def order_of(feed: Feed, source: DataSource, *, at: datetime, zone: str) -> Order:
    """What to ask for now: from where the feed was left, less the overlap, up to `at`.

    A feed that was never pulled starts one rhythm before; one that missed runs asks for the whole gap at once.
    """
    every, overlap = source.every or timedelta(0), source.overlap or timedelta(0)
    left_off = min(feed.until, at) if feed.until is not None else at - every
    return Order(
        kpi=feed.kpi.key,
        query=feed.query,
        start=left_off - overlap,
        until=at,
        step=feed.step or DEFAULT_STEP,
        zone=zone,
        points=feed.points,
        fields=feed.fields,
        keep_labels=tuple(feed.keep_labels),
        memory=feed.memory,
    )


def longest_waiting_first(feeds: Iterable[Feed]) -> list[Feed]:
    """So that a run that is cut short by its time does not leave the same feeds out every time."""
    return sorted(feeds, key=lambda feed: (feed.until is not None, feed.until, feed.pk))


def in_kpi_unit(points: Columns, factor: float) -> Columns:
    """The same points with their values in the unit of the KPI."""
    return points if factor == 1 else replace(points, value=points.value * factor)

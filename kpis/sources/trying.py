"""Ask a source as a run would, and store nothing: what would come, and what would become of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kpis.definitions import organisation
from kpis.ingest.accepting import accept_columns
from kpis.ingest.receipts import Rejected
from kpis.plumbing import clock, outbound, secrets
from kpis.sources import credentials, mapping
from kpis.sources.connectors import CONNECTORS
from kpis.sources.fetching import Connector, FetchFailed, Order, SourceOutOfReach
from kpis.sources.models import DataSource, Feed

REQUEST_SECONDS = 8.0
TRY_AT_MOST = timedelta(seconds=20)  # somebody is waiting in front of the page
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """What one feed would have brought: the first portion only. `code` "" where it got through."""

    kpi: str
    code: str = ""
    detail: str = ""
    received: int = 0
    storable: int = 0
    left_out: int = 0
    first: list[dict[str, object]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def try_out(source: DataSource, *, at: datetime) -> list[Trial]:
    """One trial for each feed, in their order. A source that pushes has none."""
    if source.kind not in CONNECTORS:
        return []
    zone = organisation.current().zone
    feeds = list(source.feeds.select_related("kpi"))
    try:
        headers = credentials.header_of(source)
    except secrets.SecretUnreadable as error:
        return [Trial(feed.kpi.key, error.code, str(error)) for feed in feeds]
    trials: list[Trial] = []
    with outbound.client(timeout=REQUEST_SECONDS, headers=headers) as client:
        connector = CONNECTORS[source.kind](source.address, client)
        for feed in feeds:
            order = _with_a_whole_step(mapping.order_of(feed, source, at=at, zone=zone))
            try:
                if clock.now() - at > TRY_AT_MOST:
                    raise SourceOutOfReach("run_too_long", "There was no time left to ask for this KPI.")
                trials.append(_trial(source, feed, order, connector, at))
            except FetchFailed as error:
                detail = credentials.without_secrets(error.detail, headers)
                trials.append(Trial(feed.kpi.key, error.code, detail))
                if isinstance(error, SourceOutOfReach):
                    trials += [Trial(other.kpi.key, error.code, detail) for other in feeds[len(trials) :]]
                    break
    return trials


def _with_a_whole_step(order: Order) -> Order:
    """Back far enough for one sample of a query, whatever the rhythm."""
    return replace(order, start=min(order.start, order.until - order.step))


def _trial(source: DataSource, feed: Feed, order: Order, connector: Connector, at: datetime) -> Trial:
    portion = next(connector.portions(order))
    points = mapping.in_kpi_unit(portion.points, feed.factor)
    receipt = accept_columns(points, actor=None, source=source, dry_run=True, at=at)
    return Trial(
        kpi=feed.kpi.key,
        received=len(points),
        storable=len(points) - len(receipt.rejected),
        left_out=portion.left_out,
        first=[json.loads(points.point_as_sent(n)) for n in range(min(SHOWN, len(points)))],
        rejected=receipt.rejected[:SHOWN],
        warnings=portion.warnings,
    )

"""One run of a source: ask for each feed, store what came, say what became of it.

Points, counts, the feed's cursor and its memory are written in one transaction for each portion, and only while the run
still belongs to this worker. So a run that is killed anywhere has either stored a portion with all that follows from it
or nothing of it, and the run that takes over begins where the cursor stands.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from django.conf import settings
from django.db import OperationalError, transaction

from kpis.definitions import organisation
from kpis.ingest.accepting import accept_columns
from kpis.ingest.columns import Columns
from kpis.ingest.receipts import Receipt
from kpis.plumbing import changes, clock, outbound, secrets
from kpis.sources import credentials, mapping, schedule
from kpis.sources.connectors import CONNECTORS
from kpis.sources.fetching import Connector, FetchFailed, Order, Portion, SourceOutOfReach
from kpis.sources.models import DataSource, Feed, Pull

log = logging.getLogger(__name__)

RUN_AT_MOST = timedelta(minutes=5)  # then the feeds that were not reached wait for the next run, and come first
WRITTEN_AT_MOST = 3  # times that a portion is tried while others write to the same rows
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FencedOff(Exception):
    """The run was closed or taken over: this worker has nothing to say any more."""


@dataclass(slots=True)
class Progress:
    """What a run has seen so far: `failed` and `done` count feeds."""

    done: int = 0
    failed: int = 0
    remarks: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def remark(self, kpi: str, code: str, detail: str) -> None:
        said = {"kpi": kpi, "code": code, "detail": credentials.without_secrets(detail, self.headers)}
        if said not in self.remarks:
            self.remarks.append(said)

    def failure(self, kpi: str, error: FetchFailed) -> None:
        self.failed += 1
        self.remark(kpi, error.code, error.detail)


def pull(run: Pull) -> None:
    """Carry out a claimed run to a final state. Returns quietly where another has closed it."""
    source, progress = run.source, Progress()
    try:
        progress.headers = credentials.header_of(source)
        _ask_for_all(run, source, progress)
        _finish(run, progress)
    except FencedOff:
        log.warning("Run %s of source %s was closed while it was going on.", run.pk, source.slug)
    except secrets.SecretUnreadable as error:
        progress.failure("", FetchFailed(error.code, str(error)))
        _finish(run, progress)
    except Exception:
        # Whatever else goes wrong is ours and is logged by the caller; the run must still say that it is over.
        progress.failure("", FetchFailed("unexpected", "Something went wrong here; it has been logged."))
        _finish(run, progress)
        raise


def _ask_for_all(run: Pull, source: DataSource, progress: Progress) -> None:
    zone = organisation.current().zone
    feeds = mapping.longest_waiting_first(source.feeds.select_related("kpi"))
    orders = [(feed, mapping.order_of(feed, source, at=run.started_at, zone=zone)) for feed in feeds]
    if orders:
        run.asked_from = min(order.start for _, order in orders)
    with outbound.client(timeout=settings.PULL_LEASE_SECONDS / 3, headers=progress.headers) as client:
        connector = CONNECTORS[source.kind](source.address, client)
        for feed, order in orders:
            try:
                _ask_for(run, feed, order, connector, progress)
                progress.done += 1
            except SourceOutOfReach as error:
                progress.failure("", error)
                progress.failed = len(orders) - progress.done
                return
            except FetchFailed as error:
                progress.failure(feed.kpi.key, error)


def _ask_for(run: Pull, feed: Feed, order: Order, connector: Connector, progress: Progress) -> None:
    _refuse_without_end(run)
    _renew_lease(run)
    for portion in connector.portions(order):
        for warning in portion.warnings:
            progress.remark(feed.kpi.key, "warning", warning)
        _store_though_others_write(run, feed, portion)
        if portion.until != order.until:
            _refuse_without_end(run)


def _refuse_without_end(run: Pull) -> None:
    if clock.now() - run.started_at > RUN_AT_MOST:
        raise SourceOutOfReach(
            "run_too_long", "The run had no time left; what is missing is asked for in the next one."
        )


@transaction.atomic
def _renew_lease(run: Pull) -> None:
    standing = _ours(run)
    standing.lease_until = schedule.lease_from(clock.now())
    standing.save(update_fields=["lease_until"])


def _store_though_others_write(run: Pull, feed: Feed, portion: Portion) -> None:
    """Store the portion, anew where that lost a deadlock; a database that is away stays an error."""
    for tried in range(1, WRITTEN_AT_MOST + 1):
        try:
            _store(run, feed, portion)
        except OperationalError:
            if tried == WRITTEN_AT_MOST:
                raise
        else:
            return


@transaction.atomic
def _store(run: Pull, feed: Feed, portion: Portion) -> None:
    standing = _ours(run)
    at = clock.now()
    points = mapping.in_kpi_unit(portion.points, feed.factor)
    if len(points):
        receipt = accept_columns(points, actor=None, source=run.source, at=at)
        standing.received += receipt.received
        standing.accepted += receipt.accepted
        standing.replaced += receipt.replaced
        standing.unchanged += receipt.unchanged
        standing.rejected += len(receipt.rejected)
        _remember_newest(run.source, points, receipt)
    standing.left_out += portion.left_out
    standing.lease_until = schedule.lease_from(at)
    standing.asked_from = run.asked_from
    standing.save()
    _move_on(feed, portion)


def _ours(run: Pull) -> Pull:
    """The run's row, locked. Refuses (FencedOff) where it was closed, taken over or deleted."""
    standing = Pull.objects.select_for_update().filter(pk=run.pk, fence=run.fence, state=Pull.State.RUNNING).first()
    if standing is None:
        raise FencedOff
    return standing


def _move_on(feed: Feed, portion: Portion) -> None:
    moved: dict[str, object] = {}
    if portion.until is not None:
        moved["until"] = portion.until
    if portion.memory is not None:
        moved["memory"] = portion.memory
    if moved:
        Feed.objects.filter(pk=feed.pk).update(**moved)


def _remember_newest(source: DataSource, points: Columns, receipt: Receipt) -> None:
    """The newest stored point's own time: how fresh the data are, whenever they were fetched."""
    stored = np.ones(len(points), np.bool_)
    stored[[rejected.index for rejected in receipt.rejected]] = False
    if not stored.any():
        return
    newest = EPOCH + timedelta(microseconds=int(points.at_us[stored].max()))
    if source.last_data_at is None or newest > source.last_data_at:
        source.last_data_at = newest
        DataSource.objects.filter(pk=source.pk).update(last_data_at=newest)


@transaction.atomic
def _finish(run: Pull, progress: Progress) -> None:
    """Write the final state: failed where no feed got through, partial where one did not or a point was rejected."""
    standing = _ours(run)
    if progress.failed and not progress.done:
        standing.state = Pull.State.FAILED
    elif progress.failed or standing.rejected:
        standing.state = Pull.State.PARTIAL
    else:
        standing.state = Pull.State.OK
    standing.finished_at = clock.now()
    standing.asked_from = run.asked_from
    standing.remarks = progress.remarks
    troubles = [remark for remark in progress.remarks if remark["code"] != "warning"]
    if troubles:
        standing.error_code, standing.error_detail = troubles[0]["code"], troubles[0]["detail"]
    standing.save()
    changes.announce([schedule.said_of(run.source)])

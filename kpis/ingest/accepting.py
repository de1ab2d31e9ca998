"""The one way in for points, whoever sends them: decode, check, store in one transaction, tell what became of each.

A good point stays though others are rejected, unless the sender wants all or nothing. The answer is given after the
commit. Sending the same again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
from django.db import IntegrityError, OperationalError, connection, transaction
from numpy.typing import NDArray
from prometheus_client import Counter
from psycopg import errors

from kpis.access.models import Token
from kpis.ingest import addressing, at_once, checking, limits, parcels, rejections, repeats
from kpis.ingest.columns import Columns
from kpis.ingest.decoding import csv, json, ndjson, unpacking
from kpis.ingest.parcels import NO_PARCEL, Parcel, Source
from kpis.ingest.receipts import Receipt, Rejected
from kpis.ingest.refusals import UnsupportedMediaType
from kpis.measurements import batches, labelling, partitions, store
from kpis.plumbing import wakeup

# A new form of input is one decoder here.
DECODERS: dict[str, tuple[str, Callable[[bytes], Columns]]] = {
    "application/json": ("json", json.columns_from),
    "application/x-ndjson": ("ndjson", ndjson.columns_from),
    "text/csv": ("csv", csv.columns_from),
}
UTF_8 = {"utf-8", "utf8", "us-ascii"}
ATTEMPTS = 4
PASSING = (errors.DeadlockDetected, errors.SerializationFailure)

Write = Callable[..., store.Written]

POINTS = Counter("roi_ingest_points", "Points that arrived, by what became of them.", ["outcome"])


class KpiVanished(Exception):
    """A KPI that the sender was thought to see was deleted or renamed meanwhile."""


def accept_batch(
    body: bytes,
    media_type: str,
    *,
    encoding: str = "",
    actor: addressing.Actor,
    source: Source | None = None,
    atomic: bool = False,
    dry_run: bool = False,
    at: datetime,
) -> Receipt:
    """Take in a body of points; see `accept_columns`. `media_type` may have parameters.

    Refuses (BatchRefused: UnreadableBody, BodyTooLarge, UnsupportedMediaType) a body as a whole.
    """
    form, decode = _form(media_type)
    digest = None
    if isinstance(actor, Token) and source is None and not dry_run and len(body) >= repeats.SMALLEST_BODY:
        digest = repeats.digest_of(body, media_type, encoding, actor=actor)
        receipt = repeats.receipt_of(digest, actor=actor, form=form, size=len(body), at=at)
        if receipt is not None:
            _count(receipt)
            return receipt
    columns = decode(unpacking.unpacked(body, encoding, at_most=limits.bytes_at_most()))
    return accept_columns(
        columns,
        actor=actor,
        source=source,
        atomic=atomic,
        dry_run=dry_run,
        parcel=Parcel(form, len(body), digest),
        at=at,
    )


def _form(media_type: str) -> tuple[str, Callable[[bytes], Columns]]:
    name, _semicolon, parameters = media_type.lower().partition(";")
    form = DECODERS.get(name.strip())
    if form is None:
        raise UnsupportedMediaType(
            "unsupported_media_type", f"Points are read as {', '.join(DECODERS)}; name it in Content-Type."
        )
    for parameter in parameters.split(";"):
        key, _equals, value = parameter.partition("=")
        if key.strip() == "charset" and value.strip(' "') not in UTF_8:
            raise UnsupportedMediaType("unsupported_charset", "Points are read as UTF-8; send charset=utf-8.")
    return form


def accept_columns(
    columns: Columns,
    *,
    actor: addressing.Actor,
    source: Source | None = None,
    atomic: bool = False,
    dry_run: bool = False,
    parcel: Parcel = NO_PARCEL,
    judged: NDArray[np.int8] | None = None,
    at: datetime,
) -> Receipt:
    """Check and store the points; committed when this returns, unless the caller holds a transaction.

    actor : the token or person whose sight counts; None is the portal itself. atomic : one bad point and nothing is
    stored. dry_run : exactly what would become of them, and nothing is stored. parcel : the request that brought them.
    judged : verdicts that the maker of the columns has passed already, GOOD where it has none.
    at : the present instant.
    """
    if not len(columns):
        return Receipt(received=0)
    # Inside a caller's transaction a duplicate must not cost all of it.
    write: Write = store.write if connection.in_atomic_block else store.write_new
    failed = 0
    while True:
        try:
            receipt = _accepted_once(columns, actor, source, atomic, dry_run, parcel, judged, at, write)
            break
        except store.SomeAreThere:
            write = store.upsert
        except IntegrityError as error:
            # The first points of a month find no place for them; inside a caller's transaction it was made before.
            failed += 1
            if (
                failed == ATTEMPTS
                or connection.in_atomic_block
                or not isinstance(error.__cause__, errors.CheckViolation)
            ):
                raise
            partitions.make_for(checking.instants_of_a_point(columns.at_us, at=at))
        except KpiVanished:
            addressing.forget(actor)
            failed += 1
            if failed == ATTEMPTS:
                raise
        except OperationalError as error:
            failed += 1
            # Inside a caller's transaction there is nothing to repeat: it is lost as a whole.
            if failed == ATTEMPTS or connection.in_atomic_block or not isinstance(error.__cause__, PASSING):
                raise
    if not dry_run:
        _count(receipt)
    return receipt


def _accepted_once(
    columns: Columns,
    actor: addressing.Actor,
    source: Source | None,
    atomic: bool,
    dry_run: bool,
    parcel: Parcel,
    judged: NDArray[np.int8] | None,
    at: datetime,
    write: Write,
) -> Receipt:
    kpi_ids = addressing.kpi_ids(actor, columns.kpi_keys, at=at)
    known = np.array([kpi_id is not None for kpi_id in kpi_ids], np.bool_)
    verdicts = checking.verdicts_on(
        columns, known=known, rows_from_us=addressing.rows_from_us(actor, columns.kpi_keys, at=at), at=at
    )
    if judged is not None:
        verdicts = np.where(judged != rejections.GOOD, judged, verdicts)
    rejected = rejections.rejected_points(verdicts)
    good = np.flatnonzero(verdicts == rejections.GOOD)
    wanted, which = _wanted(columns, good, kpi_ids)
    sender = parcels.sender(actor, source)
    if write is store.write_new and not rejected and not dry_run and len(good) <= at_once.POINTS_AT_MOST:
        series_ids = labelling.remembered(wanted)
        if series_ids is not None:
            points = _points(columns, good, series_ids, which)
            return _stored_at_once(len(good), points, wanted, series_ids, sender, parcel, at)
    with transaction.atomic():
        batch_id = batches.next_batch_id()
        series_ids = [] if atomic and rejected else _series_ids(wanted, whole=atomic)
        if labelling.NO_ROOM in series_ids:
            without_room = np.array(series_ids)[which] == labelling.NO_ROOM
            verdicts[good[without_room]] = rejections.VERDICTS["too_many_label_sets"].number
            rejected, good, which = rejections.rejected_points(verdicts), good[~without_room], which[~without_room]
        if atomic and rejected:
            receipt = Receipt(received=len(columns), rejected=rejected, withheld=len(good))
        else:
            points = _points(columns, good, series_ids, which)
            receipt = _receipt(len(good), points, write(points, batch_id=batch_id, arrived_at=at), rejected)
            digest = parcel.digest
            if digest is not None and not rejected and repeats.are_remembered(points=len(points), series=len(wanted)):
                series = list(zip(series_ids, (one.key for one in wanted), strict=True))
                repeats.remember(digest, received=len(columns), points=len(points), series=series, at=at)
        batches.record(batch_id, parcels.counts_of(receipt, parcel, columns.at_us[good]), sender=sender, at=at)
        if rejected and not dry_run:
            rejections.keep(rejected, columns, batch_id=batch_id, sender=sender)
        if dry_run:
            transaction.set_rollback(True)
        elif receipt.accepted or receipt.replaced:
            wakeup.gathered_after_commit("kpis.bring_up_to_date")
    return receipt


def _stored_at_once(
    good: int,
    points: store.Points,
    wanted: list[labelling.Wanted],
    series_ids: list[int],
    sender: batches.Sender,
    parcel: Parcel,
    at: datetime,
) -> Receipt:
    receipt = _receipt(good, points, store.Written(len(points), 0, 0), [])
    if not at_once.write(
        points,
        wanted,
        series_ids,
        batch_id=batches.next_batch_id(),
        counts=parcels.counts_of(receipt, parcel, points.at_us),
        sender=sender,
        digest=parcel.digest if repeats.are_remembered(points=len(points), series=len(wanted)) else None,
        at=at,
    ):
        labelling.forget(wanted)
        raise KpiVanished
    wakeup.gathered_after_commit("kpis.bring_up_to_date")
    return receipt


def _series_ids(wanted: list[labelling.Wanted], *, whole: bool) -> list[int]:
    found = labelling.series_ids(wanted, at_most=limits.label_sets_at_most(), whole=whole)
    series_ids = [series_id for series_id in found if series_id is not None]
    # Of those that are to be made whole or not at all, the ones that were not made are no sign of a lost KPI.
    if len(series_ids) < len(wanted) and not (whole and labelling.NO_ROOM in series_ids):
        raise KpiVanished
    return [series_id or 0 for series_id in found]


def _wanted(
    columns: Columns, good: NDArray[np.intp], kpi_ids: list[int | None]
) -> tuple[list[labelling.Wanted], NDArray[np.intp]]:
    """The series of the good points, and for each point the place of its own among them."""
    pair = columns.kpi[good].astype(np.int64) * len(columns.label_sets) + columns.labels[good]
    pairs, which = _distinct(pair, len(columns.kpi_keys) * len(columns.label_sets))
    kpi, labels = np.divmod(pairs, max(len(columns.label_sets), 1))
    canonical = {n: labelling.canonical(columns.label_sets[n]) for n in set(labels.tolist())}
    wanted = [
        labelling.Wanted(kpi_ids[k] or 0, columns.kpi_keys[k], canonical[n])
        for k, n in zip(kpi.tolist(), labels.tolist(), strict=True)
    ]
    return wanted, which


def _distinct(pair: NDArray[np.int64], possible: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct ones, and the place of each among them; by counting where not many are possible: no sorting."""
    if possible > len(pair):
        return np.unique(pair, return_inverse=True)
    there = np.bincount(pair, minlength=possible) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[pair]


def _points(columns: Columns, good: NDArray[np.intp], series_ids: list[int], which: NDArray[np.intp]) -> store.Points:
    """The good points, each identity once."""
    return store.once_each(
        store.Points(
            series_id=np.array(series_ids, np.int32)[which],
            at_us=columns.at_us[good],
            value=columns.value[good],
            weight=columns.weight[good],
            event_id=None if columns.event_id is None else columns.event_id[good],
        )
    )


def _receipt(good: int, points: store.Points, written: store.Written, rejected: list[Rejected]) -> Receipt:
    return Receipt(
        received=good + len(rejected),
        accepted=written.accepted,
        # Of equal identities in one request the last one counts; it has replaced the earlier ones.
        replaced=written.replaced + good - len(points),
        unchanged=written.unchanged,
        rejected=rejected,
    )


def _count(receipt: Receipt) -> None:
    for outcome in ("accepted", "replaced", "unchanged"):
        POINTS.labels(outcome).inc(getattr(receipt, outcome))
    POINTS.labels("rejected").inc(len(receipt.rejected))

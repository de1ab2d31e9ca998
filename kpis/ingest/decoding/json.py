"""JSON to columns: rows `{"measurements": […]}`, one series `{"kpi": …, "at": […], …}`, or many `{"series": […]}`.

A body is read strictly typed and fast; where that fails, once more by `plain_json`, point by point, so that a member of
the wrong type costs its own point. Both ways give the same numbers for the same points (the tests hold them against
each other). In the optional members `id` and `labels`, null says what leaving out says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpis.ingest import limits
from kpis.ingest.columns import UNREADABLE_TIME, Columns, objects
from kpis.ingest.decoding import plain_json
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Labels = dict[str, str]
Missing = msgspec.UnsetType
MISSING = msgspec.UNSET
Key = TypeVar("Key", str, tuple[str, ...])


class Point(msgspec.Struct, gc=False, omit_defaults=True):
    """One row of `measurements`. `at` is RFC 3339 with an offset or epoch milliseconds."""

    kpi: str
    at: Instant | int
    value: float
    weight: float = 1.0
    id: str | None = None
    labels: Labels | None = None


class Series(msgspec.Struct):
    """The points of one KPI with one label set, as arrays of equal length."""

    kpi: str | Missing = MISSING
    at: list[Instant | int] | Missing = MISSING
    value: list[float] | Missing = MISSING
    weight: list[float] | Missing = MISSING
    id: list[str | None] | None = None
    labels: Labels | None = None


class Body(Series):
    """All forms of a request; exactly one of them is used."""

    measurements: list[Point] | Missing = MISSING
    series: list[Series] | Missing = MISSING


STRICT = msgspec.json.Decoder(Body)


def columns_from(body: bytes) -> Columns:
    """The points of a body, bad ones marked. Refuses (UnreadableBody, BodyTooLarge) what is no such JSON."""
    columns = strictly(body)
    if columns is None:
        columns = plain_json.columns_from(body)
    if len(columns) > limits.points_at_most():
        raise BodyTooLarge(
            "too_many_points",
            f"The request has more than {limits.points_at_most():,} points, the limit INGEST_MAX_POINTS. Send several.",
        )
    return columns


def strictly(body: bytes) -> Columns | None:
    """None where anything is not as it should be: the plain reading then finds out what, and which point has it."""
    try:
        document = STRICT.decode(body)
        rows, many = document.measurements, document.series
        is_one = not (document.kpi is MISSING and document.at is MISSING and document.value is MISSING)
        if isinstance(rows, list):
            return None if is_one or many is not MISSING else from_points(rows)
        if isinstance(many, list):
            return None if is_one else _from_series(many)
        return _from_series([document])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError, UnreadableBody):
        return None


def from_points(points: list[Point]) -> Columns:
    kpi_keys, kpi = numbered([point.kpi for point in points])
    label_sets, labels = numbered_sets([point.labels for point in points])
    ids = [point.id for point in points]
    return Columns(
        kpi_keys=kpi_keys,
        label_sets=label_sets,
        kpi=kpi,
        labels=labels,
        at_us=microseconds([point.at for point in points]),
        value=np.array([point.value for point in points], np.float64),
        weight=np.array([point.weight for point in points], np.float64),
        event_id=objects([text or "" for text in ids]) if any(ids) else None,
        sent=lambda index: msgspec.json.encode(points[index]).decode(),
    )


def _from_series(many: Sequence[Series]) -> Columns:
    """All series together, one after the other: an array for each of them would cost more than its points.

    Refuses (UnreadableBody) missing members and arrays of unequal length.
    """
    at: list[datetime | int] = []
    value: list[float] = []
    weight: list[float] = []
    ids: list[str | None] = []
    keys: list[str] = []
    lengths: list[int] = []
    for one in many:
        if isinstance(one.kpi, Missing) or isinstance(one.at, Missing) or isinstance(one.value, Missing):
            raise UnreadableBody("invalid_body", "A series needs kpi, at and value.")
        n = len(one.at)
        weights = [1.0] * n if isinstance(one.weight, Missing) else one.weight
        names = [None] * n if one.id is None else one.id
        if not len(one.value) == len(weights) == len(names) == n:
            raise UnreadableBody("unequal_lengths", "The arrays of a series must be equally long.")
        keys.append(one.kpi)
        lengths.append(n)
        at += one.at
        value += one.value
        weight += weights
        ids += names
    kpi_keys, kpi = numbered(keys)
    label_sets, labels = numbered_sets([one.labels for one in many])
    return Columns(
        kpi_keys=kpi_keys,
        label_sets=label_sets,
        kpi=np.repeat(kpi, lengths),
        labels=np.repeat(labels, lengths),
        at_us=microseconds(at),
        value=np.array(value, np.float64),
        weight=np.array(weight, np.float64),
        event_id=objects([text or "" for text in ids]) if any(ids) else None,
    )


def numbered(keys: Sequence[Key]) -> tuple[list[Key], NDArray[np.int32]]:
    """The distinct keys, and for each key its number among them."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return list(numbers), np.fromiter(map(numbers.__getitem__, keys), np.int32, len(keys))


def numbered_sets(sets: list[Labels | None]) -> tuple[list[Labels], NDArray[np.int32]]:
    if not any(sets):
        return [{}], np.zeros(len(sets), np.int32)
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    number = [numbers.setdefault(tuple(labels.items()) if labels else (), len(numbers)) for labels in sets]
    return [dict(items) for items in numbers], np.array(number, np.int32)


def microseconds(instants: Sequence[datetime | int]) -> NDArray[np.int64]:
    """Microseconds since 1970; exact wherever a measurement may lie: a double holds a quarter of one until 2106."""
    kinds = set(map(type, instants))
    if kinds <= {datetime}:
        seconds = [instant.timestamp() for instant in instants]  # type: ignore[union-attr]
        return np.rint(np.array(seconds, np.float64) * 1e6).astype(np.int64)
    if kinds == {int}:
        ms = np.array(instants, np.int64)
        within = (ms <= plain_json.LARGEST_MS) & (ms >= -plain_json.LARGEST_MS)
        return np.where(within, np.where(within, ms, 0) * 1000, UNREADABLE_TIME)
    return np.array([plain_json.instant(instant) for instant in instants], np.int64)

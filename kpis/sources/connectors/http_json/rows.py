"""From a page of JSON to points: which rows, which members.

`fields` names the jmespaths inside a row: `at` and `value` are required; `weight`, `id`, and `labels` (name to
jmespath) are not. In place of `value`, `begun` and `ended` give the seconds between two times of the row.

Times are RFC 3339 with an offset, epoch seconds or milliseconds, or a bare date: that day's local midnight. Text that
is a number counts as one. A member that is not what it should be is marked in the columns, so that ingest rejects that
row with its code and keeps it as the source sent it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jmespath
import msgspec
import numpy as np
from jmespath.exceptions import JMESPathError

from kpis.ingest.columns import UNREADABLE_TIME, Columns, objects
from kpis.sources.fetching import FetchFailed, Order

LONGEST_ROW = 1_000  # characters kept of a row that is no point
MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138, as milliseconds it is 1973
FURTHEST = 2**62  # microseconds that a column can hold, far beyond every time that is accepted
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEMBERS = {"at", "value", "begun", "ended", "weight", "id", "labels", "next"}
DATE_LENGTH = len("2026-03-01")
UNREADABLE_LABELS = -1


class Reading:
    """How a page becomes points. Refuses (FetchFailed) expressions that are none, before anything is asked."""

    def __init__(self, order: Order) -> None:
        fields = order.fields
        unknown = sorted(set(fields) - MEMBERS)
        if unknown:
            raise FetchFailed("field_unknown", f"Fields that a point does not have: {', '.join(unknown)}.")
        if "at" not in fields or ("value" in fields) == ("begun" in fields and "ended" in fields):
            raise FetchFailed("field_missing", "Fields need `at`, and either `value` or both `begun` and `ended`.")
        labels = fields.get("labels", {})
        if not isinstance(labels, Mapping):
            raise FetchFailed("expression_wrong", "`labels` must name the jmespath of each label.")
        self.kpi = order.kpi
        self.rows = _compiled("points", order.points or "@")
        self.members = {name: _compiled(name, text) for name, text in fields.items() if name != "labels"}
        self.labels = {str(name): _compiled(f"labels.{name}", text) for name, text in labels.items()}
        self.zone = ZoneInfo(order.zone)

    def next_page(self, page: object) -> str | None:
        """Where the source says it goes on; None on the last page."""
        following = _found(self.members["next"], page) if "next" in self.members else None
        if following is None or following is False or following == "":
            return None
        if isinstance(following, str | int):
            return str(following)
        raise FetchFailed("answer_unreadable", "What `next` finds is neither an address nor a cursor.")

    def points(self, page: object) -> Columns:
        """The rows of a page, one point each."""
        rows = _found(self.rows, page)
        if not isinstance(rows, list):  # also where nothing is found: a wrong path must not look like a quiet day
            raise FetchFailed("rows_missing", "What `points` finds in the answer is not a list of rows.")
        places: dict[tuple[tuple[str, str], ...], int] = {}
        n = len(rows)
        return Columns(
            kpi=np.zeros(n, np.int32),
            labels=np.array([self._label_place(row, places) for row in rows], np.int32),
            at_us=np.array([self._instant("at", row) for row in rows], np.int64),
            value=np.array([self._value(row) for row in rows], np.float64),
            weight=np.array([self._weight(row) for row in rows], np.float64),
            event_id=objects([self._event_id(row) for row in rows]) if "id" in self.members else None,
            kpi_keys=[self.kpi],
            label_sets=[dict(labels) for labels in places],
            sent=lambda index: msgspec.json.encode(rows[index]).decode()[:LONGEST_ROW],
        )

    def _value(self, row: object) -> float:
        if "value" in self.members:
            return _number(_found(self.members["value"], row))
        begun, ended = self._instant("begun", row), self._instant("ended", row)
        return math.nan if UNREADABLE_TIME in (begun, ended) else (ended - begun) / 1_000_000

    def _weight(self, row: object) -> float:
        return _number(_found(self.members["weight"], row)) if "weight" in self.members else 1.0

    def _event_id(self, row: object) -> str | None:
        found = _found(self.members["id"], row)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None

    def _instant(self, name: str, row: object) -> int:
        """Epoch microseconds of what a source calls a time."""
        try:
            at = _microseconds(_found(self.members[name], row), self.zone)
        except (ValueError, OverflowError):
            at = None
        return UNREADABLE_TIME if at is None or abs(at) > FURTHEST else at

    def _label_place(self, row: object, places: dict[tuple[tuple[str, str], ...], int]) -> int:
        labels = []
        for name, path in self.labels.items():
            found = _found(path, row)
            if isinstance(found, bool):
                labels.append((name, "true" if found else "false"))
            elif isinstance(found, str | int):
                labels.append((name, str(found)))
            elif found is not None:
                return UNREADABLE_LABELS
        return places.setdefault(tuple(labels), len(places))


def _compiled(name: str, text: object) -> Any:
    try:
        return jmespath.compile(text)
    except (JMESPathError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise FetchFailed("expression_wrong", f"The jmespath of `{name}` cannot be read: {error}") from error


def _found(path: Any, document: object) -> object:
    """What `path` finds; a function that does not suit the document finds nothing."""
    try:
        return path.search(document)
    except (JMESPathError, TypeError, ValueError, RecursionError):
        return None


def _microseconds(found: object, zone: ZoneInfo) -> int | None:
    if isinstance(found, int | float) and not isinstance(found, bool):
        return round(found * 1_000) if abs(found) >= MILLISECONDS_FROM else round(found * 1_000_000)
    if not isinstance(found, str):
        return None
    if len(found) == DATE_LENGTH:
        return (datetime.combine(date.fromisoformat(found), time(), zone) - EPOCH) // MICROSECOND
    instant = datetime.fromisoformat(found)
    return (instant - EPOCH) // MICROSECOND if instant.tzinfo is not None else None


def _number(found: object) -> float:
    """A number, also where a source writes it as text (ASCII digits only); NaN for everything else."""
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return math.nan
    if isinstance(found, str) and (not found.isascii() or "_" in found):
        return math.nan
    try:
        return float(found)
    except (ValueError, OverflowError):
        return math.nan

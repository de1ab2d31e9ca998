"""The one form that points have between a decoder and the store: arrays, one entry a point.

A decoder (JSON, a connector) fills it, `checking` judges it, `accepting` stores what is good. What a decoder could not
read is marked in the arrays, so that one bad member costs its own point and no other: index -1 for a KPI or a label
set, `UNREADABLE_TIME` for an instant, NaN for value and weight, None for an id, `unreadable` for a whole row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

UNREADABLE_TIME = np.iinfo(np.int64).min
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Columns:
    """n points in the order in which they were sent, unchecked.

    kpi_keys, label_sets : the distinct keys and label sets; `kpi` and `labels` are indices into them.
    kpi, labels : int32, shape (n,). at_us : int64, microseconds since 1970 UTC. value, weight : float64.
    event_id : object, shape (n,), text, "" where there is none; None where no point has an id.
    unreadable : bool, shape (n,), rows that are no point at all; None where there are none.
    sent : gives the point of an index as it was sent, for the list of rejected points; None: told from the arrays.
    """

    kpi_keys: Sequence[str]
    label_sets: Sequence[Mapping[str, str]]
    kpi: NDArray[np.int32]
    labels: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    event_id: NDArray[np.object_] | None = None
    unreadable: NDArray[np.bool_] | None = None
    sent: Callable[[int], str] | None = None

    def __len__(self) -> int:
        return len(self.at_us)

    def point_as_sent(self, index: int) -> str:
        """JSON of one point, for the person who has to find out what was wrong with it."""
        if self.sent is not None:
            return self.sent(index)
        point: dict[str, object] = {}
        if self.kpi[index] >= 0:
            point["kpi"] = self.kpi_keys[self.kpi[index]]
        if self.at_us[index] != UNREADABLE_TIME:
            point["at"] = text_of(int(self.at_us[index]))
        point["value"] = _finite_or_text(float(self.value[index]))
        point["weight"] = _finite_or_text(float(self.weight[index]))
        if self.event_id is not None and self.event_id[index]:
            point["id"] = self.event_id[index]
        if self.labels[index] >= 0 and self.label_sets[self.labels[index]]:
            point["labels"] = dict(self.label_sets[self.labels[index]])
        return json.dumps(point)


def columns_of(
    kpi_key: str,
    at_us: NDArray[np.int64],
    value: NDArray[np.float64],
    *,
    weight: NDArray[np.float64] | None = None,
    event_id: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Columns:
    """The points of one KPI with one label set. Refuses (ValueError) arrays of unequal length."""
    n = len(at_us)
    if len(value) != n or (weight is not None and len(weight) != n) or (event_id is not None and len(event_id) != n):
        raise ValueError("a series needs equally many times, values, weights and ids")
    return Columns(
        kpi_keys=[kpi_key],
        label_sets=[labels or {}],
        kpi=np.zeros(n, np.int32),
        labels=np.zeros(n, np.int32),
        at_us=np.asarray(at_us, np.int64),
        value=np.asarray(value, np.float64),
        weight=np.ones(n) if weight is None else np.asarray(weight, np.float64),
        event_id=None if event_id is None else objects(event_id),
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """Several pieces as one, in order: the points of the first, then those of the second, …"""
    if len(parts) == 1:
        return parts[0]
    kpi_keys: dict[str, int] = {}
    label_sets: dict[tuple[tuple[str, str], ...], int] = {}
    kpi, labels = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for part in parts:
        keys = [kpi_keys.setdefault(key, len(kpi_keys)) for key in part.kpi_keys]
        sets = [label_sets.setdefault(tuple(s.items()), len(label_sets)) for s in part.label_sets]
        kpi.append(_renumbered(part.kpi, keys))
        labels.append(_renumbered(part.labels, sets))
    return Columns(
        kpi_keys=list(kpi_keys),
        label_sets=[dict(items) for items in label_sets],
        kpi=np.concatenate(kpi),
        labels=np.concatenate(labels),
        at_us=np.concatenate([np.empty(0, np.int64), *(part.at_us for part in parts)]),
        value=np.concatenate([np.empty(0), *(part.value for part in parts)]),
        weight=np.concatenate([np.empty(0), *(part.weight for part in parts)]),
        event_id=_joined_ids(parts),
        unreadable=_joined_unreadable(parts),
        sent=_joined_sent(parts),
    )


def objects(texts: Sequence[str | None]) -> NDArray[np.object_]:
    """Texts as an array of objects (numpy's own text arrays drop trailing NULs)."""
    array = np.empty(len(texts), np.object_)
    array[:] = texts
    return array


def _renumbered(index: NDArray[np.int32], numbers: Sequence[int]) -> NDArray[np.int32]:
    """`numbers` of each index; -1 stays -1."""
    return np.array([*numbers, -1], np.int32)[index]


def _joined_ids(parts: Sequence[Columns]) -> NDArray[np.object_] | None:
    if all(part.event_id is None for part in parts):
        return None
    return np.concatenate([objects([""] * len(p)) if p.event_id is None else p.event_id for p in parts])


def _joined_unreadable(parts: Sequence[Columns]) -> NDArray[np.bool_] | None:
    if all(part.unreadable is None for part in parts):
        return None
    return np.concatenate([np.zeros(len(p), np.bool_) if p.unreadable is None else p.unreadable for p in parts])


def _joined_sent(parts: Sequence[Columns]) -> Callable[[int], str]:
    ends = np.cumsum([len(part) for part in parts])

    def sent(index: int) -> str:
        part = int(np.searchsorted(ends, index, side="right"))
        return parts[part].point_as_sent(index - int(ends[part]) + len(parts[part]))

    return sent


def text_of(at_us: int) -> str | int:
    try:
        return (EPOCH + timedelta(microseconds=at_us)).isoformat()
    except OverflowError:
        return at_us // 1000


def _finite_or_text(number: float) -> float | str:
    return number if np.isfinite(number) else str(number)

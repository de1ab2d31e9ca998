"""Which points may be stored. All points at once, by masks; a point has one verdict, that of its first bad member."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kpis.ingest.columns import EPOCH, Columns
from kpis.ingest.rejections import GOOD, VERDICTS

MICROSECOND = timedelta(microseconds=1)
EARLIEST_US = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
AHEAD_AT_MOST = timedelta(minutes=10)  # a sender's clock may be a little fast
LONGEST_ID = 200
MOST_LABELS = 16
LONGEST_LABEL_NAME, LONGEST_LABEL_VALUE = 64, 200

# Control characters, and halves of surrogate pairs, which are no text.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def verdicts_on(
    columns: Columns, *, known: NDArray[np.bool_], rows_from_us: Sequence[int] | None = None, at: datetime
) -> NDArray[np.int8]:
    """For each point its verdict: GOOD, or the number of a code in `rejections.VERDICTS`.

    known : shape (number of kpi_keys,), whether the sender may write to that KPI. rows_from_us : equally long, since
    when measurements of that KPI are kept, in microseconds since 1970. at : the present instant.
    """
    weight = columns.weight
    verdicts = np.full(len(columns), GOOD, np.int8)
    # The last that applies stays, so the members are asked in reverse.
    _mark(verdicts, "invalid_labels", ~_chosen(_sound_label_sets(columns), columns.labels))
    if columns.event_id is not None:
        _mark(verdicts, "invalid_id", ~_sound_ids(columns.event_id))
    _mark(verdicts, "invalid_weight", ~(np.isfinite(weight) & (weight >= 0)))
    _mark(verdicts, "invalid_value", ~np.isfinite(columns.value))
    _mark(verdicts, "time_in_future", columns.at_us > _latest(at))
    if rows_from_us is not None:
        _mark(verdicts, "rows_gone", columns.at_us < np.append(np.array(rows_from_us, np.int64), 0)[columns.kpi])
    _mark(verdicts, "invalid_time", columns.at_us < EARLIEST_US)
    _mark(verdicts, "unknown_kpi", ~_chosen(known, columns.kpi))
    if columns.unreadable is not None:
        _mark(verdicts, "invalid_row", columns.unreadable)
    return verdicts


def instants_of_a_point(at_us: NDArray[np.int64], *, at: datetime) -> NDArray[np.int64]:
    """Those that a point may have."""
    return at_us[(at_us >= EARLIEST_US) & (at_us <= _latest(at))]


def _latest(at: datetime) -> int:
    return (at + AHEAD_AT_MOST - EPOCH) // MICROSECOND


def _mark(verdicts: NDArray[np.int8], code: str, where: NDArray[np.bool_]) -> None:
    verdicts[where] = VERDICTS[code].number


def _chosen(sound: NDArray[np.bool_], index: NDArray[np.int32]) -> NDArray[np.bool_]:
    """`sound` at each index; False where the index is -1."""
    return np.append(sound, False)[index]


def _sound_label_sets(columns: Columns) -> NDArray[np.bool_]:
    return np.array([_is_sound_label_set(labels) for labels in columns.label_sets], np.bool_)


def _is_sound_label_set(labels: Mapping[str, str]) -> bool:
    return len(labels) <= MOST_LABELS and all(
        0 < len(name) <= LONGEST_LABEL_NAME
        and len(value) <= LONGEST_LABEL_VALUE
        and not UNPRINTABLE.search(name)
        and not UNPRINTABLE.search(value)
        for name, value in labels.items()
    )


def _sound_ids(event_id: NDArray[np.object_]) -> NDArray[np.bool_]:
    texts = event_id.tolist()
    try:
        # Almost always every id is sound: one look at all of them together.
        if max(map(len, texts), default=0) <= LONGEST_ID and not UNPRINTABLE.search("".join(texts)):
            return np.ones(len(texts), np.bool_)
    except TypeError:
        pass  # a None among them
    return np.array([t is not None and len(t) <= LONGEST_ID and not UNPRINTABLE.search(t) for t in texts], np.bool_)

"""The plain reading of a JSON body: to Python's own objects, then point by point.

It bears any value in any place and says exactly what is wrong. Slower than the strict reading in `json`, which is why
it is only the second one, and bounded in how much a body may hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpis.ingest import limits
from kpis.ingest.columns import EPOCH, UNREADABLE_TIME, Columns, joined, objects
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
MICROSECOND = timedelta(microseconds=1)
LARGEST_MS = np.iinfo(np.int64).max // 1000
LONGEST_WHOLE_NUMBER = 400  # digits: no double is longer, and Python refuses to read very long ones

TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
OPENING, CLOSING = np.frombuffer(b"[{", np.uint8), np.frombuffer(b"]}", np.uint8)

LabelItems = tuple[tuple[str, str], ...]


def columns_from(body: bytes) -> Columns:
    """The points of a body, bad ones marked. Refuses (UnreadableBody, BodyTooLarge) what is no such JSON."""
    document = _document(body)
    forms: list[str] = [name for name in ("measurements", "series") if name in document]
    if any(name in document for name in ("kpi", "at", "value")):
        forms.append("one")
    match forms:
        case ["measurements"]:
            return from_rows(_array(document, "measurements"))
        case ["series"]:
            return joined([_from_series(series) for series in _array(document, "series")])
        case ["one"]:
            return _from_series(document)
    raise UnreadableBody(
        "invalid_body",
        'The body must be {"measurements": [...]}, {"series": [...]} or one series of kpi, at and value.',
    )


def _document(body: bytes) -> dict[str, Any]:
    refuse_many_values(body)
    document = read(body)
    if not isinstance(document, dict):
        raise UnreadableBody("invalid_body", 'The body must be an object, as {"measurements": [...]}.')
    return document


def refuse_many_values(body: bytes) -> None:
    """Refuses (BodyTooLarge) what would become far more objects than points are allowed."""
    if body.count(b",") > limits.values_at_most():
        raise BodyTooLarge(
            "too_many_values",
            f"The body has more than {limits.values_at_most():,} values, twelve for each point of INGEST_MAX_POINTS.",
        )


def read(text: bytes) -> Any:
    """Python's own objects. Refuses (UnreadableBody) what is no UTF-8, no JSON, or nested too deeply."""
    if _depth(text) > limits.depth_at_most():
        raise UnreadableBody(
            "invalid_json",
            f"The JSON is nested more than {limits.depth_at_most()} levels deep, the limit INGEST_MAX_DEPTH.",
        )
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_whole_number)
    except UnicodeDecodeError as error:
        raise UnreadableBody("invalid_json", f"The body is not UTF-8, from byte {error.start} on.") from error
    except json.JSONDecodeError as error:
        raise UnreadableBody("invalid_json", f"The body is not JSON: {error}.") from error


def _depth(text: bytes) -> int:
    """How deep arrays and objects lie in each other; brackets inside of texts do not count."""
    if text.count(b"[") + text.count(b"{") <= limits.depth_at_most():
        return 0
    letters = np.frombuffer(TEXTS.sub(b"", text), np.uint8)
    steps = np.isin(letters, OPENING).astype(np.int8) - np.isin(letters, CLOSING)
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _refuse_constant(token: str) -> NoReturn:
    raise UnreadableBody("invalid_json", f"The body is not JSON: {token} is not a JSON number.")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_WHOLE_NUMBER else float(digits)


def _array(document: dict[str, Any], name: str) -> list[Any]:
    members = document.get(name)
    if not isinstance(members, list):
        raise UnreadableBody("invalid_body", f'"{name}" must be an array.')
    return members


def from_rows(rows: list[Any]) -> Columns:
    points = [row if isinstance(row, dict) else {} for row in rows]
    is_point = np.array([isinstance(row, dict) for row in rows], np.bool_)
    keys: dict[str, int] = {}
    sets: dict[LabelItems, int] = {}
    return Columns(
        kpi=np.array([_key_number(point.get("kpi"), keys) for point in points], np.int32),
        labels=np.array([_set_number(point.get("labels"), sets) for point in points], np.int32),
        kpi_keys=list(keys),
        label_sets=[dict(items) for items in sets],
        at_us=np.array([instant(point.get("at")) for point in points], np.int64),
        value=_numbers([point.get("value") for point in points]),
        weight=_numbers([point.get("weight", 1) for point in points]),
        event_id=_ids([point.get("id") for point in points]),
        unreadable=None if is_point.all() else ~is_point,
        sent=_shown(rows),
    )


def _from_series(series: Any) -> Columns:
    """Refuses (UnreadableBody) what is no series and arrays of unequal length: nobody knows which points are meant."""
    if not isinstance(series, dict):
        raise UnreadableBody("invalid_body", 'Each of "series" must be an object with kpi, at and value.')
    at, value = _array(series, "at"), _array(series, "value")
    n = len(at)
    weight = _array(series, "weight") if "weight" in series else [1] * n
    ids = _array(series, "id") if series.get("id") is not None else [None] * n
    if not len(value) == len(weight) == len(ids) == n:
        raise UnreadableBody("unequal_lengths", "The arrays at, value, weight and id of a series must be equally long.")
    keys: dict[str, int] = {}
    sets: dict[LabelItems, int] = {}
    return Columns(
        kpi=np.full(n, _key_number(series.get("kpi"), keys), np.int32),
        labels=np.full(n, _set_number(series.get("labels"), sets), np.int32),
        kpi_keys=list(keys),
        label_sets=[dict(items) for items in sets],
        at_us=np.array([instant(element) for element in at], np.int64),
        value=_numbers(value),
        weight=_numbers(weight),
        event_id=_ids(ids),
    )


def _key_number(key: Any, keys: dict[str, int]) -> int:
    return keys.setdefault(key, len(keys)) if isinstance(key, str) else -1


def _set_number(labels: Any, sets: dict[LabelItems, int]) -> int:
    if labels is None:
        labels = {}
    if not isinstance(labels, dict) or not all(isinstance(text, str) for text in labels.values()):
        return -1
    return sets.setdefault(tuple(labels.items()), len(sets))


def instant(value: Any) -> int:
    """Microseconds since 1970 of RFC 3339 text with an offset, a datetime or epoch ms; else UNREADABLE_TIME."""
    if type(value) is int:
        return value * 1000 if abs(value) <= LARGEST_MS else UNREADABLE_TIME
    try:
        parsed = msgspec.convert(value, Instant) if isinstance(value, str) else value
    except (msgspec.ValidationError, UnicodeEncodeError):
        return UNREADABLE_TIME
    return (parsed - EPOCH) // MICROSECOND if isinstance(parsed, datetime) else UNREADABLE_TIME


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array([_number(value) for value in values], np.float64)


def _number(value: Any) -> float:
    """NaN for what is no number: true and false are none, although Python counts with them."""
    if type(value) is float:
        return value
    if type(value) is not int:
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _ids(values: list[Any]) -> NDArray[np.object_] | None:
    """Texts, "" for none, None for what is no text."""
    texts = ["" if value is None else value if isinstance(value, str) else None for value in values]
    return None if all(text == "" for text in texts) else objects(texts)


def _shown(rows: list[Any]) -> Callable[[int], str]:
    def sent(index: int) -> str:
        try:
            return json.dumps(rows[index])
        except RecursionError:
            return ""

    return sent

"""A page of metrics that was pushed: Prometheus' text format or OpenMetrics, told apart by Content-Type.

The two refuse each other's pages. A sample without a time of its own is of the instant at which the page arrived.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from kpis.ingest import limits
from kpis.ingest.columns import EPOCH, UNREADABLE_TIME
from kpis.ingest.decoding import unpacking
from kpis.ingest.named import NAME, Kind, Labels, NamedSamples, sound_labels
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody, UnsupportedMediaType

OPENMETRICS, CLASSIC = "application/openmetrics-text", "text/plain"
LONGEST_LINE = 16_384
LAST_SECOND = 253_402_300_799
# What the parsers raise for text that is no page of metrics.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError)


def samples_from(body: bytes, media_type: str, encoding: str, *, at: datetime) -> NamedSamples:
    """The samples of a page that arrived at `at`. Refuses another form, and what is damaged or too large."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence not in (OPENMETRICS, CLASSIC):
        raise UnsupportedMediaType(
            "unsupported_media_type",
            f"Pages of metrics are read as {CLASSIC} (Prometheus) or {OPENMETRICS}; name it in Content-Type.",
        )
    text = _text(unpacking.unpacked(body, encoding, at_most=limits.bytes_at_most()))
    parse = openmetrics.text_string_to_metric_families if essence == OPENMETRICS else text_string_to_metric_families
    arrived = int((at - EPOCH).total_seconds() * 1_000_000)
    labels: list[Labels | None] = []
    kinds: list[Kind] = []
    at_us: list[int] = []
    value: list[float] = []
    for kind, sample in _samples(parse(text), essence):
        labels.append(sound_labels([*sample.labels.items(), (NAME, sample.name)]))
        kinds.append(kind)
        at_us.append(arrived if sample.timestamp is None else _microseconds(sample.timestamp))
        value.append(float(sample.value))
        if len(value) > limits.points_at_most():
            raise limits.too_many_points()
    return NamedSamples(
        labels=labels,
        kinds=kinds,
        series=np.arange(len(labels), dtype=np.int32),
        at_us=np.array(at_us, np.int64),
        value=np.array(value, np.float64),
        ended=np.zeros(len(labels), np.bool_),
    )


def _text(data: bytes) -> str:
    if data.count(b"\n") > limits.values_at_most():
        raise limits.too_many_points()
    if max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        raise BodyTooLarge("line_too_long", f"A line of a page of metrics has at most {LONGEST_LINE:,} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableBody("invalid_text", "The page is not UTF-8.") from error


def _samples(families: Iterable[Any], essence: str) -> Iterator[tuple[Kind, Any]]:
    try:
        for family in families:
            for sample in family.samples:
                if not sample.name.endswith("_created") or family.type in ("gauge", "unknown"):
                    yield _kind(family.type, sample.name, family.name), sample
    except UNREADABLE as error:
        said = str(error)[:200]
        raise UnreadableBody("invalid_page", f"The body is no page of metrics as {essence} has it: {said}") from error


def _kind(family_type: str, name: str, family_name: str) -> Kind:
    if family_type in ("counter", "histogram"):
        return "counter"
    if family_type == "summary":
        return "gauge" if name == family_name else "counter"
    return "unknown" if family_type in ("unknown", "untyped") else "gauge"


def _microseconds(seconds: Any) -> int:
    """Of a timestamp as the parsers give it: a float, or seconds and nanoseconds apart."""
    whole = getattr(seconds, "sec", None)
    if whole is not None:
        return int(whole) * 1_000_000 + int(seconds.nsec) // 1000 if abs(whole) <= LAST_SECOND else UNREADABLE_TIME
    number = float(seconds)
    return round(number * 1_000_000) if math.isfinite(number) and abs(number) <= LAST_SECOND else UNREADABLE_TIME

"""Prometheus, and what speaks its query API: Thanos, Mimir, VictoriaMetrics.

`query_range` evaluates the PromQL at instants of a fixed grid. The grid is whole steps of an hour or less, anchored on
local midnight, whatever the KPI's measurement interval is: days of 23 and 25 hours, months and fiscal quarters are cut
by the portal from samples, never by the query. A sample is stored at its instant.

A query that looks back over one step writes it as `$__interval`, as in `sum(increase(tickets_total[$__interval]))`. Its
value at t describes the step that *ends* at t, so it is stored at that step's start: the last hour of a day is counted
in that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import msgspec
import numpy as np
from numpy.typing import NDArray

from kpis.ingest.columns import Columns, columns_of
from kpis.sources.fetching import (
    FetchFailed,
    Order,
    Portion,
    answer_of,
    json_of,
    plain,
    refuse_bad_status,
)

STEPS_A_REQUEST = 10_000  # Prometheus refuses more than 11,000 points per series
MOST_SERIES = 1_000
LOOK_BACK = "$__interval"
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RangeSeries(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[msgspec.Raw] = []  # native histograms: no single value


class RangeData(msgspec.Struct):
    resultType: str
    result: msgspec.Raw


class RangeAnswer(msgspec.Struct):
    status: str
    data: RangeData | None = None
    errorType: str = ""
    error: str = ""
    warnings: list[str] = []


class Prometheus:
    """One run's conversation with a Prometheus server."""

    default_overlap = timedelta(hours=1)

    def __init__(self, address: str, client: httpx.Client) -> None:
        self.url = address.rstrip("/") + "/api/v1/query_range"
        self.client = client

    @staticmethod
    def check(order: Order) -> None:
        if not order.query.strip():
            raise FetchFailed("query_missing", "A Prometheus feed needs a PromQL query.")
        if order.step <= timedelta(0) or HOUR % order.step:
            raise FetchFailed("step_uneven", "The step must divide an hour evenly, as 60, 300 or 3600 seconds.")

    def portions(self, order: Order) -> Iterator[Portion]:
        """Yield the samples of the whole steps inside the order's window, at most 10,000 steps at a time."""
        self.check(order)
        first = _first_step(order)
        steps = max(0, -((first - order.until) // order.step))  # the instants before `until`, rounded up
        for done in range(0, steps, STEPS_A_REQUEST):
            count = min(STEPS_A_REQUEST, steps - done)
            start = first + done * order.step
            last = start + (count - 1) * order.step
            yield self._portion(order, start, last, until=min(order.until, last + order.step))
        if not steps:
            yield Portion(columns_of(order.kpi, np.empty(0, np.int64), np.empty(0)), until=order.until)

    def _portion(self, order: Order, start: datetime, last: datetime, *, until: datetime) -> Portion:
        step = f"{order.step.total_seconds():g}s"
        form = {
            "query": order.query.replace(LOOK_BACK, step),
            "start": f"{start.timestamp():.3f}",
            "end": f"{last.timestamp():.3f}",
            "step": step,
        }
        answer = _range_answer(answer_of(self.client, "POST", self.url, data=form))
        series = _series(answer)
        points, left_out = _points(series, order, start, last)
        warnings = tuple(plain(warning) for warning in answer.warnings[:5])
        return Portion(points, left_out=left_out, until=until, warnings=warnings)


def _first_step(order: Order) -> datetime:
    """The first instant of the grid at or after the window's start; the grid holds each local midnight."""
    offset = order.start.astimezone(ZoneInfo(order.zone)).utcoffset() or timedelta(0)
    return order.start + (EPOCH - offset - order.start) % order.step


def _range_answer(response: httpx.Response) -> RangeAnswer:
    """The decoded answer. Refuses an error with Prometheus' own words, told apart by its type."""
    try:
        answer = json_of(response, RangeAnswer)
    except FetchFailed:
        refuse_bad_status(response)  # a proxy's page of HTML: the status says more than the body
        raise
    if answer.status == "error":
        said = plain(answer.error)
        if answer.errorType == "bad_data":
            raise FetchFailed("query_wrong", f"Prometheus does not understand the query: {said}")
        if answer.errorType in ("timeout", "canceled"):
            raise FetchFailed("query_timeout", f"Prometheus gave up on the query: {said}")
        if answer.errorType == "execution":
            raise FetchFailed("query_failed", f"Prometheus could not carry out the query: {said}")
        refuse_bad_status(response, said)
        raise FetchFailed("source_answered_error", f"Prometheus answered with an error: {said}")
    refuse_bad_status(response)
    return answer


def _series(answer: RangeAnswer) -> list[RangeSeries]:
    if answer.data is None or answer.data.resultType != "matrix":
        raise FetchFailed("answer_unreadable", "The answer holds no series over time.")
    try:
        series = msgspec.json.decode(answer.data.result, type=list[RangeSeries])
    except (msgspec.DecodeError, RecursionError) as error:
        raise FetchFailed("answer_unreadable", f"The series of the answer cannot be read: {error}") from error
    if len(series) > MOST_SERIES:
        raise FetchFailed(
            "too_many_series",
            f"The query returns {len(series)} series, more than {MOST_SERIES}; add them up in it, as with sum by (…).",
        )
    return series


def _points(series: list[RangeSeries], order: Order, start: datetime, last: datetime) -> tuple[Columns, int]:
    """The samples of all series as columns, and how many were no number or outside of what was asked."""
    labels = [{name: one.metric[name] for name in order.keep_labels if one.metric.get(name)} for one in series]
    _refuse_alike(labels)
    counts = [len(one.values) for one in series]
    try:
        instants = np.array([at for one in series for at, _ in one.values], dtype=np.float64)
        values = np.array([value for one in series for _, value in one.values], dtype=np.float64)
    except ValueError as error:
        raise FetchFailed("answer_unreadable", f"A sample of the answer is no number: {error}") from error
    label_set = np.repeat(np.arange(len(series), dtype=np.int32), counts)

    wanted = np.isfinite(values) & (instants >= start.timestamp() - 1e-3) & (instants <= last.timestamp() + 1e-3)
    at = np.rint(instants[wanted] * 1000).astype(np.int64) * 1000  # Prometheus knows milliseconds
    if LOOK_BACK in order.query:
        at = at - order.step // timedelta(microseconds=1)
    left_out = int((~wanted).sum()) + sum(len(one.histograms) for one in series)
    return _columns(order, at, values[wanted], labels, label_set[wanted]), left_out


def _refuse_alike(labels: list[dict[str, str]]) -> None:
    """Two series with one label set would overwrite each other's samples in silence."""
    different = {tuple(sorted(one.items())) for one in labels}
    if len(different) < len(labels):
        raise FetchFailed(
            "series_alike",
            f"The query returns {len(labels)} series that the kept labels do not tell apart; keep more labels, or add "
            "the series up in the query, as with sum(…).",
        )


def _columns(
    order: Order,
    at: NDArray[np.int64],
    values: NDArray[np.float64],
    labels: list[dict[str, str]],
    label_set: NDArray[np.int32],
) -> Columns:
    return Columns(
        kpi_keys=[order.kpi],
        label_sets=labels,
        kpi=np.zeros(len(at), np.int32),
        labels=label_set,
        at_us=at,
        value=values,
        weight=np.ones(len(at)),
    )

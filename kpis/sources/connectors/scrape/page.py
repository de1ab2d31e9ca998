"""Read a page of metrics once in a run and answer every feed from it.

A counter's increase is counted from the feed's memory: what the same series stood at when it was last read. A series
below its last value was reset and counts in full, as does one that was born since; the first reading of all only fills
the memory. No event, no sample: a quantile or a ratio of nothing is a gap, never a zero.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from kpis.ingest.columns import Columns
from kpis.sources.connectors.scrape.expressions import Gauge, Increase, Quantile, Ratio, Selector, parsed
from kpis.sources.fetching import FetchFailed, Order, Portion, answer_of, refuse_bad_status

MOST_SERIES = 5_000
ACCEPT = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5"
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What the parsers raise for text that is no page of metrics.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)

Group = tuple[tuple[str, str], ...]  # the kept labels of a series
Sample = tuple[dict[str, str], float]


class Scrape:
    """One run's look at one page."""

    default_overlap = timedelta(0)

    def __init__(self, address: str, client: httpx.Client) -> None:
        self.address = address
        self.client = client
        self.page: dict[str, list[Sample]] | None = None

    @staticmethod
    def check(order: Order) -> None:
        parsed(order.query)

    def portions(self, order: Order) -> Iterator[Portion]:
        """Yield the one sample that each group of kept labels has at the instant of the run."""
        expression = parsed(order.query)
        if self.page is None:
            self.page = _page(answer_of(self.client, "GET", self.address, headers={"Accept": ACCEPT}))
        look = Look(self.page, order)
        if isinstance(expression, Gauge):
            found = look.gauge(expression)
        elif isinstance(expression, Increase):
            found = {group: (grown, 1.0) for group, grown in look.increase(expression.selector).items()}
        elif isinstance(expression, Ratio):
            found = look.ratio(expression)
        else:
            found = look.quantile(expression)
        yield look.portion(found)


class Look:
    """The page as one feed sees it: values and weights by group, and what to remember for next time."""

    def __init__(self, page: dict[str, list[Sample]], order: Order) -> None:
        self.page = page
        self.order = order
        self.before: Mapping[str, float] | None = order.memory.get("counters")
        self.now: dict[str, float] | None = None  # a counter that is absent stood at nothing: worth remembering too
        self.warnings: dict[str, None] = {}

    def gauge(self, wanted: Gauge) -> dict[Group, tuple[float, float]]:
        found: dict[Group, list[float]] = defaultdict(list)
        for labels, value in self._series(wanted.selector, wanted.selector.name):
            found[self._group(labels)].append(value)
        if not found:
            raise FetchFailed("metric_missing", f"The page has no {wanted.selector.name} with these labels.")
        if not wanted.added_up and any(len(values) > 1 for values in found.values()):
            raise FetchFailed(
                "series_alike",
                "Several series match that the kept labels do not tell apart; keep more labels, or use sum(…).",
            )
        return {group: (math.fsum(values) if len(values) > 1 else values[0], 1.0) for group, values in found.items()}

    def increase(self, selector: Selector) -> dict[Group, float]:
        """What each group's counters grew by since the last reading; nothing at the first one."""
        grown: dict[Group, float] = defaultdict(float)
        self.now = self.now or {}
        for labels, value in self._series(selector, selector.name):
            growth = self._growth(selector.name, labels, value)
            if growth is not None:
                grown[self._group(labels)] += growth
        return grown

    def ratio(self, wanted: Ratio) -> dict[Group, tuple[float, float]]:
        part = self.increase(wanted.numerator.selector)
        whole = self.increase(wanted.denominator.selector)
        return {group: (part.get(group, 0.0) / grown, grown) for group, grown in whole.items() if grown > 0}

    def quantile(self, wanted: Quantile) -> dict[Group, tuple[float, float]]:
        """The quantile by linear interpolation inside its bucket, as Prometheus does, weighted with the count."""
        name = f"{wanted.selector.name}_bucket"
        self.now = {}
        grown: dict[Group, dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for labels, value in self._series(wanted.selector, name):
            growth = self._growth(name, labels, value)
            if growth is not None:
                grown[self._group(labels)][_bound(labels)] += growth
        found = {}
        for group, buckets in grown.items():
            total = max(buckets.values())
            if total > 0:
                found[group] = (_quantile(wanted.share, buckets), total)
        return found

    def portion(self, found: dict[Group, tuple[float, float]]) -> Portion:
        finite = {group: pair for group, pair in found.items() if math.isfinite(pair[0])}
        at = (self.order.until - EPOCH) // MICROSECOND
        points = Columns(
            kpi_keys=[self.order.kpi],
            label_sets=[dict(group) for group in finite],
            kpi=np.zeros(len(finite), np.int32),
            labels=np.arange(len(finite), dtype=np.int32),
            at_us=np.full(len(finite), at, np.int64),
            value=np.array([value for value, _ in finite.values()], np.float64),
            weight=np.array([weight for _, weight in finite.values()], np.float64),
        )
        return Portion(
            points,
            left_out=len(found) - len(finite),
            until=self.order.until,
            memory=None if self.now is None else {"counters": self.now},
            warnings=tuple(self.warnings),
        )

    def _series(self, selector: Selector, name: str) -> list[Sample]:
        if name not in self.page:
            # A counter may be absent until its first event: worth a word, not a failure.
            self.warnings[f"The page has no {name} (yet)."] = None
            return []
        series = [sample for sample in self.page[name] if selector.takes(sample[0])]
        if len(series) > MOST_SERIES:
            raise FetchFailed("too_many_series", f"{name} has {len(series)} series, more than {MOST_SERIES}.")
        return series

    def _growth(self, name: str, labels: dict[str, str], value: float) -> float | None:
        key = json.dumps([name, sorted(labels.items())], ensure_ascii=False)
        if self.now is None or not math.isfinite(value):
            return None
        self.now[key] = value
        if self.before is None:
            return None
        last = self.before.get(key, 0.0)
        return value - last if value >= last else value

    def _group(self, labels: dict[str, str]) -> Group:
        return tuple((name, labels[name]) for name in self.order.keep_labels if labels.get(name))


def _page(response: httpx.Response) -> dict[str, list[Sample]]:
    """The samples by name. The two text formats refuse each other's pages, so the Content-Type decides."""
    refuse_bad_status(response)
    media_type = response.headers.get("content-type", "").split(";")[0].strip()
    parse = (
        openmetrics.text_string_to_metric_families
        if media_type == "application/openmetrics-text"
        else text_string_to_metric_families
    )
    page: dict[str, list[Sample]] = defaultdict(list)
    try:
        for family in parse(response.text):
            for sample in family.samples:
                page[sample.name].append((sample.labels, float(sample.value)))
    except UNREADABLE as error:
        raise FetchFailed("answer_unreadable", f"The page is no page of metrics: {error}") from error
    if not page:
        raise FetchFailed("answer_unreadable", "The page holds no metrics.")
    return dict(page)


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels["le"])
    except (KeyError, ValueError) as error:
        raise FetchFailed("answer_unreadable", "A bucket of the histogram has no upper bound.") from error


def _quantile(share: float, buckets: Mapping[float, float]) -> float:
    """The quantile of cumulative counts by upper bound; in the open last bucket, the last finite bound.

    Buckets of one page may have been counted an instant apart; a count is never below the one before it.
    """
    bounds = np.array(sorted(buckets))
    counts = np.maximum.accumulate([buckets[bound] for bound in bounds])
    rank = share * counts[-1]
    place = int(np.searchsorted(counts, rank))
    if math.isinf(bounds[place]):
        return float(bounds[place - 1]) if place else math.nan
    below = float(counts[place - 1]) if place else 0.0
    lower = float(bounds[place - 1]) if place else min(0.0, float(bounds[0]))
    return lower + (float(bounds[place]) - lower) * (rank - below) / (float(counts[place]) - below)

"""Interval values to read: the states of a KPI's label sets, merged. Pages and judgements read here, never rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kpis.calculations.aggregation import QUANTILES, States, value_of
from kpis.calculations.intervals import EPOCH, Calendar, Granularity, epoch_us
from kpis.calculations.merging import merge_groups, taken, values_of
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.measurements import reading, retention
from kpis.measurements.models import Series
from kpis.rollups import computing, rows
from kpis.rollups.finality import Finality, finalities
from kpis.rollups.models import KpiState
from kpis.rollups.rows import IntervalRows, Span

Labels = Mapping[str, str]
NEVER_US = -(2**62)

_past_the_table = ContextVar("interval values are computed from the measurements", default=False)


@dataclass(frozen=True, slots=True)
class IntervalPoint:
    """A KPI's value in one interval `[start, end)`, in its unit, over all matching label sets.

    `count` measurements with `weight` in all are behind it. `value` None: there is data but no value, and `reason`
    says why. `provisional`: it may still change by itself, because the interval is open or late. `source_went_on`: a
    newer measurement of the KPI proves that nothing of it is still on its way.
    """

    start: datetime
    end: datetime
    value: float | None
    count: int
    weight: float
    complete: bool
    provisional: bool
    state: Finality
    source_went_on: bool = False
    reason: str = ""

    @property
    def watermark(self) -> str:
        """ "provisional", "complete", or "incomplete": its lateness is over, and its source has been silent since."""
        if self.provisional:
            return "provisional"
        return "complete" if self.source_went_on else "incomplete"


def matching(kpi: Kpi, where: Labels | None) -> list[Series]:
    """The KPI's series whose labels hold all of `where`; all of them where it is empty."""
    return list(Series.objects.filter(kpi=kpi, labels__contains=dict(where or {})).order_by("pk"))


def interval_values(
    kpi: Kpi, granularity: str, start: datetime, end: datetime, *, where: Labels | None = None, now: datetime
) -> list[IntervalPoint]:
    """Values of the intervals that overlap `[start, end)`, oldest first; an interval without data is absent."""
    return interval_values_of([kpi], start, end, granularity=granularity, where={kpi.pk: where}, now=now)[kpi.pk]


def interval_values_of(
    kpis: Collection[Kpi],
    start: datetime,
    end: datetime,
    *,
    granularity: str | None = None,
    where: Mapping[int, Labels | None] | None = None,
    now: datetime,
) -> dict[int, list[IntervalPoint]]:
    """The same for many KPIs, by KPI id; `granularity` None: each in its own interval; `where` by KPI id.

    Two queries, and one or two for each length of interval, however many KPIs there are.
    """
    found: dict[int, list[IntervalPoint]] = {kpi.pk: [] for kpi in kpis}
    owners = _owners(kpis, where or {})
    newest = dict(KpiState.objects.filter(kpi__in=found).values_list("kpi_id", "newest_at")) if owners else {}
    calendar = organisation.calendar()
    for (wanted, with_bins), alike in _alike(kpis, granularity).items():
        first = epoch_us(calendar.start_of(start, wanted))
        series_ids = [series for series, kpi_id in owners.items() if kpi_id in alike]
        if not series_ids or start >= end:
            continue
        read = _read(series_ids, wanted, (first, epoch_us(end)), alike, calendar, with_bins=with_bins)
        for kpi_id, part in _by_owner(read, owners):
            found[kpi_id] = list(_points(part, alike[kpi_id].aggregation, newest.get(kpi_id), now))
    return found


def interval_values_by_label(
    kpi: Kpi, granularity: str, start: datetime, end: datetime, *, name: str, where: Labels | None = None, now: datetime
) -> dict[str | None, list[IntervalPoint]]:
    """`interval_values` of the series with each value of the label `name`, in order; under None those without it."""
    value_of_series = {one.pk: one.labels.get(name) for one in matching(kpi, where)}
    values = sorted(set(value_of_series.values()), key=lambda value: (value is None, value))
    found: dict[str | None, list[IntervalPoint]] = {value: [] for value in values}
    if not values or start >= end:
        return found
    calendar, wanted = organisation.calendar(), Granularity(granularity)
    span = epoch_us(calendar.start_of(start, wanted)), epoch_us(end)
    with_bins = kpi.aggregation in QUANTILES
    read = _read(list(value_of_series), wanted, span, {kpi.pk: kpi}, calendar, with_bins=with_bins)
    newest = KpiState.objects.filter(kpi=kpi).values_list("newest_at", flat=True).first()
    for n, part in _by_owner(read, {series: values.index(value) for series, value in value_of_series.items()}):
        found[values[n]] = list(_points(part, kpi.aggregation, newest, now))
    return found


@contextmanager
def past_the_table() -> Iterator[None]:
    """Within the block every interval value is computed from the measurements, as if the table were not there."""
    before = _past_the_table.set(True)
    try:
        yield
    finally:
        _past_the_table.reset(before)


def _read(
    series_ids: list[int], wanted: Granularity, span: Span, kpis: dict[int, Kpi], calendar: Calendar, *, with_bins: bool
) -> IntervalRows:
    """Hours are stored for KPIs that are measured hourly; for others they are computed now."""
    if _past_the_table.get():
        return _computed(series_ids, wanted, span, kpis, calendar, with_bins=with_bins)
    if wanted is Granularity.HOUR and any(kpi.interval != Granularity.HOUR for kpi in kpis.values()):
        points = computing.points_between(series_ids, *span)
        return computing.from_measurements(points, wanted, calendar, with_bins=with_bins)
    return rows.read(series_ids, wanted, *span, with_bins=with_bins)


def _computed(
    series_ids: list[int], wanted: Granularity, span: Span, kpis: dict[int, Kpi], calendar: Calendar, *, with_bins: bool
) -> IntervalRows:
    """The rows that the table should hold: their intervals begin in the span, and are computed as wholes."""
    last = calendar.starts_of(np.array([span[1] - 1], np.int64), wanted)
    until = int(calendar.ends_of(last, wanted)[0])
    known = {s: found for s, found in reading.spans(kpis).items() if s in set(series_ids)}
    known |= {
        s: (span[0], max(until, known.get(s, span)[1])) for s, until in retention.gone_until_us(series_ids).items()
    }
    inside = {
        s: (max(first, span[0]), min(newest, until - 1))
        for s, (first, newest) in known.items()
        if first < until and newest >= span[0]
    }
    return computing.afresh(inside, wanted, calendar, with_bins=with_bins)


def _owners(kpis: Collection[Kpi], where: Mapping[int, Labels | None]) -> dict[int, int]:
    """Series id to KPI id, for the label sets that match."""
    series = Series.objects.filter(kpi__in=[kpi.pk for kpi in kpis]).values_list("pk", "kpi_id", "labels")
    return {pk: kpi_id for pk, kpi_id, labels in series if (where.get(kpi_id) or {}).items() <= labels.items()}


def _alike(kpis: Collection[Kpi], granularity: str | None) -> dict[tuple[Granularity, bool], dict[int, Kpi]]:
    """KPIs that are read together: of one length of interval, with or without distributions."""
    found: dict[tuple[Granularity, bool], dict[int, Kpi]] = {}
    for kpi in kpis:
        key = (Granularity(granularity or kpi.interval), kpi.aggregation in QUANTILES)
        found.setdefault(key, {})[kpi.pk] = kpi
    return found


def _by_owner(read: IntervalRows, owners: Mapping[int, int]) -> Iterable[tuple[int, IntervalRows]]:
    """The rows of each owner of series (a KPI, a label's value), merged, in order of time."""
    if not len(read):
        return
    owner = np.array([owners[series] for series in read.series.tolist()], np.int64)
    order = np.lexsort((read.series, read.start, owner))
    owner, start = owner[order], read.start[order]
    new = np.ones(start.size, bool)
    new[1:] = (owner[1:] != owner[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(new)
    merged = merge_groups(taken(read.states, order), np.cumsum(new) - 1)
    owner, start, end = owner[first], start[first], read.end[order][first]
    edges = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1, append=owner[-1] + 1))
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = np.arange(a, b)
        yield int(owner[a]), IntervalRows(owner[part], start[part], end[part], taken(merged, part))


def _points(part: IntervalRows, aggregation: str, newest_at: datetime | None, now: datetime) -> Iterable[IntervalPoint]:
    """Column by column: thousands of points stand on one page."""
    values, exist = values_of(part.states, aggregation)
    states = finalities(part.start, part.end, newest_at=newest_at, now=now)
    went_on = part.end <= (epoch_us(newest_at) if newest_at is not None else NEVER_US)
    columns = (part.start, part.end, values, exist, part.states.n, part.states.sum_w, went_on)
    rows_of_it = zip(*(column.tolist() for column in columns), states, strict=True)
    for i, (start, end, value, exists, count, weight, source_went_on, state) in enumerate(rows_of_it):
        complete = state is Finality.COMPLETE
        yield IntervalPoint(
            start=_instant(start),
            end=_instant(end),
            value=value if exists else None,
            count=count,
            weight=weight,
            complete=complete,
            provisional=not complete,
            state=state,
            source_went_on=source_went_on,
            reason="" if exists else _reason(part.states, i, aggregation),
        )


def _reason(states: States, i: int, aggregation: str) -> str:
    return value_of(states.state(i), aggregation).reason


def _instant(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)

"""Where the table of interval values is not what the measurements say. Reads both, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.aggregation import QUANTILES, Ints
from kpis.calculations.intervals import EPOCH, Calendar, Granularity, epoch_us
from kpis.definitions.models import Kpi
from kpis.measurements import reading, retention
from kpis.measurements.models import Arrival, Series
from kpis.rollups import rows
from kpis.rollups.computing import afresh, from_days
from kpis.rollups.rolling import FROM_DAYS, SLOT_US
from kpis.rollups.rows import IntervalRows

# No measurement lies outside; a row that does is found as one too many.
EVER = tuple(epoch_us(datetime(year, 1, 1, tzinfo=EPOCH.tzinfo)) for year in (1900, 2999))
EXACT = ("n", "last_at")
MEASURED = ("sum_w", "sum_w2", "mean", "m2", "total", "minimum", "maximum", "last")
CLOSE = 1e-9  # another processor may add up in another order
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One column of one row of the table; `column` "row" where only one side has the row."""

    series: Series
    granularity: str
    start: datetime
    column: str
    stored: object
    recomputed: object


@dataclass(slots=True)
class Compared:
    """How many rows of the table were compared, how many have no measurements behind them any more, what differs."""

    rows: int = 0
    rows_gone: int = 0
    deviations: list[Deviation] = field(default_factory=list)


def deviations_of(kpi: Kpi, calendar: Calendar) -> Compared:
    """Compare all interval values of the KPI with its measurements.

    Left out are intervals with measurements that have arrived and are still to be rolled up, and days (and hours) of
    which the measurements are gone; longer intervals are compared with such days as they stand.
    """
    result = Compared()
    series = {s.pk: s for s in Series.objects.filter(kpi=kpi)}
    if not series:
        return result
    waiting, gone = _waiting(series), retention.gone_until_us(series)
    first = max(gone.values(), default=EVER[0])
    for granularity, recomputed in _recomputed(kpi, list(series), first, calendar):
        stored = rows.read(list(series), granularity, *EVER, with_bins=kpi.aggregation in QUANTILES)
        if granularity in (Granularity.HOUR, Granularity.DAY):
            result.rows_gone += len(stored.within([(EVER[0], first)]))
            stored, recomputed = (some.within([(first, EVER[1])]) for some in (stored, recomputed))
        left_out = {(pk, start) for pk, at in waiting.items() for start in calendar.starts_of(at, granularity).tolist()}
        result.rows += len(stored)
        result.deviations += [
            Deviation(series[pk], granularity.value, EPOCH + timedelta(microseconds=start), column, was, due)
            for (pk, start), column, was, due in _differences(stored, recomputed)
            if (pk, start) not in left_out
        ]
    return result


def _recomputed(
    kpi: Kpi, series_ids: list[int], first: int, calendar: Calendar
) -> Iterator[tuple[Granularity, IntervalRows]]:
    """Every granularity; hours of a KPI that is not measured hourly are not kept, so none are expected.

    first : where measurements begin to be kept; before, the table's own days are what there is.
    """
    spans, with_bins = reading.spans([kpi.pk]), kpi.aggregation in QUANTILES
    if first > EVER[0]:
        spans = {series: (EVER[0], spans.get(series, (0, first))[1]) for series in series_ids}
    hourly = spans if kpi.interval == Granularity.HOUR else {}
    yield Granularity.HOUR, afresh(hourly, Granularity.HOUR, calendar, with_bins=with_bins)
    days = afresh(spans, Granularity.DAY, calendar, with_bins=with_bins)
    yield Granularity.DAY, days
    for granularity in FROM_DAYS:
        yield granularity, from_days(days, granularity, calendar)


def _waiting(series: Mapping[int, Series]) -> dict[int, Ints]:
    """By series the quarter hours that are still to be rolled up, microseconds since 1970."""
    arrivals = Arrival.objects.filter(series__in=series).values_list("series_id", "slots")
    found: dict[int, list[int]] = {}
    for pk, slots in arrivals:
        found.setdefault(pk, []).extend(slots)
    return {pk: np.array(slots, np.int64) * SLOT_US for pk, slots in found.items()}


def _differences(
    stored: IntervalRows, recomputed: IntervalRows
) -> Iterator[tuple[tuple[int, int], str, object, object]]:
    """Key (series id, start), column, what is stored, what is recomputed."""
    mine, theirs = _keys(stored), _keys(recomputed)
    for key in sorted(mine.keys() - theirs.keys()):
        yield key, "row", f"{stored.states.n[mine[key]]} measurements", NOTHING
    for key in sorted(theirs.keys() - mine.keys()):
        yield key, "row", NOTHING, f"{recomputed.states.n[theirs[key]]} measurements"
    both = sorted(mine.keys() & theirs.keys())
    a = np.array([mine[key] for key in both], np.int64)
    b = np.array([theirs[key] for key in both], np.int64)
    yield from _of_column(both, "end", stored.end[a], recomputed.end[b], exact=True)
    for name in (*EXACT, *MEASURED):
        left, right = getattr(stored.states, name)[a], getattr(recomputed.states, name)[b]
        yield from _of_column(both, name, left, right, exact=name in EXACT)
    if recomputed.states.bins is not None:
        for key, i, j in zip(both, a.tolist(), b.tolist(), strict=True):
            if stored.states.bins is None or stored.states.bins[i] != recomputed.states.bins[j]:
                yield key, "distribution", "another one", f"{recomputed.states.bins[j].n} values"


def _keys(found: IntervalRows) -> dict[tuple[int, int], int]:
    return {key: i for i, key in enumerate(zip(found.series.tolist(), found.start.tolist(), strict=True))}


def _of_column(
    keys: list[tuple[int, int]], name: str, left: NDArray[np.generic], right: NDArray[np.generic], *, exact: bool
) -> Iterator[tuple[tuple[int, int], str, object, object]]:
    differs = left != right if exact else ~np.isclose(left, right, rtol=CLOSE, atol=CLOSE)
    for i in np.flatnonzero(differs).tolist():
        yield keys[i], name, left[i].item(), right[i].item()

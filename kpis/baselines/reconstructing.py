"""Whether a baseline is a reconstruction: measured after go-live, from data that arrived after go-live.

Such data may be right, but nobody could see them before it was known what they would be compared with. So they are
counted and marked wherever the baseline is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kpis.calculations.intervals import Interval
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.measurements.reading import arrived_in_time
from kpis.rollups import finality, series

Labels = Mapping[str, str]


def reconstructed_intervals(kpi: Kpi, window: Interval, *, treated: Labels | None, at: datetime) -> int:
    """How many of the window's intervals with data have none that arrived before go-live, lateness included.

    0 without a go-live date, and while go-live is not over at `at`. What is no longer there counts as arrived late:
    nobody can show the contrary.
    """
    live = kpi.initiative.go_live_on
    if live is None:
        return 0
    in_time = organisation.calendar().local_midnight(live) + _lateness(kpi)
    if at <= in_time:
        return 0
    points = series.interval_values(kpi, kpi.interval, window.start, window.end, where=treated, now=at)
    spans = [(p.start, p.end) for p in points if window.start <= p.start and p.end <= window.end]
    ids = [one.pk for one in series.matching(kpi, treated)]
    return len(spans) - len(arrived_in_time(ids, spans, until=in_time)) if spans else 0


def _lateness(kpi: Kpi) -> timedelta:
    """How long after go-live the data of the last interval before it may still come."""
    hour = kpi.interval == Kpi.Interval.HOUR
    day = kpi.interval == Kpi.Interval.DAY
    return timedelta(hours=1) if hour else timedelta(days=1) if day else finality.LATENESS_AT_MOST

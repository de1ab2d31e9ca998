"""A store as years of sources leave it: KPIs of one initiative, points a minute to an hour apart, as they arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
from django.db import connection, transaction

ENDS = datetime(2026, 6, 1, tzinfo=UTC)
AT_ONCE = 200_000
DAYS = 3 * 365


def fill(
    *,
    points: int,
    kpis: int,
    slug: str = "filled",
    days: int = DAYS,
    arrivals: bool = True,
    ids: bool = False,
    again: int = 0,
    at_once: int = AT_ONCE,
) -> list[int]:
    """`points` measurements spread evenly over `kpis` KPIs and `days` days; answers the ids of their series.

    In order of arrival: all KPIs' points of one instant lie together, as they came. ids : each has one, as a ticket.
    at_once : points of a batch. again : that often there were some before; the KPIs are those, and the points lie
    between theirs.
    """
    from kpis.measurements.models import Series
    from kpis.plumbing import clock

    if not again:
        _make(slug, kpis)
    series = list(Series.objects.filter(kpi__initiative__slug=slug).order_by("pk").values_list("pk", flat=True))
    each = points // kpis
    step_us = days * 86_400_000_000 // each
    first_us = int((ENDS - timedelta(days=days)).timestamp()) * 1_000_000
    rng = np.random.default_rng(1 + again)
    instants_at_once = max(1, at_once // kpis)
    for number, begin in zip(count(1), range(0, each, instants_at_once), strict=False):
        n = min(instants_at_once, each - begin)
        at = np.repeat(first_us + again * 7_001 + (begin + np.arange(n, dtype=np.int64)) * step_us, kpis)
        value = np.round(rng.lognormal(3, 0.5, n * kpis), 2)
        event_id = np.array([f"ticket-{begin + k}" for k in range(n * kpis)], object) if ids else None
        _copy(at, value, np.tile(np.array(series, np.int32), n), number, event_id)
    if arrivals:
        slots = list(range(first_us // 900_000_000, (first_us + each * step_us) // 900_000_000 + 1, 48))
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into kpis_arrival (series_id, slots, arrived_at) select unnest(%s::int[]), %s::int[], %s",
                [series, slots, clock.now()],
            )
            cursor.execute("analyze kpis_measurement")
    return series


def _make(slug: str, kpis: int) -> None:
    from kpis.definitions.models import Initiative, Kpi
    from kpis.measurements.models import Series

    initiative = Initiative.objects.create(slug=slug, name="Filled", go_live_on=(ENDS - timedelta(days=365)).date())
    made = [
        Kpi.objects.create(
            initiative=initiative,
            slug=f"k{n}",
            key=f"{slug}.k{n}",
            name=f"KPI {n}",
            category="efficiency",
            unit="s",
            direction="decrease",
            aggregation="p90" if n % 10 == 9 else ("mean", "sum")[n % 2],
            interval="day",
        )
        for n in range(kpis)
    ]
    for kpi in made:
        Series.objects.create(kpi=kpi, labels={}, labels_hash=_hash("{}"))


def _copy(at_us: np.ndarray, value: np.ndarray, series: np.ndarray, batch: int, event_id: np.ndarray | None) -> None:
    from kpis.measurements import partitions, store

    points = store.once_each(store.Points(series, at_us, value, np.ones(len(value)), event_id))
    partitions.make_for(at_us)
    with transaction.atomic():
        store._copy(points, batch)


def _hash(labels: str) -> bytes:
    import hashlib

    return hashlib.sha256(labels.encode()).digest()


def roll_up_everything() -> None:
    from kpis import pipeline

    while pipeline.bring_up_to_date(at_most=20):
        pass


def postmaster() -> int:
    """The process of the database server, to account for its time."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_read_file('postmaster.pid')")
        return int(cursor.fetchone()[0].split()[0])

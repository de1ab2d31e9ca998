"""Interval values of random measurements, from the body of a request to what a page reads, beside a second way.

Points lie thickly around the zone's clock changes. Every length of interval, every aggregation, several label sets.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest import mock

import pytest

from kpis.ingest import accepting
from kpis.rollups import rolling
from kpis.rollups.series import interval_values, interval_values_by_label
from tests.factories import InitiativeFactory, KpiFactory, OrganisationFactory
from tests.oracles import interval_values as oracle
from tests.oracles.interval_values import SHARES, ZONES, Clock, Point
from tests.sending import body_of

FIRST, LAST = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGGREGATIONS = ("mean", "sum", "count", "min", "max", "last", *SHARES)
LABELS: tuple[dict[str, str], ...] = ({}, {"team": "north"}, {"team": "south", "tier": "2"})


@cache
def clock_of(zone: str, fiscal_year_start: int) -> Clock:
    margin = timedelta(days=100)
    return oracle.walked(zone, FIRST - margin, LAST + margin, fiscal_year_start=fiscal_year_start)


def random_points(rng: random.Random, zone: str, n: int) -> list[tuple[Point, int]]:
    """With the number of the label set of each. No two at one instant, but some a microsecond from a boundary."""
    changes = oracle.clock_changes(zone, FIRST, LAST) or [FIRST + timedelta(days=180)]
    seconds = int((LAST - FIRST).total_seconds())
    instants: set[datetime] = set()
    while len(instants) < n:
        instants.add(
            rng.choice(
                [
                    FIRST + timedelta(seconds=rng.randrange(seconds)),
                    rng.choice(changes) + timedelta(minutes=rng.randrange(-2000, 2000)),
                    rng.choice(changes) + timedelta(milliseconds=rng.choice([-1, 0, 1])),
                ]
            )
        )
    return [
        (
            Point(
                at,
                rng.choice([rng.lognormvariate(3, 2), -rng.lognormvariate(0, 3), 0.0, rng.gauss(1e9, 1e-3)]),
                rng.choice([0.0, 0.25, 1.0, 1.0, 3.0, rng.random() * 1e6]),
                rng.choice(["", "ticket-1", "ticket-ü"]),
            ),
            rng.randrange(len(LABELS)),
        )
        for at in instants
    ]


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        yield


def fed(interval: str, aggregation: str, points: list[tuple[Point, int]], rng: random.Random):
    """A KPI whose points went in by three requests, in any order, and were rolled up in between."""
    kpi = KpiFactory(initiative=InitiativeFactory(), interval=interval, aggregation=aggregation)
    shuffled = rng.sample(points, len(points))
    for part in (shuffled[0::3], shuffled[1::3], shuffled[2::3]):
        rows = body_of(kpi.key, [(point, LABELS[n]) for point, n in part])
        receipt = accepting.accept_batch(rows, "application/json", actor=None, at=NOW)
        assert receipt.accepted == len(part)
        rolling.roll_up_arrivals(at_most=1000)
    return kpi


def alike(found: float | None, exact, aggregation: str, points: list[Point]) -> bool:
    if found is None or exact is None:
        return found is None and exact is None
    if aggregation in SHARES:
        return abs(found - exact) <= 0.0101 * abs(exact)
    if aggregation in ("mean", "sum"):
        # A sum that all but cancels out is as exact as its largest part.
        largest = max(abs(point.value) for point in points)
        return math.isclose(found, exact, rel_tol=1e-12, abs_tol=1e-13 * largest)
    return found == exact


@pytest.mark.parametrize("interval", ["hour", "month"])
@pytest.mark.parametrize("zone", ZONES)
def test_interval_values_of_any_zone_length_and_aggregation_are_the_oracles(zone, interval):
    rng = random.Random(f"{zone} {interval}")
    fiscal_year_start = rng.randint(1, 12)
    OrganisationFactory(zone=zone, fiscal_year_start=fiscal_year_start)
    points = random_points(rng, zone, 400)
    kpi = fed(interval, "p95", points, rng)
    clock, compared = clock_of(zone, fiscal_year_start), 0
    for where in (None, {"team": "south"}):
        chosen = [point for point, n in points if not where or where.items() <= LABELS[n].items()]
        for granularity in oracle.GRANULARITIES:
            expected = oracle.by_interval(chosen, clock, granularity)
            for kpi.aggregation in AGGREGATIONS:
                found = interval_values(kpi, granularity, FIRST - timedelta(days=100), NOW, where=where, now=NOW)
                assert [(one.start, one.end) for one in found] == sorted(expected), (granularity, kpi.aggregation)
                for one in found:
                    behind = expected[one.start, one.end]
                    exact = oracle.value_of(behind, kpi.aggregation)
                    assert one.count == len(behind)
                    assert one.weight == pytest.approx(sum(point.weight for point in behind), rel=1e-12)
                    assert alike(one.value, exact, kpi.aggregation, behind), (granularity, kpi.aggregation, one, exact)
                    compared += 1
    assert compared > 5_000


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("fiscal_year_start", [2, 4, 7, 10])
def test_each_aggregation_stored_as_itself_in_any_fiscal_year_is_the_oracles(aggregation, fiscal_year_start):
    rng = random.Random(f"{aggregation} {fiscal_year_start}")
    OrganisationFactory(zone="Europe/Berlin", fiscal_year_start=fiscal_year_start)
    points = random_points(rng, "Europe/Berlin", 120)
    kpi = fed("day", aggregation, points, rng)
    for granularity in oracle.GRANULARITIES:
        expected = oracle.by_interval(
            [point for point, _ in points], clock_of("Europe/Berlin", fiscal_year_start), granularity
        )
        found = interval_values(kpi, granularity, FIRST - timedelta(days=100), NOW, now=NOW)
        assert [(one.start, one.end) for one in found] == sorted(expected)
        for one in found:
            behind = expected[one.start, one.end]
            assert alike(one.value, oracle.value_of(behind, aggregation), aggregation, behind), one


@pytest.mark.parametrize("aggregation", ["mean", "last", "p90"])
def test_the_values_of_a_label_are_those_of_the_points_that_have_it(aggregation):
    rng = random.Random(aggregation)
    OrganisationFactory(zone="Europe/Berlin")
    points = random_points(rng, "Europe/Berlin", 200)
    kpi = fed("day", aggregation, points, rng)
    for granularity in oracle.GRANULARITIES:
        begins = FIRST - timedelta(days=100)
        groups = interval_values_by_label(kpi, granularity, begins, NOW, name="team", now=NOW)
        assert list(groups) == ["north", "south", None]
        for team, found in groups.items():
            chosen = [point for point, n in points if LABELS[n].get("team") == team]
            expected = oracle.by_interval(chosen, clock_of("Europe/Berlin", 1), granularity)
            assert [(one.start, one.end) for one in found] == sorted(expected)
            for one in found:
                behind = expected[one.start, one.end]
                assert alike(one.value, oracle.value_of(behind, aggregation), aggregation, behind)

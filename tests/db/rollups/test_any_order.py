"""However the same points come in, the same interval values come out: R9, with one ordered writer as the measure."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.ingest import accepting
from kpis.measurements.models import Arrival, Measurement
from kpis.rollups import rolling
from kpis.rollups.models import IntervalValue
from tests.factories import InitiativeFactory, KpiFactory, OrganisationFactory
from tests.oracles.interval_values import Point
from tests.sending import row_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTS = datetime(2025, 10, 25, 20, tzinfo=UTC)  # the evening before clocks go back in Berlin
STATE = [f.attname for f in IntervalValue._meta.concrete_fields if f.attname not in ("series_id", "computed_at")]

Identity = tuple[int, str, int]  # minutes since STARTS, event id, label set
LABELS: tuple[dict[str, str], ...] = ({}, {"team": "north"})
identities = st.tuples(st.integers(0, 600).map(lambda n: n * 17), st.sampled_from(["", "a", "b"]), st.integers(0, 1))
values = st.floats(-1e6, 1e6)
weights = st.sampled_from([0.0, 0.5, 1.0, 3.0])
sets_of_points = st.dictionaries(identities, st.tuples(values, weights), min_size=1, max_size=60)


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        yield


@pytest.fixture
def house():
    return OrganisationFactory(zone="Europe/Berlin", fiscal_year_start=4)


def rows_of(kpi, points: dict[Identity, tuple[float, float]]) -> list[dict[str, Any]]:
    """In the order of their identities: what one ordered writer sends."""
    return [
        row_of(kpi.key, Point(STARTS + timedelta(minutes=minute), *points[one], event_id), LABELS[labels])
        for one in sorted(points)
        for minute, event_id, labels in [one]
    ]


def send(rows: list[dict[str, Any]]) -> None:
    body = json.dumps({"measurements": rows}).encode()
    receipt = accepting.accept_batch(body, "application/json", actor=None, at=NOW)
    assert receipt.accepted + receipt.replaced + receipt.unchanged == len(rows)


def hourly_kpi():
    """Hours and distributions are kept of it, so that everything that can be kept is compared."""
    return KpiFactory(initiative=InitiativeFactory(), interval="hour", aggregation="p90")


def roll_up_everything() -> None:
    while rolling.roll_up_arrivals(at_most=7).more_waiting:
        pass


def rows_stored(kpi) -> list[tuple[Any, ...]]:
    columns = ("series__labels", "at", "event_id", "value", "weight")
    return sorted(Measurement.objects.filter(series__kpi=kpi).values_list(*columns), key=str)


def states(kpi) -> dict[tuple[Any, ...], dict[str, Any]]:
    """All that is stored of the KPI's intervals, to the last bit, by label set, length and start."""
    found = IntervalValue.objects.filter(series__kpi=kpi)
    return {
        (str(labels), granularity, start): {"granularity": granularity, "start": start, **rest}
        for labels, granularity, start, rest in (
            (row.pop("series__labels"), row.pop("granularity"), row.pop("start"), row)
            for row in found.values("series__labels", *STATE)
        )
    }


def of_one_ordered_writer(points: dict[Identity, tuple[float, float]]):
    kpi = hourly_kpi()
    send(rows_of(kpi, points))
    roll_up_everything()
    return kpi


class Disorder:
    """Points twice and thrice, shuffled, cut into requests of any size."""

    def __init__(self, seed: int, sizes: tuple[int, ...] = (1, 3, 20, 1000)) -> None:
        self.rng, self.sizes = random.Random(seed), sizes

    def requests(self, rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        several = [row for row in rows for _ in range(self.rng.choice([1, 1, 2, 3]))]
        self.rng.shuffle(several)
        cut, requests = 0, []
        while cut < len(several):
            size = self.rng.choice(self.sizes)
            requests.append(several[cut : cut + size])
            cut += size
        return requests


@given(points=sets_of_points, wrong=st.lists(values, max_size=5), seed=st.integers(0, 2**32), rolls=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_duplication_and_splitting_gives_the_states_of_one_ordered_writer(house, points, wrong, seed, rolls):
    """What was sent wrong before, and is sent right afterwards, leaves nothing behind."""
    expected = of_one_ordered_writer(points)
    kpi, disorder = hourly_kpi(), Disorder(seed)
    mistaken = {one: (value, 1.0) for one, value in zip(points, wrong, strict=False)}
    for requests in (disorder.requests(rows_of(kpi, mistaken)), disorder.requests(rows_of(kpi, points))):
        for number, rows in enumerate(requests):
            send(rows)
            if number % rolls == 0:
                rolling.roll_up_arrivals(at_most=rolls)
    roll_up_everything()

    assert rows_stored(kpi) == rows_stored(expected)
    assert states(kpi) == states(expected)


@pytest.mark.django_db(transaction=True)
@given(points=sets_of_points, seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_eight_writers_and_two_workers_at_once_give_the_states_of_one_ordered_writer(house, points, seed):
    """Each writer sends everything in its own disorder, while two workers roll up what has come in so far."""
    wide = points | {(minute * 3 + 1, f"more-{minute}", minute % 2): (float(minute), 1.0) for minute in range(1200)}
    expected = of_one_ordered_writer(wide)
    kpi, done = hourly_kpi(), threading.Event()
    rows, raised = rows_of(kpi, wide), []

    def in_a_thread(job: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                job()
            except BaseException as error:
                raised.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def write(n: int) -> None:
        for part in Disorder(seed + n, sizes=(20, 200, 1000)).requests(rows):
            send(part)

    def work() -> None:
        while not done.is_set():
            rolling.roll_up_arrivals(at_most=5)

    workers = [in_a_thread(work) for _ in range(2)]
    writers = [in_a_thread(partial(write, n)) for n in range(8)]
    for thread in writers:
        thread.join(120)
    done.set()
    for thread in workers:
        thread.join(120)
    roll_up_everything()

    assert raised == []
    assert not Arrival.objects.exists()
    assert rows_stored(kpi) == rows_stored(expected)
    assert states(kpi) == states(expected)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_read_before_a_point_came_does_not_write_over_the_one_that_read_after_it(house):
    """The first one stands still between reading and writing; the second one has to wait for it, and reads then."""
    kpi, has_read, second_is_done = hourly_kpi(), threading.Event(), threading.Event()
    send(rows_of(kpi, {(0, "", 0): (1.0, 1.0)}))
    read = rolling.points_between

    def work(done: threading.Event) -> None:
        roll_up_everything()
        done.set()
        connection.close()

    first = threading.Thread(target=work, args=(threading.Event(),))
    second = threading.Thread(target=work, args=(second_is_done,))

    def read_and_stand_still(*args: Any):
        points = read(*args)
        if threading.current_thread() is first and not has_read.is_set():
            has_read.set()
            second_is_done.wait(2)  # without a lock it is through by then
        return points

    with mock.patch.object(rolling, "points_between", read_and_stand_still):
        first.start()
        assert has_read.wait(10)
        send(rows_of(kpi, {(17, "", 0): (5.0, 1.0)}))
        second.start()
        first.join(30)
        second.join(30)

    assert {row["n"] for row in states(kpi).values() if row["granularity"] == "day"} == {2}

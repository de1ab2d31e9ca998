from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpis.definitions.models import Kpi
from kpis.ingest.columns import columns_of
from kpis.sources.mapping import in_kpi_unit, longest_waiting_first, order_of
from kpis.sources.models import DataSource, Feed

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def feed(**fields):
    return Feed(**{"kpi": Kpi(key="a.b"), "query": "up"} | fields)


def order(its_feed, **source):
    source = DataSource(**{"every": 5 * MINUTE, "overlap": 60 * MINUTE} | source)
    return order_of(its_feed, source, at=NINE, zone="Europe/Berlin")


def test_a_feed_goes_on_where_it_was_left_less_the_overlap():
    asked = order(feed(until=NINE - 10 * MINUTE))
    assert (asked.start, asked.until) == (NINE - 70 * MINUTE, NINE)


def test_a_feed_that_missed_many_runs_asks_for_the_whole_gap():
    assert order(feed(until=NINE - timedelta(days=9))).start == NINE - timedelta(days=9, hours=1)


def test_a_new_feed_starts_one_rhythm_before():
    assert order(feed()).start == NINE - 65 * MINUTE


def test_a_cursor_that_runs_ahead_of_the_clock_does_not_turn_the_window_around():
    asked = order(feed(until=NINE + timedelta(days=1)))
    assert asked.start < asked.until


def test_samples_of_a_query_are_an_hour_apart_unless_stated():
    assert order(feed()).step == timedelta(hours=1)
    assert order(feed(step=MINUTE)).step == MINUTE


def test_the_feed_that_waits_longest_is_asked_first_and_a_new_one_before_all():
    feeds = [feed(pk=1, until=NINE), feed(pk=2, until=NINE - MINUTE), feed(pk=3)]
    assert [one.pk for one in longest_waiting_first(feeds)] == [3, 2, 1]


@pytest.mark.parametrize(("factor", "expected"), [(1, [2.0, 4.0]), (60, [120.0, 240.0]), (-0.5, [-1.0, -2.0])])
def test_the_factor_changes_the_value_and_nothing_else(factor, expected):
    points = columns_of("a.b", np.array([1, 2]), np.array([2.0, 4.0]), weight=np.array([1.0, 3.0]))
    changed = in_kpi_unit(points, factor)
    assert changed.value.tolist() == expected
    assert changed.weight.tolist() == [1.0, 3.0]

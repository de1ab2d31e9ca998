"""Measurements lie by month; a month's table is there before it is needed, or made when the first point comes."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from unittest import mock

import numpy as np
import pytest
from django.db import IntegrityError, connection

from kpis import tasks
from kpis.calculations.intervals import epoch_us
from kpis.ingest import accepting
from kpis.ingest.accepting import accept_batch
from kpis.measurements import partitions, reading
from kpis.measurements.models import Measurement
from tests.factories import InitiativeFactory, KpiFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE_2015 = "kpis_measurement_before_2015"


def tables() -> dict[str, str]:
    """Name to bounds of each table that measurements lie in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, pg_get_expr(c.relpartbound, c.oid)"
            " from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'kpis_measurement'::regclass"
        )
        return dict(cursor.fetchall())


def where_rows_lie() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("select tableoid::regclass::text, count(*) from kpis_measurement group by 1")
        return dict(cursor.fetchall())


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        yield


def send(*instants: str, value: float = 1.0):
    rows = [{"kpi": "support.time", "at": at, "value": value} for at in instants]
    return accept_batch(json.dumps({"measurements": rows}).encode(), "application/json", actor=None, at=NOW)


def test_a_point_lies_in_the_table_of_its_month_in_utc(kpi):
    send("2026-01-01T00:30:00+01:00", "2026-01-01T01:00:00+01:00", "1990-01-01T00:00:00Z", "2014-12-31T23:59:59Z")

    assert where_rows_lie() == {"kpis_measurement_2025_12": 1, "kpis_measurement_2026_01": 1, BEFORE_2015: 2}


def test_there_is_no_table_for_what_fits_nowhere():
    assert "DEFAULT" not in tables().values()


def test_the_months_of_a_year_to_come_are_made_by_the_hourly_tick(at):
    later = datetime(2031, 6, 15, tzinfo=UTC)
    with at(later):
        tasks.tidy_up()
    made = sorted(name for name in tables() if "kpis_measurement_2031_05" < name < BEFORE_2015)
    assert made == [f"kpis_measurement_2031_{m:02}" for m in range(6, 13)] + [
        f"kpis_measurement_2032_{m:02}" for m in range(1, 7)
    ]
    with at(later):
        assert partitions.make_ahead(at=later) == 0


def test_every_month_keeps_the_key_and_the_rules_of_the_whole():
    partitions.make_for(np.array([epoch_us(datetime(2016, 5, 5, tzinfo=UTC))]))
    with connection.cursor() as cursor:
        cursor.execute(
            "select conrelid::regclass::text, array_agg(contype::text || pg_get_constraintdef(oid) order by 1)"
            " from pg_constraint where conrelid::regclass::text like 'kpis_measurement%' group by 1"
        )
        rules = {name: sorted(found) for name, found in cursor.fetchall()}
    assert len(rules) == len(tables()) + 1
    assert all(found == rules["kpis_measurement"] for found in rules.values())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("points", [3, 800, 4000])
def test_a_batch_whose_months_have_no_table_yet_is_stored_like_any_other(kpi, points):
    instants = [
        f"{2016 + n % 3}-{n % 12 + 1:02}-11T{n // 60 % 24:02}:{n % 60:02}:{n % 59:02}.{n:06}Z" for n in range(points)
    ]

    assert send(*instants).accepted == points
    assert Measurement.objects.count() == points
    assert BEFORE_2015 not in where_rows_lie()
    assert send(*instants).unchanged == points


@pytest.mark.django_db(transaction=True)
def test_eight_senders_that_need_the_same_new_month_at_once_are_all_served(kpi):
    raised, start = [], threading.Barrier(8)

    def sender(n: int) -> None:
        try:
            start.wait()
            send(*[f"2017-{month:02}-01T00:00:{n:02}Z" for month in range(1, 13)])
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sender, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert raised == []
    assert Measurement.objects.count() == 96


def test_inside_a_callers_transaction_the_month_is_made_beforehand(kpi):
    assert send("2018-07-01T00:00:00Z").accepted == 1
    assert where_rows_lie() == {"kpis_measurement_2018_07": 1}


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_is_broken_otherwise_is_not_taken_for_a_missing_month(kpi):
    with mock.patch.object(accepting.checking, "verdicts_on", lambda columns, **_: np.zeros(len(columns), np.int8)):
        body = b'{"measurements": [{"kpi": "support.time", "at": "2026-01-01T00:00:00Z", "value": 1, "weight": -1}]}'
        with pytest.raises(IntegrityError):
            accept_batch(body, "application/json", actor=None, at=NOW)


def test_rows_of_many_months_are_read_in_their_order(kpi):
    instants = [f"{year}-{month:02}-09T00:00:00Z" for year in (2013, 2015, 2026, 2025) for month in (2, 1)]
    send(*instants)
    start, end = datetime(1989, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)

    first = reading.rows_between(kpi.pk, start, end, limit=5)
    rest = reading.rows_between(kpi.pk, start, end, limit=5, after=first[-1].place)

    assert [row.at.isoformat()[:7] for row in first + rest] == sorted(at[:7] for at in instants)
    (span,) = reading.spans([kpi.pk]).values()
    assert span == (epoch_us(datetime(2013, 1, 9, tzinfo=UTC)), epoch_us(datetime(2026, 2, 9, tzinfo=UTC)))

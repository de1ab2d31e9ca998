from __future__ import annotations

import time
from unittest import mock

import pytest

from kpis.ingest import rates
from tests.factories import TokenFactory


@pytest.fixture
def stopwatch():
    """`stopwatch.now += 60`: what the process' stopwatch shows."""
    watch = mock.Mock(now=1000.0)
    with mock.patch.object(time, "monotonic", lambda: watch.now):
        yield watch


@pytest.fixture
def token():
    return TokenFactory(points_a_minute=600)


def test_a_token_sends_a_minutes_worth_at_once_and_then_waits_until_its_debt_is_paid(token, stopwatch):
    rates.spend(token, 599)
    assert rates.seconds_to_wait(token) is None
    rates.spend(token, 101)
    assert rates.seconds_to_wait(token) == pytest.approx(10.1, abs=0.1)
    stopwatch.now += 11
    assert rates.seconds_to_wait(token) is None


def test_what_is_not_spent_does_not_pile_up(token, stopwatch):
    stopwatch.now += 3600
    rates.spend(token, 601)
    assert rates.seconds_to_wait(token) == pytest.approx(1, abs=0.1)


def test_a_token_without_a_limit_of_its_own_has_that_of_the_setting_and_0_is_none(settings, stopwatch):
    token = TokenFactory(points_a_minute=None)
    settings.INGEST_POINTS_PER_MINUTE = 100
    assert rates.limit_of(token) == 100
    rates.spend(token, 200)
    assert rates.seconds_to_wait(token) == pytest.approx(60.6, abs=0.2)
    settings.INGEST_POINTS_PER_MINUTE = 0
    assert rates.seconds_to_wait(token) is None


def test_a_process_learns_what_another_one_spent(token, stopwatch):
    rates.spend(token, 400)
    rates.forget_all()  # another process
    rates.spend(token, 150)
    assert rates.seconds_to_wait(token) is None
    rates.spend(token, 100)
    assert rates.seconds_to_wait(token) == pytest.approx(5.1, abs=0.2)


def test_a_slow_sender_costs_no_statement(token, stopwatch, django_assert_num_queries):
    with django_assert_num_queries(0):
        for _ in range(5):
            rates.spend(token, 1)
            assert rates.seconds_to_wait(token) is None
    with django_assert_num_queries(1):
        rates.spend(token, 1)


def test_a_database_out_of_reach_changes_no_answer(token, stopwatch):
    with mock.patch.object(rates.connection, "cursor", side_effect=rates.DatabaseError("gone")):
        rates.spend(token, 700)
    assert rates.seconds_to_wait(token) is not None

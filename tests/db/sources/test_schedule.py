from __future__ import annotations

from datetime import timedelta

import pytest

from kpis.plumbing import wakeup
from kpis.sources import schedule
from kpis.sources.models import Pull
from tests.db.sources.conftest import NINE
from tests.factories import DataSourceFactory, FeedFactory, PullFactory

MINUTE = timedelta(minutes=1)


def due_source(**fields):
    source = DataSourceFactory(**{"next_due_at": NINE, "every": MINUTE} | fields)
    FeedFactory(source=source)
    return source


@pytest.fixture
def woken(monkeypatch):
    """The tasks that were woken, in place of a broker."""
    names = []
    monkeypatch.setattr(wakeup, "after_commit", lambda name, *args: names.append((name, *args)))
    return names


def test_a_source_is_due_from_its_instant_on():
    source = due_source()
    assert schedule.due_sources(at=NINE - MINUTE) == []
    assert schedule.due_sources(at=NINE) == [source.pk]


def test_a_source_that_was_never_due_is_due_now():
    source = due_source(next_due_at=None)
    assert schedule.due_sources(at=NINE) == [source.pk]


@pytest.mark.parametrize("fields", [{"enabled": False}, {"kind": "push"}])
def test_a_source_that_is_paused_or_pushes_is_never_due(fields):
    due_source(**fields)
    assert schedule.due_sources(at=NINE) == []


def test_a_source_without_feeds_has_nothing_to_be_asked_for():
    DataSourceFactory(next_due_at=NINE)
    assert schedule.due_sources(at=NINE) == []


def test_a_claimed_source_is_due_again_one_rhythm_later():
    source = due_source()
    run = schedule.claim_due(source.pk, at=NINE + timedelta(seconds=20))
    source.refresh_from_db()
    assert run.due_at == NINE
    assert source.next_due_at == NINE + MINUTE


def test_missed_instants_become_one_run_and_the_rhythm_stays():
    source = due_source()
    late = NINE + timedelta(hours=3, seconds=20)
    assert schedule.claim_due(source.pk, at=late) is not None
    assert schedule.claim_due(source.pk, at=late) is None
    source.refresh_from_db()
    assert source.next_due_at == NINE + timedelta(hours=3, minutes=1)


def test_a_source_with_a_run_under_way_is_not_claimed_again():
    source = due_source()
    schedule.claim_due(source.pk, at=NINE)
    assert schedule.claim_due(source.pk, at=NINE + MINUTE) is None


def test_a_due_instant_is_run_once_whatever_happened_to_the_rhythm():
    source = due_source()
    PullFactory(source=source, due_at=NINE)
    assert schedule.claim_due(source.pk, at=NINE) is None
    assert schedule.claim_due(source.pk, at=NINE + MINUTE) is not None


def test_a_run_whose_lease_is_over_is_closed_as_failed_with_the_reason(woken):
    source = due_source()
    run = schedule.claim_due(source.pk, at=NINE)
    later = NINE + timedelta(seconds=91)
    assert schedule.close_dead_runs(at=later) == 1
    run.refresh_from_db()
    assert (run.state, run.error_code, run.finished_at) == ("failed", "worker_died", later)


def test_after_a_death_the_source_is_pulled_again_at_once(woken):
    source = due_source(every=timedelta(days=1))
    schedule.claim_due(source.pk, at=NINE)
    later = NINE + timedelta(minutes=5)
    schedule.close_dead_runs(at=later)
    assert ("kpis.pull_source", source.pk) in woken
    assert schedule.claim_due(source.pk, at=later) is not None


def test_a_source_that_keeps_killing_its_workers_waits_for_its_rhythm(woken):
    source = due_source(every=timedelta(days=1))
    when = NINE
    for _ in range(schedule.DEATHS_IN_A_ROW):
        assert schedule.claim_due(source.pk, at=when) is not None
        when += timedelta(minutes=5)
        schedule.close_dead_runs(at=when)
    assert schedule.claim_due(source.pk, at=when) is None
    assert schedule.claim_due(source.pk, at=when + timedelta(days=1)) is not None


def test_a_run_within_its_lease_is_left_alone(woken):
    source = due_source()
    schedule.claim_due(source.pk, at=NINE)
    assert schedule.close_dead_runs(at=NINE + timedelta(seconds=30)) == 0


def test_good_runs_are_forgotten_after_a_fortnight_and_failed_ones_after_a_year():
    good, failed = PullFactory(), PullFactory(state="failed", error_code="query_wrong")
    schedule.forget_old_runs(at=good.finished_at + timedelta(days=30))
    assert list(Pull.objects.values_list("pk", flat=True)) == [failed.pk]

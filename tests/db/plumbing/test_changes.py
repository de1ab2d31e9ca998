from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction

from kpis.plumbing import changes
from kpis.plumbing.models import Change

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROI = ("roi", "support-triage", "support-triage")
INTERVAL = ("interval", "support-triage.volume", "support-triage")


def write(*what: changes.Told, at: datetime = NOON) -> list[Change]:
    return Change.objects.bulk_create(Change(event=e, key=k, initiative=i, at=at) for e, k, i in what)


@pytest.mark.django_db(transaction=True)
def test_announcing_writes_the_rows_and_notifies_once_with_the_highest_id():
    wanted = connection.get_connection_params()
    known = {name: wanted[name] for name in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**known, autocommit=True) as listening:
        listening.execute(f"listen {changes.CHANNEL}")
        changes.announce([INTERVAL, ROI, ROI])
        heard = [notice.payload for notice in listening.notifies(timeout=0.5)]
    assert heard == [str(Change.objects.latest("pk").pk)]
    assert Change.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_told_before_its_commit_and_never_after_a_rollback():
    with transaction.atomic():
        changes.announce([ROI])
        assert not Change.objects.exists()
    assert Change.objects.count() == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        changes.announce([ROI])
        raise ZeroDivisionError
    assert Change.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_announcing_nothing_touches_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        changes.announce([])


def test_since_tells_of_equal_changes_the_newest_in_their_order():
    first, *_, last = write(ROI, INTERVAL, ROI, INTERVAL, ROI)
    told = changes.since(first.pk)
    assert [(c.event, c.key) for c in told] == [INTERVAL[:2], ROI[:2]]
    assert told[-1] == last


def test_since_the_newest_is_nothing():
    *_, last = write(ROI, INTERVAL)
    assert changes.since(last.pk) == []


def test_a_change_is_kept_for_a_day(at):
    write(ROI, at=NOON - timedelta(hours=25))
    (kept,) = write(INTERVAL, at=NOON - timedelta(hours=23))
    with at(NOON):
        assert changes.trim() == 1
    assert list(Change.objects.all()) == [kept]

"""Once each: however many schedulers ask, whatever was missed, wherever a worker dies."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connections

from kpis.digests import changing, delivery, edition, schedule
from kpis.digests.models import Digest, Edition
from kpis.plumbing.models import OutboxMail
from tests.db.digests.conftest import FRIDAY, MONDAY, made
from tests.factories import DigestFactory, RecipientFactory, UserFactory


def test_each_recipient_gets_one_edition_with_one_mail(house):
    digest = house.digest(house.both, house.one)
    assert [e.mail.recipient for e in made()] == [house.both.email, house.one.email]
    made(at=MONDAY + timedelta(minutes=1))
    assert Edition.objects.count() == OutboxMail.objects.count() == 2
    digest.refresh_from_db()
    assert digest.next_due_at == MONDAY + timedelta(weeks=1)


def test_before_its_time_nothing_is_due(house):
    house.digest(house.both)
    assert schedule.claim_due(at=MONDAY - timedelta(seconds=1)) == 0
    assert schedule.claim_due(at=MONDAY) == 1


def test_what_is_switched_off_is_not_sent_and_starts_anew_without_the_past(house):
    digest = house.digest(house.both, enabled=False)
    assert schedule.claim_due(at=MONDAY) == 0
    changing.change_digest(digest, {"enabled": True}, by=house.both, at=MONDAY + timedelta(hours=1))
    assert schedule.claim_due(at=MONDAY + timedelta(hours=2)) == 0
    assert digest.next_due_at == MONDAY + timedelta(weeks=1)


def test_weeks_that_were_missed_become_one_mail_that_says_it_is_late(house):
    house.digest(house.both)
    (row,) = made(at=MONDAY + timedelta(weeks=3, hours=5))
    assert (row.due_at, row.missed) == (MONDAY + timedelta(weeks=3), 3)
    assert "This mail was due Mon 29\u00a0Jun\u00a02026, 07:00 Europe/Berlin and comes late" in row.mail.text
    assert "It also stands for three earlier ones" in row.mail.text
    assert "comes late" in row.mail.html


def test_a_mail_in_time_does_not_apologise(house):
    house.digest(house.both)
    (row,) = made(at=MONDAY + timedelta(seconds=40))
    assert "comes late" not in row.mail.text


def test_who_was_disabled_gets_nothing(house):
    house.digest(house.both, house.one)
    house.one.is_active = False
    house.one.save()
    assert [e.user for e in made()] == [house.both]


def test_a_worker_that_dies_while_it_compiles_is_followed_by_another(house, monkeypatch):
    house.digest(house.both)
    schedule.claim_due(at=MONDAY)
    (pk,) = delivery.waiting(at=MONDAY)

    def dies(*_args, **_more):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(edition, "compile_edition", dies)
        with pytest.raises(RuntimeError):
            delivery.deliver_once(pk, at=MONDAY)
    assert delivery.waiting(at=MONDAY + timedelta(minutes=4)) == []  # its lease still runs
    assert delivery.waiting(at=MONDAY + timedelta(minutes=6)) == [pk]
    assert "killed" in Edition.objects.get().last_error
    assert delivery.deliver_once(pk, at=MONDAY + timedelta(minutes=6))
    assert Edition.objects.get().last_error == ""


def test_one_that_fails_each_time_rests_after_five_attempts_and_holds_up_nobody(house, monkeypatch):
    house.digest(house.both, house.one)
    schedule.claim_due(at=MONDAY)
    real = edition.compile_edition

    def fails_for_one(row, *, at):
        if row.user_id == house.one.pk:
            raise RuntimeError("no")
        return real(row, at=at)

    monkeypatch.setattr(edition, "compile_edition", fails_for_one)
    at = MONDAY
    for _ in range(10):
        for pk in delivery.waiting(at=at):
            with contextlib.suppress(RuntimeError):
                delivery.deliver_once(pk, at=at)
        at += timedelta(hours=1)
    assert Edition.objects.get(user=house.both).mail is not None
    failed = Edition.objects.get(user=house.one)
    assert (failed.attempts, failed.next_attempt_at, failed.mail) == (5, None, None)


def test_the_slower_of_two_workers_writes_nothing(house, monkeypatch):
    house.digest(house.both)
    schedule.claim_due(at=MONDAY)
    (pk,) = delivery.waiting(at=MONDAY)
    real = edition.compile_edition

    def overtaken(row, *, at):
        contents = real(row, at=at)
        monkeypatch.setattr(edition, "compile_edition", real)
        assert delivery.deliver_once(pk, at=MONDAY + timedelta(minutes=6))
        return contents

    monkeypatch.setattr(edition, "compile_edition", overtaken)
    assert not delivery.deliver_once(pk, at=MONDAY)
    assert OutboxMail.objects.count() == 1


def test_an_edition_on_request_leaves_the_schedule_as_it_is(house):
    digest = house.digest(house.both)
    changing.request_edition(digest, for_whom=house.one, by=house.both, at=FRIDAY)
    (row,) = made(at=FRIDAY)
    assert (row.user, row.on_request) == (house.one, True)
    assert "You asked for this edition" in row.mail.text
    assert Digest.objects.get().next_due_at == MONDAY


def test_removing_a_digest_removes_what_it_told(house):
    digest = house.digest(house.both)
    made()
    changing.delete_digest(digest, by=house.both, at=MONDAY)
    assert not Edition.objects.exists() and not OutboxMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_schedulers_at_once_write_each_edition_once():
    for digest in DigestFactory.create_batch(5, next_due_at=MONDAY):
        for user in UserFactory.create_batch(3):
            RecipientFactory(digest=digest, user=user)
    barrier, written = threading.Barrier(8), []

    def scheduler():
        barrier.wait()
        try:
            written.append(schedule.claim_due(at=MONDAY))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=scheduler) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == Edition.objects.count() == 15

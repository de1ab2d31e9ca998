from __future__ import annotations

import socket
import time

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError

from kpis.plumbing import wakeup


@pytest.fixture
def sent(monkeypatch):
    names: list[tuple[str, tuple]] = []
    monkeypatch.setattr(wakeup, "_asked_again_at", 0.0)
    monkeypatch.setattr(wakeup.current_app, "send_task", lambda name, args, **_: names.append((name, args)))
    return names


@pytest.mark.django_db(transaction=True)
def test_a_task_is_woken_after_the_commit_and_not_before(sent):
    with transaction.atomic():
        wakeup.after_commit("kpis.pull_source", 7)
        assert sent == []
    assert sent == [("kpis.pull_source", (7,))]


@pytest.mark.django_db(transaction=True)
def test_many_commits_wake_a_gathered_task_at_once_and_once_more_after_the_last(sent, monkeypatch):
    monkeypatch.setattr(wakeup, "TOGETHER_SECONDS", 0.5)
    monkeypatch.setattr(wakeup, "_gathered_at", {})
    for _ in range(50):
        wakeup.gathered_after_commit("kpis.bring_up_to_date")
    assert len(sent) == 1, "the first commit does not wait"
    deadline = time.monotonic() + 5
    while len(sent) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(2 * wakeup.TOGETHER_SECONDS)
    assert sent == 2 * [("kpis.bring_up_to_date", ())], "the last commit is covered, and nothing comes after it"


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_wakes_nobody(sent):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wakeup.after_commit("kpis.bring_up_to_date")
        raise ZeroDivisionError
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_out_of_reach_is_logged_and_not_asked_again_at_once(monkeypatch, caplog):
    asked = []

    def refuse(name, **_):
        asked.append(name)
        raise OperationalError("connection refused")

    monkeypatch.setattr(wakeup, "_asked_again_at", 0.0)
    monkeypatch.setattr(wakeup.current_app, "send_task", refuse)
    with caplog.at_level("WARNING", logger="kpis.plumbing.wakeup"):
        wakeup.after_commit("kpis.bring_up_to_date")
        wakeup.after_commit("kpis.bring_up_to_date")
    assert asked == ["kpis.bring_up_to_date"]


@pytest.fixture
def broker_at(monkeypatch):
    """The portal's queue, at another port."""

    def put(port: int) -> None:
        away = Celery(set_as_current=False)
        monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")  # it outweighs every setting
        monkeypatch.setattr(wakeup, "_asked_again_at", 0.0)
        monkeypatch.setattr(wakeup, "current_app", away)

    return put


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_holds_nobody_up_who_saves(broker_at, free_port):
    broker_at(free_port)
    started = time.monotonic()
    wakeup.after_commit("kpis.bring_up_to_date")
    assert wakeup._asked_again_at > started, "it was noticed"
    assert time.monotonic() - started < 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_hangs_holds_up_one_request_shortly_and_the_next_not_at_all(broker_at):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker_at(silent.getsockname()[1])
        started = time.monotonic()
        wakeup.after_commit("kpis.bring_up_to_date")
        first = time.monotonic() - started
        wakeup.after_commit("kpis.bring_up_to_date")
        second = time.monotonic() - started - first
    assert wakeup._asked_again_at > started, "it was noticed"
    assert first < 3 * wakeup.PATIENCE_SECONDS
    assert second < 0.1


@pytest.mark.django_db(transaction=True)
def test_the_real_broker_gets_the_message_into_the_queue_of_the_task():
    client = Connection(settings.CELERY_BROKER_URL).default_channel.client
    before = client.llen("pull")
    wakeup.after_commit("kpis.pull_source", 7)
    assert client.llen("pull") == before + 1
    assert b"kpis.pull_source" in client.lindex("pull", 0)
    client.lpop("pull")

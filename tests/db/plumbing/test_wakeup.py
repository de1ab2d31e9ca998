from __future__ import annotations

import pytest
from django.db import transaction
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


@pytest.mark.django_db(transaction=True)
def test_a_real_broker_that_is_away_reaches_nobody_who_saves(monkeypatch, free_port):
    from celery import Celery

    away = Celery(broker=f"redis://127.0.0.1:{free_port}/0", set_as_current=False)
    monkeypatch.setattr(wakeup, "_asked_again_at", 0.0)
    monkeypatch.setattr(wakeup, "current_app", away)
    wakeup.after_commit("kpis.bring_up_to_date")
    assert wakeup._asked_again_at > 0

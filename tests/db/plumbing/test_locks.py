from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from kpis.plumbing import locks


def elsewhere(question):
    """Ask in another session."""

    def ask():
        try:
            return question()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result(timeout=10)


def is_free(name: str) -> bool:
    def question() -> bool:
        with locks.only_one(name) as mine:
            return mine

    return elsewhere(question)


@pytest.mark.django_db(transaction=True)
def test_only_one_session_gets_the_lock_and_the_others_are_told_at_once():
    with locks.only_one("bring_up_to_date") as mine:
        assert mine
        assert not is_free("bring_up_to_date")
        assert is_free("another")
    assert is_free("bring_up_to_date")


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_given_back_when_the_work_fails():
    with pytest.raises(ZeroDivisionError), locks.only_one("work"):
        raise ZeroDivisionError
    assert is_free("work")


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_free_again_when_its_session_was_lost_in_the_middle():
    with locks.only_one("work"):
        connection.close()
    assert is_free("work")


@pytest.mark.django_db(transaction=True)
def test_a_lock_for_a_transaction_ends_with_it():
    with transaction.atomic():
        locks.in_transaction("chain")
        assert not is_free("chain")
    assert is_free("chain")


@pytest.mark.django_db(transaction=True)
def test_a_lock_for_a_transaction_needs_one():
    with pytest.raises(RuntimeError):
        locks.in_transaction("chain")


def test_a_name_has_the_same_number_in_every_process():
    assert locks.number_of("bring_up_to_date") == locks.number_of("bring_up_to_date")
    assert -(2**63) <= locks.number_of("x") < 2**63
    assert locks.number_of("a") != locks.number_of("b")

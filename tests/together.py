"""Several jobs at the same moment, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction


def at_once(*jobs: Callable[[], None]) -> list[BaseException]:
    """Run each in its own thread, started together; what they raised."""
    start, raised = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], None]) -> None:
        try:
            start.wait()
            job()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


@contextmanager
def while_uncommitted(job: Callable[[], object], after: Callable[[], None]) -> Iterator[list[BaseException]]:
    """`after` begins while `job` is done and not committed; both are over behind the block. What they raised."""
    done, may_commit, raised = threading.Event(), threading.Event(), []

    def first() -> None:
        try:
            with transaction.atomic():
                job()
                done.set()
                may_commit.wait(60)
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()
            connection.close()

    def second() -> None:
        try:
            after()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    done.wait(60)
    threads[1].start()
    threads[1].join(1)  # over already where it did not wait, as it should have
    yield raised
    may_commit.set()
    for thread in threads:
        thread.join(60)

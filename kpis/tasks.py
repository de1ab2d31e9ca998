"""Everything that runs in the background, a few lines each: claim, let the room act, come back if there is more.

A message carries an id or nothing, so one that is lost, doubled or late changes no number: the rows decide.
"""

from __future__ import annotations

from celery import shared_task

from kpis import pipeline
from kpis.plumbing import answers, changes, clock, locks, wakeup
from kpis.sources import pulling, schedule

ARRIVALS_AT_ONCE = 500


@shared_task(name="kpis.pull_due_sources", acks_late=True, time_limit=60)
def pull_due_sources() -> None:
    """Tick: end the runs whose worker has died, and wake one task for each source that is due."""
    schedule.close_dead_runs(at=clock.now())
    for source_id in schedule.due_sources(at=clock.now()):
        wakeup.after_commit("kpis.pull_source", source_id)


@shared_task(name="kpis.pull_source", acks_late=True, time_limit=420)
def pull_source(source_id: int) -> None:
    """Pull the source if it is due and nobody else does."""
    run = schedule.claim_due(source_id, at=clock.now())
    if run is not None:
        pulling.pull(run)


@shared_task(name="kpis.bring_up_to_date", acks_late=True, time_limit=300)
def bring_up_to_date() -> None:
    """Carry what has arrived through to the ledger. Run twice, at once or never: the numbers are the same."""
    with locks.only_one("bring_up_to_date") as mine:
        if mine and pipeline.bring_up_to_date(at_most=ARRIVALS_AT_ONCE):
            wakeup.after_commit("kpis.bring_up_to_date")


@shared_task(name="kpis.tidy_up", acks_late=True, time_limit=300)
def tidy_up() -> None:
    """Tick: forget what nobody asks for any more."""
    changes.trim()
    answers.trim(at=clock.now())
    schedule.forget_old_runs(at=clock.now())

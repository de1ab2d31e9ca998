"""Everything that runs in the background, a few lines each: claim, let the room act, come back if there is more.

A message carries an id or nothing, so one that is lost, doubled or late changes no number: the rows decide.
"""

from __future__ import annotations

from celery import shared_task

from kpis import pipeline
from kpis.digests import baseline_warnings, delivery
from kpis.digests import schedule as digest_schedule
from kpis.ingest import quarters, refused_requests, rejections, repeats, samples
from kpis.measurements import partitions, retention, tightening
from kpis.plumbing import answers, changes, clock, locks, outbox, stamps, wakeup
from kpis.sources import arranging, memory, pulling, schedule

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


@shared_task(name="kpis.map_received", acks_late=True, time_limit=300)
def map_received() -> None:
    """Store what the memory of received series holds under rules that are new or changed."""
    if arranging.map_anew(at=clock.now()):
        wakeup.after_commit("kpis.map_received")


@shared_task(name="kpis.send_due_digests", acks_late=True, time_limit=60)
def send_due_digests() -> None:
    """Tick: write the editions that have become due, and wake one task for each that is still to be made."""
    digest_schedule.claim_due(at=clock.now())
    for edition_id in delivery.waiting(at=clock.now()):
        wakeup.after_commit("kpis.send_edition", edition_id)


@shared_task(name="kpis.send_edition", acks_late=True, time_limit=240)
def send_edition(edition_id: int) -> None:
    """Make one edition if nobody else does, and let its mail leave."""
    if delivery.deliver_once(edition_id, at=clock.now()):
        wakeup.after_commit("kpis.send_outbox")


@shared_task(name="kpis.send_baseline_warnings", acks_late=True, time_limit=240)
def send_baseline_warnings() -> None:
    """Tick: tell owners whose baseline will not suffice, each once for each turn to the worse."""
    with locks.only_one("send_baseline_warnings") as mine:
        if mine and baseline_warnings.write_due(at=clock.now()):
            wakeup.after_commit("kpis.send_outbox")


@shared_task(name="kpis.send_outbox", acks_late=True, time_limit=280)
def send_outbox() -> None:
    """Tick: carry the mails that wait."""
    outbox.send_due(at=clock.now())


@shared_task(name="kpis.remove_old_rows", acks_late=True, time_limit=300)
def remove_old_rows() -> None:
    """Tick: remove measurements that were kept long enough, a few chunks at a time."""
    with locks.only_one("remove_old_rows") as mine:
        if mine and retention.remove_old_rows(at=clock.now()):
            wakeup.after_commit("kpis.remove_old_rows")


@shared_task(name="kpis.tighten_months", acks_late=True, time_limit=1800)
def tighten_months() -> None:
    """Tick: write the index of one month that is over anew, and come back for the next."""
    with locks.only_one("tighten_months") as mine:
        if mine and tightening.tighten_one(at=clock.now()):
            wakeup.after_commit("kpis.tighten_months")


@shared_task(name="kpis.add_up_sent", acks_late=True, time_limit=300)
def add_up_sent() -> None:
    """Tick: add up what senders sent, so that their pages need not."""
    with locks.only_one("add_up_sent") as mine:
        if mine:
            quarters.add_up(at=clock.now())


@shared_task(name="kpis.trim_stamps", acks_late=True, time_limit=60)
def trim_stamps() -> None:
    """Tick: keep the state version quick to ask."""
    stamps.trim(at=clock.now())


@shared_task(name="kpis.tidy_up", acks_late=True, time_limit=300)
def tidy_up() -> None:
    """Tick: forget what nobody asks for any more, and make room for what will come."""
    partitions.make_ahead(at=clock.now())
    changes.trim()
    answers.trim(at=clock.now())
    repeats.trim(at=clock.now())
    rejections.trim(at=clock.now())
    samples.trim(at=clock.now())
    quarters.trim(at=clock.now())
    refused_requests.trim(at=clock.now())
    schedule.forget_old_runs(at=clock.now())
    memory.trim(at=clock.now())

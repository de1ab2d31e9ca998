"""What is due: sources by their rhythm, runs whose worker has died.

A source is claimed under its row's lock and its next due instant is moved in the same transaction, so any number of
schedulers and workers may ask at once. Missed instants are not run one by one: the next run asks for the whole gap.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from kpis.plumbing import changes, wakeup
from kpis.sources.connectors import CONNECTORS
from kpis.sources.models import DataSource, Feed, Pull

GOOD_RUNS_KEPT = timedelta(days=14)
OTHER_RUNS_KEPT = timedelta(days=365)
DEATHS_IN_A_ROW = 3  # after so many a source waits for its rhythm: it may be what kills the workers


def lease_from(at: datetime) -> datetime:
    """Until when a run may be silent; renewed with each feed and portion, longer than any single request may take."""
    return at + timedelta(seconds=settings.PULL_LEASE_SECONDS)


def due_sources(*, at: datetime) -> list[int]:
    """The ids of the sources that are to be pulled now, the longest waiting first."""
    return list(_due(at).order_by("next_due_at", "pk").values_list("pk", flat=True))


@transaction.atomic
def claim_due(source_id: int, *, at: datetime) -> Pull | None:
    """Open a run of the source if it is due and nobody else has it; None otherwise."""
    source = _due(at).select_for_update(skip_locked=True, of=("self",)).filter(pk=source_id).first()
    if source is None or source.pulls.filter(state=Pull.State.RUNNING).exists():
        return None
    due_at = source.next_due_at or at
    source.next_due_at = _following(due_at, source.every or timedelta(minutes=1), at)
    source.save(update_fields=["next_due_at"])
    run, is_new = Pull.objects.get_or_create(
        source=source, due_at=due_at, defaults={"started_at": at, "lease_until": lease_from(at), "asked_until": at}
    )
    return run if is_new else None


@transaction.atomic
def close_dead_runs(*, at: datetime) -> int:
    """End the runs whose lease is over as failed, and make their sources due at once; answers how many.

    The fence is raised: should the worker live after all, it finds the run closed and stores nothing more.
    """
    dead = list(
        Pull.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state=Pull.State.RUNNING, lease_until__lt=at)
        .select_related("source__initiative")
    )
    for run in dead:
        run.state, run.finished_at, run.fence = Pull.State.FAILED, at, run.fence + 1
        run.error_code = "worker_died"
        run.error_detail = (
            "The worker ended before the run was done. What it had stored stays; the rest is asked again."
        )
        run.save(update_fields=["state", "finished_at", "fence", "error_code", "error_detail"])
        if not _keeps_dying(run.source):
            make_due(run.source, at=at)
    changes.announce(said_of(run.source) for run in dead)
    return len(dead)


def make_due(source: DataSource, *, at: datetime) -> None:
    """Let the source be pulled at the next chance, whatever its rhythm; wakes a worker."""
    DataSource.objects.filter(pk=source.pk).update(next_due_at=at)
    wakeup.after_commit("kpis.pull_source", source.pk)


def forget_old_runs(*, at: datetime) -> int:
    """Remove runs that nobody looks up any more, those that failed long after the good ones; answers how many."""
    over = Q(state=Pull.State.OK, finished_at__lt=at - GOOD_RUNS_KEPT) | Q(finished_at__lt=at - OTHER_RUNS_KEPT)
    return Pull.objects.filter(over).delete()[0]


def said_of(source: DataSource) -> tuple[str, str, str]:
    """How the stream of changes names a source."""
    return ("source", source.slug, source.initiative.slug if source.initiative else "")


def _due(at: datetime) -> QuerySet[DataSource]:
    """A source that was never due is due now; one without feeds has nothing to be asked for."""
    return DataSource.objects.filter(
        Q(next_due_at__lte=at) | Q(next_due_at__isnull=True),
        Exists(Feed.objects.filter(source=OuterRef("pk"))),
        enabled=True,
        kind__in=CONNECTORS,
        every__isnull=False,
    )


def _following(due_at: datetime, every: timedelta, at: datetime) -> datetime:
    """The first instant of the rhythm that lies after `at`."""
    return due_at + every * max(1, (at - due_at) // every + 1)


def _keeps_dying(source: DataSource) -> bool:
    latest = source.pulls.order_by("-started_at", "-pk").values_list("error_code", flat=True)[:DEATHS_IN_A_ROW]
    return list(latest) == ["worker_died"] * DEATHS_IN_A_ROW

"""When a digest is due, and whose editions that makes.

A person chose a weekday and a time on the wall, in a zone by its name: it comes once in every local week. Where the
clock jumps over that time it comes at the same distance from midnight (02:30 becomes 03:30), where the hour runs twice
in the first of the two. What was missed while nothing ran is one edition for the latest due instant, never many.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from kpis.digests.models import Digest, Edition

WEEK = timedelta(days=7)


def due_after(instant: datetime, *, weekday: int, at: time, zone: str) -> datetime:
    """The first due instant after `instant`, in UTC. `weekday` counts from 0, Monday."""
    local = instant.astimezone(ZoneInfo(zone)).date()
    day = local + timedelta(days=(weekday - local.weekday()) % 7) - WEEK  # so early that no date line hides one
    while (due := _on(day, at, zone)) <= instant:
        day += WEEK
    return due


def due_until(first: datetime, instant: datetime, *, weekday: int, at: time, zone: str) -> tuple[datetime, int]:
    """The last due instant up to `instant`, and how many came before it since `first`; `first` itself if none did."""
    latest, missed = first, 0
    while (following := due_after(latest, weekday=weekday, at=at, zone=zone)) <= instant:
        latest, missed = following, missed + 1
    return latest, missed


def next_due(digest: Digest, *, after: datetime) -> datetime:
    return due_after(after, weekday=digest.weekday, at=digest.at, zone=digest.zone)


def upcoming(digest: Digest, *, after: datetime, count: int = 3) -> list[datetime]:
    """The next due instants, for who wants to see them before saving."""
    found = [next_due(digest, after=after)]
    while len(found) < count:
        found.append(next_due(digest, after=found[-1]))
    return found


def claim_due(*, at: datetime) -> int:
    """Write the editions that have become due; answers how many. Any number of schedulers may ask at once."""
    written = 0
    while (claimed := _claim_one(at=at)) is not None:
        written += claimed
    return written


@transaction.atomic
def _claim_one(*, at: datetime) -> int | None:
    """One digest under its row's lock: its editions and its next due instant come together or not at all."""
    due = Digest.objects.filter(enabled=True, next_due_at__lte=at).order_by("next_due_at", "pk")
    digest = due.select_for_update(skip_locked=True).first()
    if digest is None or digest.next_due_at is None:
        return None
    latest, missed = due_until(digest.next_due_at, at, weekday=digest.weekday, at=digest.at, zone=digest.zone)
    people = digest.recipients.filter(user__is_active=True).values_list("user_id", flat=True)
    rows = [Edition(digest=digest, user_id=pk, due_at=latest, missed=missed, next_attempt_at=at) for pk in people]
    Edition.objects.bulk_create(rows, ignore_conflicts=True)
    digest.next_due_at = next_due(digest, after=at)
    digest.save(update_fields=["next_due_at"])
    return len(rows)


def _on(day: date, at: time, zone: str) -> datetime:
    """The instant of a time on the wall; one that the clock skips is read with the offset from before the jump."""
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), ZoneInfo(zone)).astimezone(UTC)

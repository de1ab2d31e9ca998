"""The sample company's books: months closed early in the next one, and tickets that came after theirs was."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from kpis.access.models import User
from kpis.evaluation import effects
from kpis.ledger import closing, periods, posting
from kpis.ledger.models import Period
from kpis.ledger.obstacles import GAPS, obstacles_of
from kpis.plumbing import clock
from kpis.rollups import rolling
from kpis.sample.story_time import StoryTime

LATE_MONTH = date(2026, 9, 1)  # the last hours of its last two working days …
ARRIVED_LATE = date(2026, 10, 20)  # … came on this day
CLOSED_ON = 9  # day of the following month
LAST_CLOSED_ON = 12  # of the newest one, October in the story
REASON = "What is missing was looked for with the owners of the data and is not to be had."


def late_days(story: StoryTime) -> frozenset[date]:
    """The last two working days of the month that was closed before their tickets were all there."""
    first = story.month(LATE_MONTH)
    following = (first + timedelta(days=32)).replace(day=1)
    return frozenset(story.workdays(first, following)[-2:])


def late_arrival(story: StoryTime) -> datetime:
    return datetime.combine(story.month(ARRIVED_LATE), time(5), UTC)


def close_months(story: StoryTime, *, by: User, until: datetime) -> None:
    """Close the months one after the other, each on its day, as far as that day has come."""
    month = periods.next_to_close(is_sample=True)
    while month is not None and (at := _closed_at(month, story)) <= until:
        has_gaps = any(obstacle.code == GAPS for obstacle in obstacles_of(month, now=at))
        closing.close_period(month, by=by, at=at, reason=REASON if has_gaps else "")
        month = periods.next_to_close(is_sample=True)


def book_what_came_late(*, at: datetime) -> None:
    """Take the late points through the chain at the moment at which they came."""
    touched = rolling.roll_up_arrivals(at_most=1000).kpis
    effects.evaluate_kpis(touched, now=clock.now())
    posting.post_entries(touched, now=at)


def _closed_at(month: Period, story: StoryTime) -> datetime:
    following = month.last + timedelta(days=1)
    is_newest = following == story.today.replace(day=1)
    return datetime.combine(following.replace(day=LAST_CLOSED_ON if is_newest else CLOSED_ON), time(9), UTC)

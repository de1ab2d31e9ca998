"""Which periods are closed, and which come next: months or fiscal quarters, one after the other without a gap.

The books of the sample company are closed apart from those of one's own initiatives. A period that is open is no row:
it is made here from the calendar, as a `Period` that is not stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from django.db.models import Max, Min

from kpis.calculations.intervals import Calendar, Granularity
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, KpiVersion
from kpis.ledger.models import CostEntry, LedgerEntry, Period, ValueDriver
from kpis.plumbing import locks

DAY, A_MOMENT = timedelta(days=1), timedelta(microseconds=1)
KEY = re.compile(
    r"(?P<sample>sample-)?(?P<first>(?:199|2\d\d)\d-(?:0[1-9]|1[0-2]))(?:-to-(?P<last>2\d{3}-(?:0[1-9]|1[0-2])))?"
)


def hold_books() -> None:
    """Wait until nobody else writes entries, costs or periods; the others wait until the running transaction ends.

    To be asked for before the first look at what is closed: a cost that is checked against open books must not be
    stored in closed ones. Refuses (RuntimeError) outside of a transaction.
    """
    locks.in_transaction("books")


def last_closed(*, is_sample: bool) -> Period | None:
    """The newest closed period of these books."""
    return Period.objects.filter(is_sample=is_sample).first()


def closed_until(*, is_sample: bool) -> datetime | None:
    """What ended by this instant is closed: entries of it are frozen, later differences are adjustments."""
    last = last_closed(is_sample=is_sample)
    return last.ends_at if last else None


def closed_on(initiative: Initiative) -> date | None:
    """The last day whose costs are closed."""
    last = last_closed(is_sample=initiative.is_sample)
    return last.last if last else None


def kept_until(driver: ValueDriver) -> datetime | None:
    """Before this instant the driver's entries stay as booked: its KPI (or volume) was measured otherwise then.

    What a closed period booked under an older measure cannot be compared with values of the newer one.
    """
    kpi_ids = [pk for pk in (driver.kpi_id, driver.volume_kpi_id) if pk is not None]
    return measured_otherwise_until(kpi_ids, is_sample=driver.initiative.is_sample)


def measured_otherwise_until(kpi_ids: Collection[int], *, is_sample: bool) -> datetime | None:
    """The end of the last period that was closed before one of these KPIs was measured otherwise."""
    measured_anew = KpiVersion.objects.filter(kpi__in=kpi_ids).aggregate(at=Max("valid_from"))["at"]
    if measured_anew is None:
        return None
    older = Period.objects.filter(is_sample=is_sample, closed_at__lt=measured_anew)
    return older.aggregate(until=Max("ends_at"))["until"]


def month_of(day: date, *, is_sample: bool) -> Period:
    """The calendar month that holds the day, open."""
    calendar = organisation.calendar()
    return _open_period(Period.Kind.MONTH, calendar, calendar.local_midnight(day), is_sample)


def quarter_from(month: Period) -> Period | None:
    """The fiscal quarter that begins with this month; None where none does."""
    calendar = organisation.calendar()
    quarter = _open_period(Period.Kind.QUARTER, calendar, calendar.local_midnight(month.first), month.is_sample)
    return quarter if quarter.first == month.first else None


def next_to_close(*, is_sample: bool) -> Period | None:
    """The month after the last closed one, or the first in which anything is booked; None where nothing is."""
    last = last_closed(is_sample=is_sample)
    first = last.last + DAY if last else _first_day(is_sample)
    return None if first is None else month_of(first, is_sample=is_sample)


def open_months(*, is_sample: bool, now: datetime) -> list[Period]:
    """From the next one to close to the month that runs, newest first."""
    month, today = next_to_close(is_sample=is_sample), organisation.calendar().local_date(now)
    found: list[Period] = []
    while month is not None and month.first <= today:
        found.append(month)
        month = month_of(month.last + DAY, is_sample=is_sample)
    return found[::-1]


def period_named(key: str) -> Period | None:
    """The closed or open period of this key; None where there is no such month or fiscal quarter."""
    found = KEY.fullmatch(key)
    if found is None:
        return None
    is_sample, first = bool(found["sample"]), date.fromisoformat(f"{found['first']}-01")
    period: Period | None = month_of(first, is_sample=is_sample)
    if found["last"] and period is not None:
        period = quarter_from(period)
    if period is None or period.key != key:
        return None
    closed = Period.objects.filter(is_sample=is_sample, first=first, kind=period.kind).select_related("closed_by")
    return closed.first() or period


def periods_of(*, is_sample: bool, now: datetime) -> list[Period]:
    """All of these books, newest first: the months that are open, then the closed periods."""
    closed = Period.objects.filter(is_sample=is_sample).select_related("closed_by")
    return [*open_months(is_sample=is_sample, now=now), *closed]


def closed_periods(*, is_sample: bool) -> list[Period]:
    return list(Period.objects.filter(is_sample=is_sample))


def holder_of(entry: LedgerEntry, closed: Iterable[Period]) -> Period | None:
    """The closed period to which an entry's interval belongs: the one in which it ended.

    None for an open one, and for an interval from before the first closed period.
    """
    return next((period for period in closed if period.starts_at < entry.interval_end <= period.ends_at), None)


def _open_period(kind: str, calendar: Calendar, instant: datetime, is_sample: bool) -> Period:
    bounds = calendar.bounds(instant, Granularity(kind))
    first, last = calendar.local_date(bounds.start), calendar.local_date(bounds.end - A_MOMENT)
    # Periods follow each other without a gap, also where the organisation's zone has changed in between.
    before = Period.objects.filter(is_sample=is_sample, last=first - DAY).first()
    starts_at = before.ends_at if before else bounds.start
    return Period(kind=kind, is_sample=is_sample, first=first, last=last, starts_at=starts_at, ends_at=bounds.end)


def _first_day(is_sample: bool) -> date | None:
    """The first day on which anything is booked in these books."""
    ended = LedgerEntry.objects.filter(initiative__is_sample=is_sample).aggregate(at=Min("interval_end"))["at"]
    costs = CostEntry.objects.filter(initiative__is_sample=is_sample, kind=CostEntry.Kind.ACTUAL)
    days = [costs.aggregate(on=Min("on"))["on"]]
    if ended is not None:
        days.append(organisation.calendar().local_date(ended - A_MOMENT))
    return min((day for day in days if day is not None), default=None)

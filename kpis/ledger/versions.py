"""Which values price an interval: those that the driver's assumptions hold on the day on which it begins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F

from kpis.calculations.intervals import Calendar, epoch_us
from kpis.ledger.models import Assumption, AssumptionVersion, ValueDriver

ROLES = ("unit_value", "realisation", "attribution")
EVER_US = -(2**62)  # before every interval


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant on (µs since 1970), until the next span begins, the driver is priced by these versions."""

    since_us: int
    unit_value: AssumptionVersion
    realisation: AssumptionVersion
    attribution: AssumptionVersion


def assumptions_of(driver: ValueDriver) -> tuple[Assumption, Assumption, Assumption]:
    return driver.unit_value, driver.realisation, driver.attribution


def attach(drivers: Iterable[ValueDriver]) -> None:
    """Load the versions of all their assumptions: one query, and none while no assumption ever got a dated value."""
    dated = [a for driver in drivers for a in assumptions_of(driver) if a.valid_from is not None]
    found: dict[int, list[AssumptionVersion]] = {a.pk: [] for a in dated}
    if not found:
        return
    rows = AssumptionVersion.objects.filter(assumption__in=found, replaced_at=None)
    for row in rows.order_by(F("valid_from").asc(nulls_first=True)):
        found[row.assumption_id].append(row)
    for assumption in dated:
        assumption.validities = tuple(found[assumption.pk])


def spans_of(driver: ValueDriver, calendar: Calendar) -> list[Span]:
    """Oldest first; one where none of its assumptions ever got another value from a day on."""
    starts = {version.valid_from or date.min for a in assumptions_of(driver) for version in a.validities}
    return [_span(driver, day, calendar) for day in sorted(starts | {date.min})]


def span_at(spans: Sequence[Span], start: datetime) -> Span:
    """The one that prices an interval beginning at `start`."""
    return spans[bisect_right(spans, epoch_us(start), key=lambda span: span.since_us) - 1]


def run_out(driver: ValueDriver, day: date) -> Iterator[Assumption]:
    """The driver's assumptions that were not meant to hold on this day any more, and that nothing followed."""
    for assumption in dict.fromkeys(assumptions_of(driver)):
        if assumption.on(day).has_run_out(day):
            yield assumption


def _span(driver: ValueDriver, day: date, calendar: Calendar) -> Span:
    since = EVER_US if day == date.min else epoch_us(calendar.local_midnight(day))
    return Span(since, *(assumption.on(day) for assumption in assumptions_of(driver)))

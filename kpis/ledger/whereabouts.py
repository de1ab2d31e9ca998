"""Where a driver's freed time went, interval by interval of its follow-up KPI, and why the rest is not traced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db.models import QuerySet

from kpis.calculations.intervals import Granularity, Interval
from kpis.calculations.units import UnitMismatch, UnknownUnit
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.evaluation.models import Effect
from kpis.ledger.follow_up import before_go_live, factor_into
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver
from kpis.ledger.tracing import is_traceable

NOTHING = Decimal("0.00")
A_MOMENT = timedelta(microseconds=1)


class Untraced(StrEnum):
    """Why nothing is said of an interval."""

    RUNNING = "running"  # it is not over
    GAP = "gap"  # the follow-up has no value
    NOTHING_BEFORE = "nothing_before"  # nothing is known of the follow-up from before go-live
    NO_PRICE = "no_price"  # its unit cannot be priced any more


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One interval: `saved` freed time, `traced` of it by the rows of `newest`; `untraced` where there is no row."""

    start: datetime
    end: datetime
    saved: Decimal
    traced: Decimal
    newest: Trace | None
    untraced: Untraced | None

    @property
    def freed(self) -> Decimal:
        return self.saved - self.traced


def whereabouts_of(driver: ValueDriver, *, now: datetime) -> list[Whereabouts]:
    """Newest first: the intervals in which it freed time; empty where it has no follow-up KPI and never had one."""
    rows = list(Trace.objects.filter(driver=driver).select_related("kpi", "baseline").order_by("pk"))
    follow_up = driver.captured_by or (rows[-1].kpi if rows else None)
    if follow_up is None:
        return []
    saved, traced = _saved_in(driver, follow_up), _traced_in(rows)
    why = None if rows else _why_nothing(driver, follow_up, now)
    return [
        _one(span, saved.get(span, NOTHING), traced.get(span, []), why, now)
        for span in sorted(saved.keys() | traced.keys(), reverse=True)
    ]


def traces_seen_by(actor: Actor) -> QuerySet[Trace]:
    """The traces of the initiatives in sight, with all that they were computed from."""
    traces = Trace.objects.filter(initiative__in=initiatives_seen_by(actor))
    return traces.select_related("initiative", "kpi", "driver__kpi", "baseline", "corrects")


def _saved_in(driver: ValueDriver, follow_up: Kpi) -> dict[tuple[datetime, datetime], Decimal]:
    calendar, granularity = organisation.calendar(), Granularity(follow_up.interval)
    found: dict[tuple[datetime, datetime], Decimal] = defaultdict(Decimal)
    for entry in LedgerEntry.objects.filter(driver=driver):
        if is_traceable(entry):
            interval: Interval = calendar.bounds(entry.interval_end - A_MOMENT, granularity)
            found[interval.start, interval.end] += entry.amount
    return found


def _traced_in(rows: Collection[Trace]) -> dict[tuple[datetime, datetime], list[Trace]]:
    found: dict[tuple[datetime, datetime], list[Trace]] = defaultdict(list)
    for row in rows:
        found[row.interval_start, row.interval_end].append(row)
    return found


def _why_nothing(driver: ValueDriver, follow_up: Kpi, now: datetime) -> Untraced:
    try:
        factor_into(driver.kpi, driver.unit_factor, follow_up, currency=driver.initiative.currency)
    except (UnitMismatch, UnknownUnit):
        return Untraced.NO_PRICE
    effect = Effect.objects.select_related("baseline", "kpi").filter(kpi=follow_up).first()
    return Untraced.GAP if before_go_live(follow_up, effect, now=now) else Untraced.NOTHING_BEFORE


def _one(
    span: tuple[datetime, datetime], saved: Decimal, rows: list[Trace], why: Untraced | None, now: datetime
) -> Whereabouts:
    traced = sum((row.amount for row in rows), NOTHING)
    untraced = None if rows else (Untraced.RUNNING if span[1] > now else why or Untraced.GAP)
    return Whereabouts(*span, saved, traced, rows[-1] if rows else None, untraced)

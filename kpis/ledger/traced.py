"""Traces as columns: what of each driver's freed time the books know, and when it counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db.models import Case, F, Q, QuerySet, Sum, When
from numpy.typing import NDArray

from kpis.calculations.intervals import epoch_us
from kpis.definitions.models import Initiative, Kpi
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver

ADJUSTED = Q(status=LedgerEntry.Status.ADJUSTMENT)
BOOKED = Case(When(ADJUSTED, then=F("computed_at")), default=F("interval_end"))

# Instants in microseconds since 1970, as `columns.ENTRY`.
TRACE = np.dtype([("start_us", "<i8"), ("end_us", "<i8"), ("booked_us", "<i8"), ("cents", "<i8")])
Traces = NDArray[np.void]  # of TRACE, in order of their intervals
NO_TRACES: Traces = np.empty(0, TRACE)


def traces_of(driver_ids: Collection[int], *, until: datetime) -> dict[int, Traces]:
    """By driver id, what was traced by then; drivers without anything are absent. One query."""
    rows = (
        Trace.objects.filter(driver__in=driver_ids)
        .annotate(at=BOOKED)
        .filter(at__lte=until)
        .exclude(amount=0)
        .order_by("driver_id", "interval_start", "id")
        .values_list("driver_id", "interval_start", "interval_end", "at", "amount")
    )
    found: dict[int, list[tuple[int, ...]]] = {}
    for driver_id, start, end, at, amount in rows:
        found.setdefault(driver_id, []).append((*map(epoch_us, (start, end, at)), int(amount * 100)))
    return {driver_id: np.array(some, TRACE) for driver_id, some in found.items()}


def traces_from_rows(rows: Iterable[Trace]) -> Traces:
    """The same of rows at hand, in the order given."""
    return np.array(
        [
            (*map(epoch_us, (row.interval_start, row.interval_end, row.booked_at)), int(row.amount * 100))
            for row in rows
            if row.amount
        ],
        TRACE,
    )


def savings_followed_by(follow_up: Kpi) -> list[tuple[ValueDriver, Decimal]]:
    """The value drivers whose freed time a KPI shows, with what it has traced of it so far."""
    shown = Q(captured_by=follow_up) | Q(traces__kpi=follow_up)
    rows = ValueDriver.objects.filter(shown).distinct().order_by("pk")
    sums = dict(Trace.objects.filter(kpi=follow_up).order_by().values_list("driver_id").annotate(Sum("amount")))
    return [(driver, sums.get(driver.pk, Decimal("0.00"))) for driver in rows]


def traces_until(initiative: Initiative, as_of: datetime) -> list[Trace]:
    """All that was traced by an instant: driver by driver, an adjustment after what it corrects."""
    rows = Trace.objects.filter(initiative=initiative).annotate(at=BOOKED).filter(at__lte=as_of)
    return list(rows.select_related("driver", "kpi", "baseline").order_by("driver_id", "interval_start", "id"))


def traces_between(
    initiative: Initiative, start: datetime, end: datetime, *, as_of: datetime | None = None
) -> QuerySet[Trace]:
    """Oldest first: the traces whose interval overlaps `[start, end)`; adjustments lie where they were booked.

    as_of : only what was booked by then.
    """
    overlaps = ~ADJUSTED & Q(interval_end__gt=start, interval_start__lt=end)
    overlaps |= ADJUSTED & Q(computed_at__gte=start, computed_at__lt=end)
    rows = Trace.objects.filter(overlaps, initiative=initiative).annotate(at=BOOKED)
    if as_of is not None:
        rows = rows.filter(at__lte=as_of)
    began = Case(When(ADJUSTED, then=F("computed_at")), default=F("interval_start"))
    return rows.select_related("driver", "kpi", "baseline").order_by(began, "driver_id", "id")


def amount(traces: Traces) -> Decimal:
    """Their sum, exact."""
    return Decimal(sum(traces["cents"].tolist())).scaleb(-2)

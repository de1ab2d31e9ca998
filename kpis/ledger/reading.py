"""Ledger entries, drivers and costs to read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, Max, Min, Q, QuerySet, Sum, When

from kpis.definitions.models import Initiative, Kpi
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ledger.models import LedgerEntry, Period, ValueDriver

ADJUSTED = Q(status=LedgerEntry.Status.ADJUSTMENT)
# As `LedgerEntry.booked_at`, for the database.
BOOKED = Case(When(ADJUSTED, then=F("computed_at")), default=F("interval_end"))


def booked_by(as_of: datetime) -> Q:
    """Entries whose interval had ended by an instant, and adjustments that were booked by then."""
    return ~ADJUSTED & Q(interval_end__lte=as_of) | ADJUSTED & Q(computed_at__lte=as_of)


def entries_between(
    initiative: Initiative, start: datetime, end: datetime, *, as_of: datetime | None = None
) -> QuerySet[LedgerEntry]:
    """Oldest first, each with its driver, KPI and baseline: the entries whose interval overlaps `[start, end)`.

    Adjustments lie where they were booked. as_of : only what was booked by then.
    """
    overlaps = ~ADJUSTED & Q(interval_end__gt=start, interval_start__lt=end)
    overlaps |= ADJUSTED & Q(computed_at__gte=start, computed_at__lt=end)
    rows = LedgerEntry.objects.filter(overlaps, initiative=initiative)
    if as_of is not None:
        rows = rows.filter(booked_by(as_of))
    began = Case(When(ADJUSTED, then=F("computed_at")), default=F("interval_start"))
    return rows.select_related("initiative", "driver", "kpi", "baseline").order_by(began, "driver_id", "id")


def drivers_seen_by(actor: Actor) -> QuerySet[ValueDriver]:
    """The value drivers of the initiatives in sight, with all that prices them."""
    return ValueDriver.objects.filter(initiative__in=initiatives_seen_by(actor)).select_related(
        "initiative", "kpi", "volume_kpi", "captured_by", "unit_value", "realisation", "attribution", "pool"
    )


def entries_of(driver: ValueDriver) -> QuerySet[LedgerEntry]:
    """The driver's entries, newest first; its adjustments where they were booked."""
    entries = LedgerEntry.objects.filter(driver=driver).select_related("kpi", "baseline", "driver", "initiative")
    return entries.order_by(BOOKED.desc(), "-id")


def entries_seen_by(actor: Actor) -> QuerySet[LedgerEntry]:
    """The entries of the initiatives in sight, with all that they were computed from."""
    entries = LedgerEntry.objects.filter(initiative__in=initiatives_seen_by(actor))
    return entries.select_related(
        "initiative",
        "kpi",
        "driver__pool",
        "driver__initiative",
        "corrects",
        "baseline__author",
        "baseline__approved_by",
    )


def corrections_of(period: Period, initiatives: Collection[Initiative]) -> QuerySet[LedgerEntry]:
    """What was booked in later periods for intervals of a closed one, the newest first."""
    rows = LedgerEntry.objects.filter(
        ADJUSTED,
        initiative__in=initiatives,
        initiative__is_sample=period.is_sample,
        interval_end__gt=period.starts_at,
        interval_end__lte=period.ends_at,
    )
    return rows.select_related("initiative", "kpi", "driver").order_by("-computed_at", "interval_start", "pk")


def entries_of_initiative(initiative: Initiative) -> QuerySet[LedgerEntry]:
    """All entries of an initiative that is in sight, newest first; adjustments where they were booked."""
    entries = LedgerEntry.objects.filter(initiative=initiative).select_related("kpi", "driver", "baseline", "corrects")
    return entries.order_by(BOOKED.desc(), "driver_id", "-id")


def booked_until(initiative: Initiative, as_of: datetime) -> QuerySet[LedgerEntry]:
    """Everything that was booked by an instant: driver by driver, an adjustment after what it corrects."""
    rows = LedgerEntry.objects.filter(booked_by(as_of), initiative=initiative)
    return rows.order_by("driver_id", "interval_start", "id")


def span_of(entries: QuerySet[LedgerEntry]) -> tuple[datetime, datetime] | None:
    """From the beginning of the first interval to the end of the last one; None where there is no entry."""
    ends = entries.order_by().aggregate(first=Min("interval_start"), last=Max("interval_end"))
    return None if ends["first"] is None else (ends["first"], ends["last"])


def drivers_of(kpi: Kpi) -> list[tuple[ValueDriver, Decimal]]:
    """The value drivers that rest on a KPI, with what they have booked so far."""
    booked = ValueDriver.objects.filter(kpi=kpi).annotate(booked=Sum("entries__amount")).order_by("pk")
    return [(driver, driver.booked if driver.booked is not None else Decimal(0)) for driver in booked]


def amounts_by_interval(kpi: Kpi) -> dict[datetime, list[LedgerEntry]]:
    """The entries that rest on a KPI by the start of their interval."""
    found: dict[datetime, list[LedgerEntry]] = {}
    for entry in LedgerEntry.objects.filter(kpi=kpi).order_by("interval_start", "driver_id"):
        found.setdefault(entry.interval_start, []).append(entry)
    return found

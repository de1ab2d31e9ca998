"""What stands in the way of closing a period, each in a sentence with a stable code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.calculations.intervals import Calendar, Granularity, Interval, epoch_us
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.ledger import periods
from kpis.ledger.account import payments_in
from kpis.ledger.costs import in_currency
from kpis.ledger.exchange import known_rates
from kpis.ledger.models import Period, ValueDriver
from kpis.measurements.models import Arrival
from kpis.rollups import finality
from kpis.rollups.finality import Finality
from kpis.rollups.models import KpiState
from kpis.wording import moments

QUARTER_HOUR_US = 900_000_000
GAPS = "gaps_without_reason"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`code` is stable, `detail` a sentence that a page shows as it is."""

    code: str
    detail: str


def obstacles_of(period: Period, *, now: datetime, reason: str = "") -> list[Obstacle]:
    """Empty where the period can be closed. What cannot be overcome comes first, and then alone.

    reason : why it is closed although intervals hold no data; with one, gaps are no obstacle.
    """
    found = _out_of_turn(period, now)
    if found is None:
        found = _on_its_way(period)
    if found is not None:
        return [found]
    kpis = _kpis_booked_from(period)
    with timezone.override(organisation.current().zone):
        return [
            *_unconverted(period),
            *_incomplete(period, kpis, now),
            *([] if reason else _gaps(period, kpis, now)),
        ]


def _out_of_turn(period: Period, now: datetime) -> Obstacle | None:
    last = periods.last_closed(is_sample=period.is_sample)
    if last is not None and period.first <= last.last:
        return Obstacle("period_closed", _("This period is closed already. Closed periods are never opened again."))
    following = periods.next_to_close(is_sample=period.is_sample)
    if following is None:
        return Obstacle("nothing_booked", _("Nothing is booked yet, so there is nothing to close."))
    if period.first > following.first:
        sentence = _("An earlier period is still open: close %(month)s first.")
        return Obstacle("earlier_period_open", sentence % {"month": moments.month(following.first)})
    if now < period.ends_at:
        sentence = _("This period is not over yet: it ends with %(day)s.")
        return Obstacle("period_not_over", sentence % {"day": moments.day(period.last)})
    if period.first < following.first:
        sentence = _("Nothing is booked in this period; the first one with entries or costs is %(month)s.")
        return Obstacle("nothing_booked", sentence % {"month": moments.month(following.first)})
    return None


def _on_its_way(period: Period) -> Obstacle | None:
    """Measurements of the period that have arrived and are in no interval value yet."""
    until = epoch_us(period.ends_at) // QUARTER_HOUR_US
    arrivals = Arrival.objects.filter(series__kpi__initiative__is_sample=period.is_sample).values_list("slots")
    if any(slot < until for (slots,) in arrivals for slot in slots):
        sentence = _("Measurements for this period have just arrived and are being computed. Try again in a moment.")
        return Obstacle("data_on_its_way", sentence)
    return None


def _unconverted(period: Period) -> Iterable[Obstacle]:
    """Payments of the period for which no exchange rate holds: closed, they would be left out for ever."""
    rates = known_rates()
    for initiative, lines in payments_in(period, list(Initiative.objects.filter(is_sample=period.is_sample))):
        for line in in_currency(lines, initiative.currency, rates)[1]:
            sentence = _("“%(cost)s” of %(day)s in %(currency)s has no exchange rate into %(into)s. Enter one first.")
            named = {"cost": line.name, "day": moments.day(line.on), "currency": line.currency}
            yield Obstacle("rate_missing", sentence % {**named, "into": initiative.currency})


def _kpis_booked_from(period: Period) -> list[Kpi]:
    """The KPIs, volumes too, from which drivers that are live and valid in the period book."""
    drivers = ValueDriver.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=period.last),
        Q(valid_to__isnull=True) | Q(valid_to__gte=period.first),
        initiative__is_sample=period.is_sample,
        initiative__go_live_on__lte=period.last,
    )
    ids = {pk for pair in drivers.values_list("kpi_id", "volume_kpi_id") for pk in pair if pk is not None}
    return list(Kpi.objects.filter(pk__in=ids).select_related("initiative").order_by("key"))


def _incomplete(period: Period, kpis: Iterable[Kpi], now: datetime) -> Iterable[Obstacle]:
    """KPIs of which data may still come for an interval that ended in the period; those never measured wait not."""
    calendar = organisation.calendar()
    states = KpiState.objects.filter(kpi__in=[kpi.pk for kpi in kpis], newest_at__isnull=False)
    newest = dict(states.values_list("kpi_id", "newest_at"))
    for kpi in kpis:
        last = _last_ended(period, kpi, calendar)
        if kpi.pk not in newest or finality.finality(last, newest_at=newest[kpi.pk], now=now) is not Finality.LATE:
            continue
        sentence = _("%(kpi)s is not complete yet: data for %(interval)s may still come until %(until)s.")
        until = last.end + min(last.end - last.start, finality.LATENESS_AT_MOST)
        named = {"kpi": kpi.key, "interval": _name(last, kpi), "until": moments.clock_time(until)}
        yield Obstacle("intervals_incomplete", sentence % named)


def _last_ended(period: Period, kpi: Kpi, calendar: Calendar) -> Interval:
    """The last interval of the KPI that ended in the period, or at least before its end."""
    granularity = Granularity(kpi.interval)
    last = calendar.bounds(period.ends_at - periods.A_MOMENT, granularity)
    return last if last.end <= period.ends_at else calendar.bounds(last.start - periods.A_MOMENT, granularity)


def _gaps(period: Period, kpis: Iterable[Kpi], now: datetime) -> Iterable[Obstacle]:
    """Intervals since go-live that ended in the period without data, unless an outage is noted for them."""
    calendar = organisation.calendar()
    for kpi in kpis:
        live = calendar.local_midnight(kpi.initiative.go_live_on) if kpi.initiative.go_live_on else period.starts_at
        gaps = [
            gap
            for gap in finality.gaps(kpi, period.starts_at, period.ends_at, now=now)
            if period.starts_at < gap.end <= period.ends_at and gap.start >= live and not gap.explanation
        ]
        if gaps:
            sentence = ngettext(
                "%(kpi)s has no data in %(n)d interval (%(first)s). Send it, note an outage, or give a reason.",
                "%(kpi)s has no data in %(n)d intervals (first: %(first)s). Send it, note an outage, or give a reason.",
                len(gaps),
            )
            named = {"kpi": kpi.key, "n": len(gaps), "first": _name(Interval(gaps[0].start, gaps[0].end), kpi)}
            yield Obstacle(GAPS, sentence % named)


def _name(interval: Interval, kpi: Kpi) -> str:
    house = organisation.current()
    return moments.interval(interval.start, kpi.interval, fiscal_year_start=house.fiscal_year_start)  # type: ignore[arg-type]
